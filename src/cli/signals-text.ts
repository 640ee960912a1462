/**
 * Signals for a person's eyes, in the same fence as a model's: what a sender wrote stands behind a bar that no text
 * of theirs can leave, with every control character made visible. On a terminal a long line is folded, each
 * part behind its own bar: left to the terminal, what came after the fold would stand without one, at the
 * beginning of a line, and could pass for prism's own words.
 */
import { printable } from "../domain/address.ts";
import { quoteText } from "../domain/quote.ts";
import type { SignalRecord } from "../domain/verbs.ts";
import { agoText, inkFor, momentText } from "./layout.ts";
import type { Runtime } from "./runtime.ts";

/** A bar, the space after it and one wide character. */
const COLUMNS_MIN = 4;
const TAB_COLUMNS = 8;

export function signalsText(signals: readonly SignalRecord[], runtime: Runtime): string {
  return signals.map((signal) => signalText(signal, runtime)).join("\n");
}

/** What an agent is told that reads through a pipe, as its own tool would tell it; a person at a terminal sees it. */
export function readingText(words: readonly string[], runtime: Runtime): string {
  return runtime.out.isTerminal ? "" : `${words.join(" ")}\n\n`;
}

function signalText(signal: SignalRecord, runtime: Runtime): string {
  const { out } = runtime;
  const ink = inkFor(out);
  const urgent = signal.urgency === "urgent" ? `  ${ink.red("urgent")}` : "";
  const final = signal.final ? `  ${ink.dim("no answer wanted")}` : "";
  const from = signal.from === null ? "nobody named" : printable(signal.from, 160);
  const reply = signal.replyTo === null ? "" : `, in reply to ${printable(signal.replyTo)}`;
  const at = `${momentText(signal.acceptedAtMs)} (${agoText(signal.acceptedAtMs, runtime.now())})`;
  const lines = quoteText(signal.text).split("\n");
  const shown = out.isTerminal ? lines.flatMap((line) => folded(line, out.columns)) : lines;
  const body = shown.map((line) => ink.dim("|") + line.slice(1)).join("\n");
  return (
    `${ink.bold(from)} to ${printable(signal.to, 160)}${urgent}${final}\n` +
    `${ink.dim(`${at}, ${printable(signal.id)}${reply}`)}\n${body}\n`
  );
}

/** A line behind a bar as lines that fit, each behind a bar. */
function folded(line: string, columns: number): string[] {
  const width = Math.max(COLUMNS_MIN, columns);
  const lines: string[] = [];
  let part = "|";
  let taken = 1;
  for (const char of line.slice(1)) {
    const columnsOf = char === "\t" ? TAB_COLUMNS - (taken % TAB_COLUMNS) : columnsAtMost(char);
    if (taken + columnsOf > width) {
      lines.push(part);
      part = "| ";
      taken = 2;
    }
    part += char;
    taken += columnsOf;
  }
  return [...lines, part];
}

/** What no terminal goes beyond: which characters are wide differs between them, and a sender may choose the odd ones. */
function columnsAtMost(char: string): number {
  return (char.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2;
}
