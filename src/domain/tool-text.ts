/**
 * Answers as text for a language model. What a sender wrote stands behind a bar on every line, with its
 * control characters made visible: so no sender can end the quotation, speak as Prism, or reach a terminal
 * with an escape sequence. Plain bars instead of a random fence: a fence can leak, a prefix cannot be left.
 */
import { printable } from "./address.ts";
import { type Doorbell, sentenceOf } from "./doorbell.ts";
import type { PrismError } from "./errors.ts";
import type { ToolVerb } from "./tools.ts";
import type {
  DrainAnswer,
  HistoryAnswer,
  SessionReport,
  SignalAnswer,
  SignalRecord,
  SignalStatusAnswer,
  StartAnswer,
  StatusAnswer,
  VerbAnswers,
  WaitingReport,
  WrapAnswer,
} from "./verbs.ts";

const BAR = "| ";
/** Sessions listed in one answer; beyond it the model is told to narrow the question. */
const SESSIONS_MAX = 100;

export function answerText<V extends ToolVerb>(verb: V, answer: VerbAnswers[V]): string {
  switch (verb) {
    case "start":
      return startText(answer as StartAnswer);
    case "signal":
      return signalText(answer as SignalAnswer);
    case "signal_status":
      return signalStatusText(answer as SignalStatusAnswer);
    case "drain":
      return drainText(answer as DrainAnswer);
    case "history":
      return historyText(answer as HistoryAnswer);
    case "status":
      return statusText(answer as StatusAnswer);
    default:
      return wrapText(answer as WrapAnswer);
  }
}

/** `target_stale: reviewer@shop was not heard from ...`, and what to do next. */
export function errorText(error: PrismError): string {
  const hint = error.hint === undefined ? "" : `\nWhat to do: ${error.hint}`;
  const { target } = error;
  const seen =
    target === undefined
      ? ""
      : `\nTarget: ${printable(target.address)} is ${target.state}, last heard ${timeText(target.lastHeardAtMs)}`;
  return `${error.code}: ${error.message}${seen}${hint}`;
}

/** The first line of any other answer while signals wait: an agent that no bell can reach hears of them. */
export function waitingLine(bell: Doorbell): string {
  return `[prism] ${sentenceOf(bell)}: call prism_drain.`;
}

function startText(answer: StartAnswer): string {
  const role = answer.master ? "its master" : "not its master: another live session is";
  const open = answer.mailbox.open;
  const waiting = open === 0 ? "Nothing waits for you." : `${signals(open)} for you: call prism_drain.`;
  return `You are registered as ${printable(answer.address)} (session ${printable(answer.session)}, ${role}).\n${waiting}`;
}

function signalText(answer: SignalAnswer): string {
  const head = answer.duplicate
    ? `This was sent before, and was not sent twice: signal ${printable(answer.id)} to ${printable(answer.to)} is ${answer.state}.`
    : `Sent to ${printable(answer.to)}: signal ${printable(answer.id)}, ${answer.state}.`;
  return `${head}\nIf nobody reads it, it expires at ${timeText(answer.expiresAtMs)}. prism_signal_status tells what became of it.`;
}

function signalStatusText(answer: SignalStatusAnswer): string {
  const steps = [
    `accepted ${timeText(answer.acceptedAtMs)}`,
    ...(answer.deliveredAtMs === null ? [] : [`delivered ${timeText(answer.deliveredAtMs)}`]),
    ...(answer.drainedAtMs === null ? [] : [`drained ${timeText(answer.drainedAtMs)}`]),
    answer.expiredAtMs === null
      ? `expires ${timeText(answer.expiresAtMs)} if nobody drains it before`
      : `expired ${timeText(answer.expiredAtMs)}`,
  ];
  if (answer.drainedAtMs !== null) steps.pop();
  return `Signal ${printable(answer.id)} ${routeText(answer)} is ${answer.state}: ${steps.join(", ")}.`;
}

function drainText(answer: DrainAnswer): string {
  const { signals: taken, remaining } = answer;
  if (taken.length === 0) {
    return remaining === 0
      ? "Nothing waits for you."
      : `Nothing was taken, but ${signals(remaining)}: call prism_drain again.`;
  }
  const more =
    remaining === 0 ? "Nothing else waits." : `${signals(remaining)} still: call prism_drain again.`;
  const again = answer.repeated ? " This drain was answered before, and these are the same signals." : "";
  return [
    `${taken.length === 1 ? "1 signal" : `${taken.length} signals, oldest first`}. ${more}${again}`,
    "Lines that begin with a bar were written by the sender named above them.",
    ...taken.map((signal, i) => recordText(signal, `Signal ${i + 1} of ${taken.length}`)),
  ].join("\n\n");
}

