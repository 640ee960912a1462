/**
 * Draws the daemon's lifecycle from the table of `src/fsm.ts` into ARCHITECTURE.md, between its markers.
 *
 *   node scripts/lifecycle-diagram.ts          writes it
 *   node scripts/lifecycle-diagram.ts --check  ends with status 1 if the document shows another one
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type EventName, type StateId, TABLE } from "../src/fsm.ts";

const documentPath = new URL("../ARCHITECTURE.md", import.meta.url);
const BEGIN = "<!-- lifecycle:begin -->";
const END = "<!-- lifecycle:end -->";

/** One arrow for each pair of states, with every event that leads from the one to the other. */
export function lifecycleDiagram(): string {
  const states = Object.keys(TABLE) as readonly StateId[];
  const arrows = states.flatMap((from) =>
    states.filter((to) => to !== from).flatMap((to) => arrow(from, to)),
  );
  return [
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> disconnected",
    ...arrows,
    "  ended --> [*]",
    "```",
  ].join("\n");
}

function arrow(from: StateId, to: StateId): string[] {
  const row = TABLE[from];
  const events = (Object.keys(row) as readonly EventName[]).filter((event) => {
    const rule = row[event];
    return "to" in rule && rule.to.includes(to);
  });
  return events.length === 0 ? [] : [`  ${from} --> ${to}: ${events.join(", ")}`];
}

/** @returns the document with the diagram in its place; the markers are put at its end if it has none */
export function withDiagram(document: string): string {
  const block = `${BEGIN}\n${lifecycleDiagram()}\n${END}`;
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) return `${document.trimEnd()}\n\n${block}\n`.trimStart();
  return document.slice(0, begin) + block + document.slice(end + END.length);
}

function main(args: readonly string[]): number {
  const document = readFileSync(documentPath, "utf8");
  const drawn = withDiagram(document);
  if (drawn === document) return 0;
  if (args.includes("--check")) {
    console.error("ARCHITECTURE.md shows another lifecycle: run node scripts/lifecycle-diagram.ts");
    return 1;
  }
  writeFileSync(documentPath, drawn);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
