/**
 * Every event that Prism logs, and every field that an event can have, each with its meaning: names that dashboards
 * and alerts are built on, so they change with a major version alone. docs/logs.md lists this table. A failure, which
 * is what is logged at `warn` or `error`, has the code of its error; the log puts the code's class beside it. Knows no
 * sink and no program.
 */
import type { ErrorCode } from "./errors.ts";

interface Field {
  readonly kind: "text" | "text|null" | "number" | "number|null" | "flag" | "code";
  readonly about: string;
}

/** One name, one meaning, one type, in whichever event it stands. Durations in milliseconds, times in epoch ms. */
export const LOG_FIELDS = {
  answers: { kind: "number", about: "how many answers in a row" },
  attempt: { kind: "number", about: "which try of this ring" },
  between: { kind: "text", about: "the two addresses" },
  bufferedBytes: { kind: "number", about: "bytes that wait for a peer" },
  client: { kind: "text", about: "the agent's program, as in claude-code" },
  clients: { kind: "number", about: "how many clients are connected" },
  code: { kind: "code", about: "the error's code, as `--json` and the exit status tell it" },
  connectionsMax: { kind: "number", about: "how many connections may be open at once" },
  dataDir: { kind: "text", about: "the store's folder" },
  detail: { kind: "text", about: "how it stands, in words" },
  dropped: { kind: "number", about: "how many were given up" },
  during: { kind: "text", about: "what was being done" },
  ending: { kind: "text", about: "how a command ended: exited, killed, timedOut, stopped, notStarted" },
  fault: { kind: "text", about: "an unexpected error and where it came from" },
  from: { kind: "text", about: "the state before" },
  gapMs: { kind: "number", about: "how long the host slept" },
  hint: { kind: "text|null", about: "what to do" },
  hook: { kind: "text", about: "the hook's name, as in stop" },
  isUp: { kind: "flag", about: "whether the flag was to stand" },
  lines: { kind: "number", about: "how many lines" },
  method: { kind: "text", about: "what was asked" },
  mode: { kind: "text", about: "how the agent is brought back" },
  movedTo: { kind: "text", about: "where the broken file was put" },
  name: { kind: "text", about: "the client's own name" },
  note: { kind: "text", about: "what was noticed" },
  of: { kind: "text", about: "whose page it is: the address of a daemon" },
  on: { kind: "text", about: "the lifecycle's own event" },
  opensAtMs: { kind: "number", about: "when they may go on" },
  outcome: { kind: "text", about: "taken, failed or moot" },
  path: { kind: "text", about: "a file" },
  pid: { kind: "number", about: "the process" },
  purpose: { kind: "text", about: "ring or resume" },
  reason: { kind: "text|null", about: "why, in one sentence" },
  retryInMs: { kind: "number", about: "when it is tried again" },
  ring: { kind: "number", about: "the ring's number since the daemon began" },
  role: { kind: "text", about: "who connected: status, mcp, hook, metrics" },
  said: { kind: "text", about: "the way that took the ring, or why none did; of a command, its last line" },
  session: { kind: "text|null", about: "the agent's session" },
  sink: { kind: "text", about: "where log lines go" },
  state: { kind: "text", about: "the state" },
  status: { kind: "number|null", about: "an exit status" },
  step: { kind: "text", about: "the step's name" },
  surface: { kind: "text", about: "the surface's name" },
  timeoutMs: { kind: "number", about: "how long it was waited for" },
  to: { kind: "text", about: "the state after" },
  tookMs: { kind: "number", about: "how long it took" },
  tool: { kind: "text", about: "the tool's name" },
  url: { kind: "text", about: "where it listens" },
  version: { kind: "text", about: "the program's version" },
  way: { kind: "text", about: "by which the ring was sent or taken" },
  what: { kind: "text", about: "the thing's name" },
} as const satisfies { readonly [name: string]: Field };

export type LogFieldName = keyof typeof LOG_FIELDS;

interface Event {
  /** The one that it has, or those of which it has one. */
  readonly levels: readonly ("debug" | "info" | "warn" | "error")[];
  readonly about: string;
  /** A `?` behind it: may be missing. */
  readonly fields: readonly (LogFieldName | `${LogFieldName}?`)[];
}

