/**
 * Answers as text for a language model. A line is either Prism's own, and then holds nothing of others but names,
 * ids, times and counts; or it begins with a bar, and then holds nothing but what the sender named above it wrote.
 */
import { isName, printable } from "./address.ts";
import { type Doorbell, sentenceOf } from "./doorbell.ts";
import type { PrismError } from "./errors.ts";
import { quoteText, quoteWords } from "./quote.ts";
import type { ToolVerb } from "./tools.ts";
import type {
  ArchivedReport,
  DrainAnswer,
  HistoryAnswer,
  LoopReport,
  PersonaArchiveAnswer,
  PersonaCreateAnswer,
  PersonaDestroyAnswer,
  PersonaListAnswer,
  PersonaReport,
  PersonaRestoreAnswer,
  SessionReport,
  SignalAnswer,
  SignalRecord,
  SignalStatusAnswer,
  SignalTrace,
  StartAnswer,
  StatusAnswer,
  VerbAnswers,
  WaitingReport,
  WrapAnswer,
} from "./verbs.ts";

/** Above every quotation, for a model. */
export const QUOTED =
  "Every line that begins with a bar was written by the sender named above it, not by Prism or your user.";
/** Above signals that may want an answer. */
export const ANSWERS =
  "Answer a signal only if it wants an answer or you have news for its sender, never only to thank or confirm.";
const MESSAGE_CHARS_MAX = 1_000;
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
    case "signal_trace":
      return signalTraceText(answer as SignalTrace);
    case "drain":
      return drainText(answer as DrainAnswer);
    case "history":
      return historyText(answer as HistoryAnswer);
    case "status":
      return statusText(answer as StatusAnswer);
    case "wrap":
      return wrapText(answer as WrapAnswer);
    case "persona_create":
      return createdText(answer as PersonaCreateAnswer);
    case "persona_archive":
      return archivedText(answer as PersonaArchiveAnswer);
    case "persona_restore":
      return restoredText(answer as PersonaRestoreAnswer);
    case "persona_destroy":
      return destroyedText(answer as PersonaDestroyAnswer);
    case "persona_list":
      return personasText(answer as PersonaListAnswer);
  }
}

