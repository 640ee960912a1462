/**
 * What `prism help` shows: the list of verbs, and one page for each, made from its table. Fits 80 columns.
 * Runs no verb.
 */
import type { Flag, Table } from "./arguments.ts";
import { argumentWord, flagOf, variableOf } from "./arguments.ts";
import { described, type Ink, wrapped } from "./layout.ts";

const COLUMNS = 80;
/** `service uninstall` */
const TERM_COLUMNS = 17;

export interface VerbGroup {
  readonly title: string;
  readonly verbs: readonly { readonly name: string; readonly summary: string }[];
}

export function overviewText(groups: readonly VerbGroup[], ink: Ink): string {
  const blocks = groups.map((group) => {
    const rows = group.verbs.map((verb) => [verb.name, verb.summary] as const);
    return `${ink.bold(group.title)}\n${described(rows, { columns: COLUMNS, termColumns: TERM_COLUMNS })}`;
  });
  return `${ink.bold("prism")}: AI agents reach each other and wake each other

  prism VERB [ARGUMENTS]          every verb takes --help and --json

${blocks.join("\n\n")}

${ink.bold("Examples")}
${examplesText(
  [
    { line: "prism up", about: "see it all work, in half a minute" },
    {
      line: 'prism signal reviewer@shop "The build is green" --from planner@shop',
      about: "durable at the hub before it says so",
    },
    { line: "prism drain --persona reviewer --project ~/shop", about: "take what waits" },
    { line: "prism status", about: "who is here, and what waits for whom" },
  ],
  ink,
)}
`;
}

/** The verbs that share their first word. */
export function familyText(word: string, verbs: VerbGroup["verbs"], ink: Ink): string {
  const rows = verbs.map((verb) => [verb.name, verb.summary] as const);
  return `${ink.bold(`prism ${word}`)}: one of\n\n${described(rows, { columns: COLUMNS, termColumns: TERM_COLUMNS })}\n`;
}

/** One verb's page. */
export function verbText(verb: Table, summary: string, ink: Ink): string {
  const parts = [
    `${ink.bold(`prism ${verb.name}`)}: ${summary}`,
    usageText(verb),
    ...verb.about.map((paragraph) => wrapped(paragraph, COLUMNS)),
  ];
  if (verb.arguments.length > 0) {
    const rows = verb.arguments.map((argument) => [argumentWord(argument), argument.about] as const);
    parts.push(`${ink.bold("Arguments")}\n${described(rows, { columns: COLUMNS, termColumns: 22 })}`);
  }
  const rows = Object.entries(verb.flags).map(
    ([key, flag]) => [termOf(key, flag), aboutOf(key, flag)] as const,
  );
  parts.push(`${ink.bold("Flags")}\n${described(rows, { columns: COLUMNS, termColumns: 22 })}`);
  parts.push(`${ink.bold("Examples")}\n${examplesText(verb.examples, ink)}`);
  return `${parts.join("\n\n")}\n`;
}

function termOf(key: string, flag: Flag): string {
  return flag.kind === "switch" ? flagOf(key) : `${flagOf(key)} ${flag.kind.word}`;
}

function aboutOf(key: string, flag: Flag): string {
  const otherwise =
    flag.kind === "switch" || flag.otherwise === undefined ? "" : `; otherwise ${flag.otherwise}`;
  return `${flag.about}${otherwise}${flag.setting === true ? ` [${variableOf(key)}]` : ""}`;
}

function usageText(verb: Table): string {
  const words = verb.arguments.map(argumentWord);
  const flags = Object.entries(verb.flags).map(([key, flag]) => {
    const needed = flag.kind !== "switch" && flag.needed === true;
    return needed ? termOf(key, flag) : "";
  });
  const usage = ["prism", verb.name, ...words, ...flags.filter((flag) => flag !== ""), "[FLAGS]"];
  return wrapped(usage.join(" "), COLUMNS, "  ");
}

function examplesText(
  examples: readonly { readonly line: string; readonly about: string }[],
  ink: Ink,
): string {
  return examples.map((example) => `  ${example.line}\n      ${ink.dim(example.about)}`).join("\n");
}