export const LOG_EVENTS = {
  // ---- every program that runs until it is told to stop ----
  programFailed: {
    levels: ["error"],
    about: "a program ends with a failure",
    fields: ["code", "reason", "hint"],
  },
  programCrashed: {
    levels: ["error"],
    about: "a bug ends a program; more of it is in log/crash.log",
    fields: ["code", "fault"],
  },
  logLinesDropped: {
    levels: ["warn"],
    about: "log lines came faster than they could be written",
    fields: ["code", "lines"],
  },
  logSinkFailed: {
    levels: ["warn"],
    about: "lines can't be written where they should be, and go where the field says",
    fields: ["code", "sink", "reason"],
  },
  serviceManagerNotTold: {
    levels: ["warn"],
    about: "a sign of life did not reach the service manager",
    fields: ["code", "reason"],
  },

  // ---- hub ----
  hubOpened: { levels: ["info"], about: "the hub listens", fields: ["url", "dataDir"] },
  hubClosing: { levels: ["info"], about: "the hub begins to end", fields: ["reason"] },
  hubClosed: { levels: ["info"], about: "the hub has ended in order", fields: [] },
  tokenMade: { levels: ["info"], about: "this host's token was made", fields: ["path"] },
  tokensCorrupt: {
    levels: ["error"],
    about: "the list of tokens could not be read and was put aside",
    fields: ["code", "movedTo", "reason"],
  },
  loopStopped: {
    levels: ["warn"],
    about: "two addresses only answered each other, and must rest",
    fields: ["code", "between", "answers", "opensAtMs"],
  },
  commitFailed: {
    levels: ["error"],
    about: "the store kept nothing of a batch; its writers were told",
    fields: ["code", "reason"],
  },
  reloadFailed: { levels: ["error"], about: "the store could not be read again", fields: ["code", "reason"] },
  upkeepFailed: {
    levels: ["warn"],
    about: "old signals could not be cleared away",
    fields: ["code", "reason"],
  },
  storeCloseFailed: {
    levels: ["warn"],
    about: "the store did not close in order",
    fields: ["code", "reason"],
  },
  answerFailed: { levels: ["error"], about: "an answer could not be handed over", fields: ["code", "fault"] },
  pushFailed: { levels: ["error"], about: "a push could not be handed over", fields: ["code", "fault"] },
  displaceFailed: {
    levels: ["error"],
    about: "a displaced connection could not be told",
    fields: ["code", "fault"],
  },
  edgeFailed: {
    levels: ["error"],
    about: "a bug while a request was answered",
    fields: ["code", "during", "fault"],
  },
  connectionRefused: {
    levels: ["warn"],
    about: "too many connections at once: one was dropped",
    fields: ["code", "connectionsMax"],
  },
  peerBroke: {
    levels: ["debug"],
    about: "a peer sent what is no WebSocket frame",
    fields: ["code", "reason"],
  },
  peerDead: { levels: ["info"], about: "a peer gave no sign of life and was cut off", fields: ["session"] },
  peerTooSlow: {
    levels: ["warn"],
    about: "a peer read too slowly and was cut off",
    fields: ["code", "bufferedBytes"],
  },
  mcpRefused: { levels: ["debug"], about: "an MCP message was refused", fields: ["code", "reason"] },

  // ---- daemon ----
  daemonStarted: { levels: ["info"], about: "a daemon stands watch", fields: ["surface", "version"] },
  daemonStopping: { levels: ["info"], about: "a daemon was asked to end", fields: ["reason"] },
  daemonEnded: {
    levels: ["info", "error"],
    about: "a daemon has ended: stopped, wrapped or failed",
    fields: ["state", "reason", "code?"],
  },
  lifecycleChanged: {
    levels: ["debug", "info"],
    about: "the lifecycle went on: disconnected, reconciling, connected, emitting, ended",
    fields: ["from", "to", "on"],
  },
  lifecycleBroke: {
    levels: ["error"],
    about: "a bug in the lifecycle ends the daemon",
    fields: ["code", "state", "fault"],
  },
  hubLost: {
    levels: ["debug", "warn"],
    about: "the hub can't be reached or refuses; the same again is debug",
    fields: ["code", "reason", "hint"],
  },
  hostWoke: { levels: ["info"], about: "the host slept and is awake again", fields: ["gapMs"] },
  doorbellRung: { levels: ["info"], about: "the surface took a ring", fields: ["ring", "way"] },
  doorbellFailed: {
    levels: ["warn"],
    about: "no way to the surface took the ring",
    fields: ["code", "reason", "hint"],
  },
  doorbellSent: {
    levels: ["debug"],
    about: "a ring was sent by a way; whether it was taken is told later",
    fields: ["way", "ring?"],
  },
  surfaceRang: {
    levels: ["debug"],
    about: "what came of one try at a surface",
    fields: ["surface", "purpose", "ring", "attempt", "outcome", "said"],
  },
  surfaceThrew: {
    levels: ["error"],
    about: "a bug in a surface, which goes on",
    fields: ["code", "surface", "fault"],
  },
  surfaceNotClosed: {
    levels: ["warn"],
    about: "a surface did not end in time",
    fields: ["code", "surface", "timeoutMs"],
  },
  stateFileCorrupt: {
    levels: ["warn"],
    about: "the position could not be read; the hub tells it anew",
    fields: ["code", "path"],
  },
  stateFileFailed: {
    levels: ["debug", "warn"],
    about: "the position could not be kept; the same again is debug",
    fields: ["code", "reason"],
  },
  noteNotRead: {
    levels: ["warn"],
    about: "what was kept could not be read",
    fields: ["code", "what", "reason"],
  },
  noteNotWritten: {
    levels: ["warn"],
    about: "something could not be kept",
    fields: ["code", "what", "reason"],
  },
  bellFlagFailed: {
    levels: ["warn"],
    about: "the file that hooks look for could not be changed",
    fields: ["code", "isUp", "reason"],
  },
  notGivenBack: {
    levels: ["warn"],
    about: "something was not given back at the end",
    fields: ["code", "what", "fault"],
  },
  metricsServed: { levels: ["info"], about: "metrics can be read", fields: ["url"] },
  otlpStarted: { levels: ["info"], about: "metrics and spans are pushed to a collector", fields: ["url"] },
  otlpFailed: {
    levels: ["debug", "warn"],
    about: "a push did not reach the collector; until one does, the same again is debug",
    fields: ["code", "what", "reason"],
  },
  otlpWell: {
    levels: ["info"],
    about: "the collector takes what is pushed again; dropped is how many spans had to make room",
    fields: ["dropped"],
  },

  // ---- agents and their programs ----
  agentCame: {
    levels: ["info"],
    about: "an agent's session began, by its hooks",
    fields: ["client", "session"],
  },
  agentLeft: {
    levels: ["info"],
    about: "an agent's session is over",
    fields: ["client", "session", "reason"],
  },
  agentResumed: {
    levels: ["info", "warn"],
    about: "it was tried to bring an agent back",
    fields: ["mode", "session", "outcome", "reason", "code?"],
  },
  agentEnded: {
    levels: ["debug", "info"],
    about: "an agent that was brought back has ended; reason is why it failed",
    fields: ["client", "reason", "ending?", "status?"],
  },
  commandEnded: {
    levels: ["debug"],
    about: "the command of surface exec has ended",
    fields: ["purpose", "ring", "attempt", "ending", "status", "said"],
  },
  inboxReplied: {
    levels: ["debug"],
    about: "Claude Code's inbox said what became of a message",
    fields: ["state"],
  },
  replySocketFailed: {
    levels: ["warn"],
    about: "answers of Claude Code's inbox can't be heard",
    fields: ["code", "reason"],
  },
  notificationFailed: {
    levels: ["debug"],
    about: "no notification could be shown",
    fields: ["code", "reason"],
  },
  hookRan: {
    levels: ["debug"],
    about: "a hook of the agent reported",
    fields: ["hook", "client", "session"],
  },
  hookFailed: {
    levels: ["warn"],
    about: "a hook had no word from its daemon",
    fields: ["code", "hook", "client", "reason"],
  },
  hookWithoutDaemon: {
    levels: ["info"],
    about: "a hook found no daemon",
    fields: ["code", "hook", "client", "reason"],
  },

  // ---- installing a project's dependencies ----
  attachNote: { levels: ["info"], about: "what was noticed in the project's folder", fields: ["note"] },
  attachStepStarted: { levels: ["info"], about: "a step begins", fields: ["step"] },
  attachStepDone: { levels: ["info"], about: "a step is done", fields: ["step", "tookMs"] },
  attachStepFailed: { levels: ["warn"], about: "a step failed", fields: ["code", "step", "reason"] },
  attachLogNotWritten: {
    levels: ["warn"],
    about: "the installation's own log could not be written",
    fields: ["code", "reason"],
  },
  attachBroke: { levels: ["error"], about: "a bug while installing", fields: ["code", "fault"] },
  attachEnded: {
    levels: ["info", "warn"],
    about: "installing is over",
    fields: ["state", "detail", "code?"],
  },

  // ---- local sockets and pages ----
  ipcServerFailed: { levels: ["error"], about: "the daemon's own socket failed", fields: ["code", "reason"] },
  ipcHandlerFailed: {
    levels: ["error"],
    about: "a bug while a local request was answered",
    fields: ["code", "method", "fault"],
  },
  ipcClientGreeted: { levels: ["debug"], about: "a local client connected", fields: ["role", "version"] },
  ipcClientAttached: {
    levels: ["info"],
    about: "a local client hears doorbells from now on",
    fields: ["name", "pid"],
  },
  ipcClientDetached: { levels: ["info"], about: "a local client has left", fields: ["name", "pid"] },
  ipcClientDropped: {
    levels: ["warn"],
    about: "a local client broke the rules and was cut off",
    fields: ["code", "role", "reason"],
  },
  ipcClientRefused: {
    levels: ["debug", "warn"],
    about: "too many local clients at once: one was turned away; the same again is debug",
    fields: ["code", "clients"],
  },
  pageServerFailed: { levels: ["error"], about: "the port for metrics failed", fields: ["code", "reason"] },
  pageClientRefused: {
    levels: ["warn"],
    about: "too many read metrics at once",
    fields: ["code", "connectionsMax"],
  },
  pageRefused: {
    levels: ["warn"],
    about: "a daemon's page is not as it must be, and was left out",
    fields: ["code", "of", "reason"],
  },
  daemonSilent: {
    levels: ["debug"],
    about: "a daemon did not give its page in time",
    fields: ["code", "of", "reason"],
  },

  // ---- prism mcp ----
  toolFailed: { levels: ["error"], about: "a bug in a tool", fields: ["code", "tool", "fault"] },
  registerFailed: {
    levels: ["warn"],
    about: "the hub refused the agent's session",
    fields: ["code", "reason"],
  },
  wrapFailed: {
    levels: ["debug"],
    about: "the agent's session could not be wrapped at its end",
    fields: ["code", "reason"],
  },
  hubAway: {
    levels: ["debug"],
    about: "the hub can't be reached; it is tried again",
    fields: ["code", "reason", "retryInMs"],
  },
  daemonAway: {
    levels: ["debug"],
    about: "the daemon can't be reached; it is tried again",
    fields: ["code", "retryInMs"],
  },
  mcpLineNotJson: {
    levels: ["warn"],
    about: "a line on standard input is not JSON",
    fields: ["code", "hint"],
  },
  doorbellNotShown: {
    levels: ["debug"],
    about: "the agent's program took no notice of a doorbell",
    fields: ["code", "way", "reason"],
  },
} as const satisfies { readonly [name: string]: Event };

type Events = typeof LOG_EVENTS;
export type LogEventName = keyof Events;
export type LevelOf<E extends LogEventName> = Events[E]["levels"][number];

interface Kinds {
  readonly text: string;
  readonly "text|null": string | null;
  readonly number: number;
  readonly "number|null": number | null;
  readonly flag: boolean;
  readonly code: ErrorCode;
}
type ValueOf<N> = N extends LogFieldName ? Kinds[(typeof LOG_FIELDS)[N]["kind"]] : never;
type Named<E extends LogEventName> = Events[E]["fields"][number];
type Optional<N> = N extends `${infer M}?` ? M : never;

/** What must stand beside an event, and what may. */
export type FieldsOf<E extends LogEventName> = {
  readonly [N in Exclude<Named<E>, `${string}?`>]: ValueOf<N>;
} & { readonly [N in Optional<Named<E>>]?: ValueOf<N> } & ([Named<E>] extends [never] ? NoFields : unknown);

interface NoFields {
  readonly [name: string]: never;
}