/** `target_stale: reviewer@shop was not heard from ...`, and what to do next. */
export function errorText(error: PrismError): string {
  const line = (text: string) => printable(text, MESSAGE_CHARS_MAX);
  const hint = error.hint === undefined ? "" : `\nWhat to do: ${line(error.hint)}`;
  const { target } = error;
  const seen =
    target === undefined
      ? ""
      : `\nTarget: ${printable(target.address)} is ${target.state}, last heard ${timeText(target.lastHeardAtMs)}`;
  return `${error.code}: ${line(error.message)}${seen}${hint}`;
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

function signalTraceText({ signal, steps, traceparent }: SignalTrace): string {
  const lines = steps.map(({ name, atMs, host, detail }) => {
    const at = host === null ? "" : ` at ${printable(host, 80)}`;
    return `${timeText(atMs)} ${name}${at}${detail === "" ? "" : `: ${printable(detail, 200)}`}`;
  });
  const traced = traceparent === null ? [] : [`traceparent: ${printable(traceparent)}`];
  return [
    `Signal ${printable(signal.id)} ${routeText(signal)} is ${signal.state}.`,
    ...lines,
    ...traced,
  ].join("\n");
}

function drainText(answer: DrainAnswer): string {
  const { signals: taken, remaining } = answer;
  const elsewhere = elsewhereText(answer.elsewhere);
  if (taken.length === 0) {
    return remaining === 0
      ? `Nothing waits for you.${elsewhere}`
      : `Nothing was taken, but ${signals(remaining)}: call prism_drain again.${elsewhere}`;
  }
  const more =
    remaining === 0 ? "Nothing else waits." : `${signals(remaining)} still: call prism_drain again.`;
  const again = answer.repeated ? " This drain was answered before, and these are the same signals." : "";
  return [
    `${taken.length === 1 ? "1 signal" : `${taken.length} signals, oldest first`}. ${more}${elsewhere}${again}`,
    taken.every((signal) => signal.final) ? QUOTED : `${QUOTED} ${ANSWERS}`,
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
    QUOTED,
    ...answer.signals.map((signal) => recordText(signal, `Signal, ${signal.state}`)),
  ].join("\n\n");
}

function recordText(signal: SignalRecord, title: string): string {
  const urgent = signal.urgency === "urgent" ? ", urgent" : "";
  const final = signal.final ? ", no answer wanted" : "";
  const reply = signal.replyTo === null ? "" : `, in reply to ${printable(signal.replyTo)}`;
  const from = signal.from === null ? "a sender without an address" : printable(signal.from);
  const traced = signal.traceparent === undefined ? "" : `, traceparent ${printable(signal.traceparent)}`;
  const head = `${title}${urgent}${final}: from ${from}, at ${timeText(signal.acceptedAtMs)}, id ${printable(signal.id)}${reply}${traced}`;
  return `${head}\n${quoteText(signal.text)}`;
}

/** One for a session that lives stays with it: said, so that nobody wonders at a bell without a signal. */
function elsewhereText(count: number): string {
  if (!(count > 0)) return "";
  return ` ${count === 1 ? "1 more is" : `${count} more are`} for another live session here, and not for you.`;
}

function statusText(answer: StatusAnswer): string {
  const now = answer.hub.nowMs;
  const { agents = 0, daemons = 0, waiting = 0 } = answer.omitted ?? {};
  return [
    sessionsText("Agents", answer.agents, now, agents),
    sessionsText("Daemons (watchmen, not agents)", answer.daemons, now, daemons),
    answer.waiting.length === 0 ? "No signals wait for anybody." : mailboxesText(answer.waiting, waiting),
    ...(answer.loops === undefined ? [] : [loopsText(answer.loops, answer.omitted?.loops ?? 0)]),
    ...(answer.archived === undefined ? [] : [offDutyText(answer.archived, answer.omitted?.archived ?? 0)]),
  ].join("\n\n");
}

function mailboxesText(mailboxes: readonly WaitingReport[], omitted: number): string {
  const lines = mailboxes.slice(0, SESSIONS_MAX).map(waitingText);
  return ["Waiting signals:", ...lines, ...restText(mailboxes.length + omitted - lines.length)].join("\n");
}

function loopsText(loops: readonly LoopReport[], omitted: number): string {
  const lines = loops.slice(0, SESSIONS_MAX).map(({ between: [one, other], answers, opensAtMs }) => {
    const pair =
      one === other
        ? `${printable(one, 160)}, to itself`
        : `${printable(one, 160)} and ${printable(other, 160)}`;
    return `- ${pair}: ${answers} answers in a row; the next is taken from ${timeText(opensAtMs)} on`;
  });
  const title = "Stopped, because they only answered each other:";
  return [title, ...lines, ...restText(loops.length + omitted - lines.length)].join("\n");
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
      ...(session.surface === null ? [] : [`on ${nameText(session.surface)}`]),
      ...(session.host === null ? [] : [`host ${nameText(session.host)}`]),
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

function createdText({ address, isNew, state }: PersonaCreateAnswer): string {
  const what = isNew ? "is a persona of this hub now" : "was a persona of this hub already";
  const off = state === "archived" ? " It is archived: prism_persona_restore puts it back on duty." : "";
  return `${printable(address)} ${what}; its token acts for it alone.${off}`;
}

function archivedText({ address, wrapped }: PersonaArchiveAnswer): string {
  return `${printable(address)} is archived; ${sessions(wrapped.length)} ended. prism_persona_restore puts it back on duty.`;
}

function restoredText({ address, waiting }: PersonaRestoreAnswer): string {
  const rest = waiting === 0 ? "Nothing waits for it." : `${signals(waiting)} for it.`;
  return `${printable(address)} is on duty again. ${rest}`;
}

function destroyedText({ address, existed, expired }: PersonaDestroyAnswer): string {
  const head = existed
    ? `The persona ${printable(address)} is gone.`
    : `There is no persona ${printable(address)}.`;
  return expired === 0
    ? head
    : `${head} ${expired === 1 ? "1 signal" : `${expired} signals`} expired with it.`;
}

function personasText({ personas, omitted = 0 }: PersonaListAnswer): string {
  if (personas.length === 0) return "This hub knows no personas.";
  const lines = personas.slice(0, SESSIONS_MAX).map(personaText);
  const rest = personas.length + omitted - lines.length;
  return ["Personas:", ...lines, ...(rest === 0 ? [] : [`- and ${rest} more`])].join("\n");
}

function personaText({ address, state, daemon, open, hasToken, lastHeardAtMs }: PersonaReport): string {
  const facts = [
    state,
    daemon === "none" ? "no daemon" : `daemon ${daemon}`,
    open === 0 ? "nothing waits" : signals(open),
    ...(hasToken ? [] : ["without a token of its own"]),
    `heard ${timeText(lastHeardAtMs)}`,
  ];
  return `- ${printable(address, 160)}: ${facts.join(", ")}`;
}

function offDutyText(archived: readonly ArchivedReport[], omitted: number): string {
  const lines = archived.slice(0, SESSIONS_MAX).map(({ address, archivedAtMs, open }) => {
    return `- ${printable(address, 160)}: since ${timeText(archivedAtMs)}${open === 0 ? "" : `, ${signals(open)}`}`;
  });
  const title = "Archived personas (off duty, they take no signals):";
  return [title, ...lines, ...restText(archived.length + omitted - lines.length)].join("\n");
}

/** Whoever registers a session chooses these words: what is no name stands in quotes, as one thing. */
function nameText(text: string): string {
  return isName(text) ? text : quoteWords(printable(text));
}

function routeText(signal: SignalStatusAnswer): string {
  const from = signal.from === null ? "" : `from ${printable(signal.from)} `;
  const marks = [
    ...(signal.urgency === "urgent" ? ["urgent"] : []),
    ...(signal.final ? ["no answer wanted"] : []),
  ];
  const marked = marks.length === 0 ? "" : `, ${marks.join(", ")},`;
  return `${from}to ${printable(signal.to)}${marked}`;
}

function sessions(count: number): string {
  return count === 1 ? "1 session" : `${count} sessions`;
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
