/**
 * From what was typed to a verb, and from its outcome to an exit status: the frame around every verb, with
 * help, version and the one form that failures have. Ends no process.
 */
import { printable } from "../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../domain/errors.ts";
import { nearest } from "../domain/shape.ts";
import { EXIT, type ExitStatus, exitStatusOf, FINAL_STATUSES } from "./exit-status.ts";
import { familyText, overviewText, verbText } from "./help.ts";
import { inkFor, momentText } from "./layout.ts";
import { type Output, type Runtime, writeJson } from "./runtime.ts";
import type { Verb, VerbEntry } from "./verb.ts";
import { VERB_GROUPS, VERBS_BY_NAME } from "./verbs.ts";

/** Where a verb's stdout is a protocol of its own, a failure in JSON goes to stderr. */
const STDOUT_IS_PROTOCOL: ReadonlySet<string> = new Set(["mcp"]);

const LAST_FLUSH_MS_MAX = 2000;

/**
 * @param words everything after the program's name
 * @returns the exit status; never throws
 */
export async function dispatch(words: readonly string[], runtime: Runtime): Promise<ExitStatus> {
  const json = beforeTerminator(words).includes("--json");
  try {
    const status = await answered(words, runtime, json);
    await flushed(runtime);
    await runtime.ended(undefined);
    return status;
  } catch (error) {
    await runtime.ended(error);
    const protocol = STDOUT_IS_PROTOCOL.has(words[0] ?? "");
    tellFailure(error, runtime, { json, jsonTo: protocol ? runtime.err : runtime.out });
    return statusFor(exitStatusOf(error), words[0] ?? "", runtime);
  }
}

/**
 * launchd starts again whatever ends with another status than 0, for ever: where that would be in vain, what it keeps
 * alive ends with 0, and its log says why.
 */
function statusFor(status: ExitStatus, verb: string, { env }: Runtime): ExitStatus {
  const isKept = env["PRISM_LAUNCHER"] === "launchd" && (verb === "daemon" || verb === "hub");
  return isKept && FINAL_STATUSES.includes(status) ? EXIT.ok : status;
}

/** Who was told to end does not wait for ever for a reader that has stopped reading. */
async function flushed({ out, stopped }: Runtime): Promise<void> {
  const written = out.flush();
  if (!stopped.aborted) {
    await written;
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LAST_FLUSH_MS_MAX);
  });
  await Promise.race([written, timeUp]);
  clearTimeout(timer);
}

async function answered(words: readonly string[], runtime: Runtime, json: boolean): Promise<ExitStatus> {
  const [first, ...rest] = words;
  if (first === undefined) {
    runtime.err.write(overviewText(VERB_GROUPS, inkFor(runtime.err)));
    return EXIT.usage;
  }
  if (first === "help" || first === "--help" || first === "-h") {
    return help(
      rest.filter((word) => word !== "--json"),
      runtime,
      json,
    );
  }
  if (first === "version" || first === "--version" || first === "-V") {
    if (json) writeJson(runtime.out, { version: runtime.version, runtime: runtime.engine });
    else runtime.out.write(`prism ${runtime.version}\n`);
    return EXIT.ok;
  }
  const wantsHelp = beforeTerminator(rest).some((word) => word === "--help" || word === "-h");
  if (wantsHelp) return help(namedBy(words), runtime, json);
  const { entry, rest: given } = called(words);
  return runVerb(await entry.load(), given, runtime);
}

/** Some names are of two words: `surface add`. */
function called(words: readonly string[]): { readonly entry: VerbEntry; readonly rest: readonly string[] } {
  const pair = VERBS_BY_NAME.get(words.slice(0, 2).join(" "));
  if (pair !== undefined && words.length > 1) return { entry: pair, rest: words.slice(2) };
  const [first = "", second] = words;
  const entry = VERBS_BY_NAME.get(first);
  if (entry !== undefined) return { entry, rest: words.slice(1) };
  if (familyOf(first).length > 0 && (second === undefined || second.startsWith("-"))) {
    throw new PrismError("unknown_verb", `"${first}" needs another word behind it`, {
      hint: `one of: ${familyOf(first)
        .map(({ name }) => `prism ${name}`)
        .join(", ")}`,
    });
  }
  throw unknownVerb(familyOf(first).length > 0 ? `${first} ${second}` : first);
}

