/**
 * One signal's way for a person's eyes: a line a step, with its time to the millisecond, the gap since the step before,
 * the host and what there is to say; the longest gap stands out. Pure text.
 */
import { printable } from "../domain/address.ts";
import type { TraceStep } from "../domain/trace.ts";
import type { SignalStatusAnswer, SignalTrace } from "../domain/verbs.ts";
import { grid, type Ink, momentText, spanText } from "./layout.ts";

export function traceText({ signal, steps, traceparent }: SignalTrace, ink: Ink): string {
  const first = steps[0];
  const last = steps.at(-1);
  const whole = first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
  const draw = { pending: ink.yellow, delivered: ink.cyan, drained: ink.green, expired: ink.red }[
    signal.state
  ];
  const from = printable(signal.from ?? "nobody named", 160);
  const took = steps.length < 2 ? "" : `  ${ink.dim(`${exactSpan(whole)} in all`)}`;
  const head = `${ink.bold(signal.id)}  ${draw(signal.state)}  ${from} to ${printable(signal.to, 160)}${took}`;
  const traced = traceparent === null ? "" : `  ${ink.dim(`traceparent ${printable(traceparent)}`)}\n`;
  return `${head}\n\n${grid(HEADING, rowsOf(steps, ink), ink)}\n${nextText(signal, steps, ink)}${traced}`;
}

const HEADING = ["when", "step", "after", "host", ""] as const;
/** A gap of less is nothing to look at. */
const LONG_MS_MIN = 1000;

function rowsOf(steps: readonly TraceStep[], ink: Ink): string[][] {
  const gaps = steps.map(({ atMs }, at) => atMs - (steps[at - 1]?.atMs ?? atMs));
  const longest = Math.max(...gaps, LONG_MS_MIN);
  return steps.map(({ name, atMs, host, detail }, at) => {
    const gapMs = gaps[at] ?? 0;
    const gap = at === 0 ? "" : exactSpan(gapMs);
    const draw =
      { drained: ink.green, expired: ink.red, receipt: ink.cyan }[name as string] ?? ((text) => text);
    return [
      clockText(atMs, steps[at - 1]?.atMs),
      draw(name),
      gapMs === longest && gapMs > LONG_MS_MIN ? ink.yellow(gap) : gap,
      printable(host ?? "", 80),
      ink.dim(printable(detail, 200)),
    ];
  });
}

/** What an open signal waits for. */
function nextText(signal: SignalStatusAnswer, steps: readonly TraceStep[], ink: Ink): string {
  if (signal.state !== "pending" && signal.state !== "delivered") return "";
  const has = (name: TraceStep["name"]): boolean => steps.some((step) => step.name === name);
  const waits = has("receipt")
    ? "the agent has taken the ring, and has not drained"
    : has("rung")
      ? "the agent's side has not taken the ring yet"
      : has("acknowledged")
        ? "its daemon knows of it, and no ring has ended yet"
        : has("pushed")
          ? "its daemon was told, and has not acknowledged"
          : "no daemon has been told of it yet";
  return `\n  ${ink.yellow("open")}: ${waits}; kept until ${momentText(signal.expiresAtMs)}\n`;
}

/** The day only where it is another than that of the step before. */
function clockText(atMs: number, beforeMs: number | undefined): string {
  const millis = `.${String(atMs % 1000).padStart(3, "0")}`;
  const [day = "", time = ""] = momentText(atMs).split(" ");
  const isSameDay = beforeMs !== undefined && momentText(beforeMs).startsWith(day);
  return `${isSameDay ? " ".repeat(day.length) : day} ${time}${millis}`;
}

/** `3 ms`, `1.07 s`; from 100 seconds on as everywhere else. */
function exactSpan(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(2)} s` : spanText(ms);
}