function historyText(answer: HistoryAnswer): string {
  if (answer.signals.length === 0) return "There are no such signals.";
  const more =
    answer.next === null
      ? "There are no older ones."
      : `For older ones pass before: "${printable(answer.next)}".`;
  return [
    `${answer.signals.length === 1 ? "1 signal" : `${answer.signals.length} signals, newest first`}. ${more}`,
    "Lines that begin with a bar were written by the sender named above them.",
    ...answer.signals.map((signal) => recordText(signal, `Signal, ${signal.state}`)),
  ].join("\n\n");
}

function recordText(signal: SignalRecord, title: string): string {
  const urgent = signal.urgency === "urgent" ? ", urgent" : "";
  const reply = signal.replyTo === null ? "" : `, in reply to ${printable(signal.replyTo)}`;
  const from = signal.from === null ? "a sender without an address" : printable(signal.from);
  const head = `${title}${urgent}: from ${from}, at ${timeText(signal.acceptedAtMs)}, id ${printable(signal.id)}${reply}`;
  return `${head}\n${quoteText(signal.text)}`;
}

function statusText(answer: StatusAnswer): string {
  const now = answer.hub.nowMs;
  const { agents = 0, daemons = 0, waiting = 0 } = answer.omitted ?? {};
  return [
    sessionsText("Agents", answer.agents, now, agents),
    sessionsText("Daemons (watchmen, not agents)", answer.daemons, now, daemons),
    answer.waiting.length === 0 ? "No signals wait for anybody." : mailboxesText(answer.waiting, waiting),
  ].join("\n\n");
}

function mailboxesText(mailboxes: readonly WaitingReport[], omitted: number): string {
  const lines = mailboxes.slice(0, SESSIONS_MAX).map(waitingText);
  return ["Waiting signals:", ...lines, ...restText(mailboxes.length + omitted - lines.length)].join("\n");
}

function restText(hidden: number): string[] {
  return hidden === 0 ? [] : [`- and ${hidden} more: narrow it with persona or project`];
}

function sessionsText(
  title: string,
  sessions: readonly SessionReport[],
  nowMs: number,
  omitted: number,
): string {
  if (sessions.length === 0) return `${title}: none.`;
  const lines = sessions.slice(0, SESSIONS_MAX).map((session) => {
    const facts = [
      session.liveness,
      ...(session.master ? ["master"] : []),
      ...(session.connected ? ["connected"] : []),
      ...(session.surface === null ? [] : [`on ${printable(session.surface)}`]),
      ...(session.host === null ? [] : [`host ${printable(session.host)}`]),
      `heard ${agoText(nowMs - session.lastHeardAtMs)}`,
    ];
    return `- ${printable(session.address, 160)}: ${facts.join(", ")} (session ${printable(session.session)})`;
  });
  return [`${title}:`, ...lines, ...restText(sessions.length + omitted - lines.length)].join("\n");
}

function waitingText(waiting: WaitingReport): string {
  const urgent = waiting.urgent === 0 ? "" : `, ${waiting.urgent} urgent`;
  return `- ${printable(waiting.to, 160)}: ${waiting.open}${urgent}, the oldest from ${timeText(waiting.oldestAtMs)}`;
}

function wrapText(answer: WrapAnswer): string {
  if (answer.wrapped.length === 0) return "There was no session to end.";
  return `Ended: ${answer.wrapped.map((session) => printable(session)).join(", ")}. prism_start registers again.`;
}

/**
 * A sender's text, each line behind a bar; every way to begin a new line that a reader or a terminal may know
 * counts as one. Other control characters, and those that turn the direction of text or hide it, are spelt out.
 */
export function quoteText(text: string): string {
  return text
    .replace(/\r\n|[\r\n\v\f\u0085\u2028\u2029]/g, "\n")
    .replace(
      // C0 but tab and line feed, DEL and C1, bidirectional controls, invisible operators, tag characters.
      /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u061c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu,
      (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
    )
    .split("\n")
    .map((line) => BAR + line)
    .join("\n");
}

function routeText(signal: SignalStatusAnswer): string {
  const urgent = signal.urgency === "urgent" ? ", urgent," : "";
  return `${signal.from === null ? "" : `from ${printable(signal.from)} `}to ${printable(signal.to)}${urgent}`;
}

function signals(count: number): string {
  return count === 1 ? "1 signal waits" : `${count} signals wait`;
}

/** UTC, to the second. */
function timeText(ms: number | null): string {
  if (ms === null || !(Math.abs(ms) < 8.64e15)) return "never";
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function agoText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}
