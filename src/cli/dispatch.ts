/**
 * From what was typed to a verb, and from its outcome to an exit status: the frame around every verb, with
 * help, version and the one form that failures have. Ends no process.
 */
import { printable } from "../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../domain/errors.ts";
import { nearest } from "../domain/shape.ts";
import { EXIT, type ExitStatus, exitStatusOf } from "./exit-status.ts";
import { overviewText, verbText } from "./help.ts";
import { inkFor, momentText } from "./layout.ts";
import { type Output, type Runtime, writeJson } from "./runtime.ts";
import type { Verb } from "./verb.ts";
import { VERB_GROUPS, VERBS_BY_NAME, type VerbEntry } from "./verbs.ts";

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
    return status;
  } catch (error) {
    const protocol = STDOUT_IS_PROTOCOL.has(words[0] ?? "");
    tellFailure(error, runtime, { json, jsonTo: protocol ? runtime.err : runtime.out });
    return exitStatusOf(error);
  }
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
  const entry = entryNamed(first);
  if (beforeTerminator(rest).some((word) => word === "--help" || word === "-h")) {
    return help([first], runtime, json);
  }
  return runVerb(await entry.load(), rest, runtime);
}

function entryNamed(name: string): VerbEntry {
  const entry = VERBS_BY_NAME.get(name);
  if (entry !== undefined) return entry;
  const near = nearest(name, [...VERBS_BY_NAME.keys(), "help", "version"]);
  const shown = printable(name, 40);
  const message = name.startsWith("-") ? `a verb comes first, not "${shown}"` : `there is no verb "${shown}"`;
  throw new PrismError("unknown_verb", message, {
    hint: near === undefined ? 'see "prism help"' : `did you mean "prism ${near}"?`,
  });
}

async function help(names: readonly string[], runtime: Runtime, json: boolean): Promise<ExitStatus> {
  const ink = inkFor(runtime.out);
  const [name, extra] = names;
  if (extra !== undefined) {
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
  const entry = entryNamed(name);
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
