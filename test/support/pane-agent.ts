/**
 * A program that stands for an agent in a pane: reads its terminal raw, edits one line, takes pastes in brackets,
 * and writes each line that it took to a file, one a line. Run as `node pane-agent.ts MODE FOLDER`; the modes are
 * those that agents in panes are in, bad days included.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type AgentMode =
  /** Takes everything at once; shows its own cursor behind `> `. */
  | "plain"
  /** A frame, a placeholder and a drawn cursor, redrawn as a whole; the terminal's cursor is hidden. */
  | "framed"
  /** The first Enter is lost. */
  | "swallows"
  /** Every Enter is lost. */
  | "never"
  /** Enter begins a new row of the same input. */
  | "newline"
  /** Hears everything half a second late. */
  | "slow"
  /** Shows no prompt while it works on what it took, which is for ever. */
  | "quiet"
  /** Ends at Enter. */
  | "dies"
  /** Asks for a choice from the start. */
  | "dialog"
  /** Asks for a choice as soon as something is typed. */
  | "pops"
  /** Works, and has no prompt. */
  | "busy"
  /** Its prompt is `say: `. */
  | "odd"
  /** Shows nothing of what it is given. */
  | "blind";

const [mode, folder = "."] = process.argv.slice(2) as [AgentMode, string?];
const out = (text: string) => process.stdout.write(text);
const prompt = mode === "odd" ? "say: " : "> ";
const delayMs = mode === "slow" ? 500 : 0;
let line = "";
let enters = 0;
let log: string[] = ["an agent", "> an earlier line", "done"];

/** Between the prompt's row and the cursor's, as it was drawn last. */
let rowsBelow = 0;

function draw(): void {
  if (mode === "framed") {
    drawFrame();
    return;
  }
  const rows = `${prompt}${line}`.split("\n");
  const back = rowsBelow === 0 ? "" : `\u001b[${rowsBelow}A`;
  out(`${back}\r\u001b[J${rows.join("\r\n  ")}`);
  const columns = process.stdout.columns;
  // A full row keeps the cursor on it until the next character.
  rowsBelow = rows.reduce((sum, { length }) => sum + Math.floor(Math.max(0, length - 1) / columns) + 1, -1);
}

function drawFrame(): void {
  const edge = "─".repeat(process.stdout.columns - 2);
  const width = process.stdout.columns - 6;
  const input = line === "" ? "\u001b[7mT\u001b[27m\u001b[2mry to say something\u001b[22m" : line;
  const rows = line === "" ? [input] : (line.match(new RegExp(`.{1,${width}}`, "gu")) ?? []);
  const body = rows.map((row, i) => {
    const pad = " ".repeat(width - (line === "" ? 20 : row.length));
    return `│ ${i === 0 ? "❯" : " "} ${row}${pad}│`;
  });
  out(
    `\u001b[H\u001b[2J${[...log, `╭${edge}╮`, ...body, `╰${edge}╯`, "  \u001b[2m? for help\u001b[22m"].join("\r\n")}`,
  );
}

function take(): void {
  enters += 1;
  if (mode === "dies") process.exit(1);
  if (mode === "never" || (mode === "swallows" && enters === 1)) return;
  if (mode === "newline") {
    line += "\n";
    draw();
    return;
  }
  if (line === "") return;
  appendFileSync(join(folder, "seen"), `${line}\n`);
  log = [...log, `> ${line}`, "done"].slice(-6);
  line = "";
  rowsBelow = 0;
  if (mode === "quiet") out("\r\n");
  else {
    if (mode !== "framed") out("\r\ndone\r\n");
    draw();
  }
}

function hear(text: string): void {
  if (mode === "busy" || mode === "dialog") return;
  for (const [, keys] of text.matchAll(/(\u001b\[20[01]~|[\s\S])/gu)) {
    if (keys === "\r") take();
    else if (keys === "\u007f") line = line.slice(0, -1);
    else if (keys !== undefined && !keys.startsWith("\u001b")) line += keys;
  }
  if (mode === "blind" || (mode === "quiet" && line === "")) return;
  if (mode === "pops" && line !== "") choice();
  else draw();
}

function choice(): void {
  out("\u001b[H\u001b[2J\u001b[?25lMay it run?\r\n\r\n❯ 1. Yes\r\n  2. No\r\n");
}

process.stdin.setRawMode(true);
process.stdin.on("data", (chunk) => {
  setTimeout(() => hear(chunk.toString("utf8")), delayMs);
});
out(`\u001b[?2004h${mode === "framed" ? "\u001b[?25l" : ""}`);
if (mode === "busy") out("working\r\n");
else if (mode === "dialog") choice();
else {
  if (mode !== "framed") out(`${log.join("\r\n")}\r\n`);
  draw();
}
writeFileSync(join(folder, "up"), String(process.pid));
