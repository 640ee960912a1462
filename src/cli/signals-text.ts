/**
 * Signals for a person's eyes. What a sender wrote stands behind a bar that no text of theirs can leave, with
 * every control character made visible: a signal can neither move the cursor nor pass for prism's own words.
 */
import { quoteText } from "../domain/tool-text.ts";
import type { SignalRecord } from "../domain/verbs.ts";
import { agoText, inkFor, momentText } from "./layout.ts";
import type { Runtime } from "./runtime.ts";

export function signalsText(signals: readonly SignalRecord[], runtime: Runtime): string {
  return signals.map((signal) => signalText(signal, runtime)).join("\n");
}

function signalText(signal: SignalRecord, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const urgent = signal.urgency === "urgent" ? `  ${ink.red("urgent")}` : "";
  const reply = signal.replyTo === null ? "" : `, in reply to ${signal.replyTo}`;
  const at = `${momentText(signal.acceptedAtMs)} (${agoText(signal.acceptedAtMs, runtime.now())})`;
  const body = quoteText(signal.text).replace(/^\|/gm, ink.dim("|"));
  return `${ink.bold(signal.from ?? "nobody named")} to ${signal.to}${urgent}\n${ink.dim(`${at}, ${signal.id}${reply}`)}\n${body}\n`;
}