/** The verbs whose names begin with this word. */
function familyOf(word: string): VerbEntry[] {
  return Array.from(VERBS_BY_NAME.values()).filter(({ name }) => name.startsWith(`${word} `));
}

/** What of the words names a verb, for help. */
function namedBy(words: readonly string[]): readonly string[] {
  const [first = "", second = ""] = words;
  return VERBS_BY_NAME.has(`${first} ${second}`) ? [first, second] : [first];
}

function unknownVerb(name: string): PrismError {
  const near = nearest(name, [...VERBS_BY_NAME.keys(), "help", "version"]);
  const shown = printable(name, 40);
  const message = name.startsWith("-") ? `a verb comes first, not "${shown}"` : `there is no verb "${shown}"`;
  return new PrismError("unknown_verb", message, {
    hint: near === undefined ? 'see "prism help"' : `did you mean "prism ${near}"?`,
  });
}

async function help(names: readonly string[], runtime: Runtime, json: boolean): Promise<ExitStatus> {
  const ink = inkFor(runtime.out);
  const [name, second] = names;
  const named = namedBy(names);
  const extra = names[named.length];
  if (extra !== undefined && VERBS_BY_NAME.has(named.join(" "))) {
    throw new PrismError(
      "invalid_argument",
      `help takes one verb, and "${printable(extra, 40)}" is one too many`,
    );
  }
  if (name === undefined || name === "help" || name === "version") {
    if (json) writeJson(runtime.out, { verbs: Array.from(VERBS_BY_NAME.values(), summaryOf) });
    else runtime.out.write(overviewText(VERB_GROUPS, ink));
    return EXIT.ok;
  }
  const family = second === undefined ? familyOf(name) : [];
  if (family.length > 0 && !VERBS_BY_NAME.has(name)) {
    if (json) writeJson(runtime.out, { verbs: family.map(summaryOf) });
    else runtime.out.write(familyText(name, family, ink));
    return EXIT.ok;
  }
  const { entry } = called(names);
  const text = verbText((await entry.load()).table, entry.summary, ink);
  if (json) writeJson(runtime.out, { ...summaryOf(entry), text });
  else runtime.out.write(text);
  return EXIT.ok;
}

function summaryOf(entry: VerbEntry): { readonly name: string; readonly summary: string } {
  return { name: entry.name, summary: entry.summary };
}

function runVerb(verb: Verb, words: readonly string[], runtime: Runtime): Promise<ExitStatus> {
  const outcome = verb.run(words, runtime);
  if (verb.lasting) return outcome;
  return new Promise((resolve, reject) => {
    const { stopped } = runtime;
    const stop = (): void => reject(stopped.reason);
    if (stopped.aborted) stop();
    stopped.addEventListener("abort", stop, { once: true });
    outcome.then(resolve, reject).finally(() => stopped.removeEventListener("abort", stop));
  });
}

/** The one form of a failure: a sentence and what to do, or with `--json` the same as data. */
function tellFailure(
  error: unknown,
  runtime: Runtime,
  how: { readonly json: boolean; readonly jsonTo: Output },
): void {
  const report = error instanceof PrismError ? reportOf(error) : bugReport(error, runtime);
  if (how.json) writeJson(how.jsonTo, { error: report });
  if (how.json && how.jsonTo === runtime.err) return;
  runtime.err.write(failureText(report, runtime.err));
}

function bugReport(error: unknown, runtime: Runtime): ErrorReport {
  const kept = runtime.keepDetails(error);
  const report = reportOf(error);
  return kept === undefined ? report : { ...report, hint: `the details are in ${kept}` };
}

export function failureText(report: ErrorReport, output: Output): string {
  const ink = inkFor(output);
  const { target } = report;
  const lastHeardAtMs = target === undefined || target.state === "alive" ? null : target.lastHeardAtMs;
  const seen =
    lastHeardAtMs === null ? "" : `  ${ink.dim(`last heard from: ${momentText(lastHeardAtMs)}`)}\n`;
  const hint = report.hint === undefined ? "" : `  ${ink.dim(`hint: ${report.hint}`)}\n`;
  return `${ink.red("prism:")} ${report.message}\n${seen}${hint}`;
}

function beforeTerminator(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return end === -1 ? words : words.slice(0, end);
}
