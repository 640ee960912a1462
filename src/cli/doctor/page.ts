/** What `prism doctor` found, as a page for a person and as data for a script. Finds nothing itself. */
import { counted, type Ink, padded, wrapped } from "../layout.ts";
import { type Check, TOPICS, type Topic, type Verdict } from "./check.ts";

export interface Found extends Check {
  readonly topic: Topic;
}

/** What `--fix` did about one check, or why it could not. */
export interface Deed {
  readonly check: string;
  readonly does: string;
  /** Null: it is done. */
  readonly failure: string | null;
}

const COLUMNS = 80;
const NAME_COLUMNS_MAX = 24;

/** Each topic as a block; those with something to mend come last, the worst right above the prompt. */
export function pageText(found: readonly Found[], deeds: readonly Deed[], ink: Ink): string {
  const columns = Math.min(NAME_COLUMNS_MAX, Math.max(...found.map((check) => check.name.length)));
  const blocks = [...Map.groupBy(found, ({ topic }) => topic)]
    .toSorted(([, a], [, b]) => badnessOf(a) - badnessOf(b))
    .map(([topic, checks]) => {
      const lines = checks.map((check) => checkText(check, columns, ink));
      return `${ink.bold(TOPICS[topic])}\n${lines.join("\n")}\n`;
    });
  return `${blocks.join("\n")}\n${deedsText(deeds, ink)}${summaryText(found, ink)}\n`;
}

/** How much a topic has to be mended: 0 nothing, 2 something is broken. */
function badnessOf(checks: readonly Check[]): number {
  if (checks.some(({ verdict }) => verdict === "fail")) return 2;
  return checks.some(({ verdict }) => verdict === "warn") ? 1 : 0;
}

function checkText(check: Check, columns: number, ink: Ink): string {
  const draw: { readonly [V in Verdict]: string } = {
    ok: ink.green("ok  "),
    note: ink.cyan("note"),
    warn: ink.yellow("warn"),
    fail: ink.red("FAIL"),
    skip: ink.dim("skip"),
  };
  const gutter = " ".repeat(columns + 10);
  const body = wrapped(check.finding, COLUMNS, gutter).slice(gutter.length);
  const remedy =
    check.remedy === undefined ? "" : `\n${ink.dim(wrapped(`-> ${check.remedy}`, COLUMNS, gutter))}`;
  const named = check.name.length > columns ? `${check.name}\n${gutter}` : `${padded(check.name, columns)}  `;
  return `  ${draw[check.verdict]}  ${named}${body}${remedy}`;
}

function deedsText(deeds: readonly Deed[], ink: Ink): string {
  if (deeds.length === 0) return "";
  const lines = deeds.map(({ does, failure }) => {
    // What failed often says itself what it was.
    const text = failure === null || failure.includes(does) ? (failure ?? does) : `${does}: ${failure}`;
    const mark = failure === null ? ink.green("done") : ink.red("not ");
    return `  ${mark}  ${wrapped(text, COLUMNS, " ".repeat(8)).trimStart()}\n`;
  });
  return `${ink.bold("mended")}\n${lines.join("")}\n`;
}

function summaryText(found: readonly Found[], ink: Ink): string {
  const count = (verdict: Verdict): number => found.filter((check) => check.verdict === verdict).length;
  const fails = count("fail");
  const warns = count("warn");
  const mends = found.filter(({ mend }) => mend !== undefined).length;
  const fix =
    mends === 0
      ? ""
      : `\n${wrapped(`prism doctor --fix mends ${mends === 1 ? "one of these" : `${mends} of these`} by itself`, COLUMNS)}`;
  if (fails > 0) {
    const rest = warns > 0 ? `, ${counted(warns, "warning")}` : "";
    return ink.red(`${counted(fails, "failure")}${rest}: see "->" above`) + fix;
  }
  if (warns > 0) return ink.yellow(`${counted(warns, "warning")}, nothing broken`) + fix;
  return ink.green("all is well") + fix;
}

/** What `--json` prints: every member is stable. `fix` says what `--fix` would do. */
export function reportOf(found: readonly Found[], deeds: readonly Deed[]): object {
  return {
    well: !found.some(({ verdict }) => verdict === "fail"),
    checks: found.map(({ mend, topic, ...check }) => ({
      ...check,
      topic,
      ...(mend === undefined ? {} : { fix: mend.does }),
    })),
    did: deeds,
  };
}
