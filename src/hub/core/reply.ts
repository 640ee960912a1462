/**
 * What a decision answers. Most answers are complete at once; some need texts that only the store holds: those
 * say what they want, and `complete` turns what was found into the answer. Told to nobody before the batch
 * is durable (invariant 3).
 */
import { printable } from "../../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../../domain/errors.ts";
import type {
  SignalRecord,
  SignalState,
  SignalStatusAnswer,
  VerbAnswers,
  VerbName,
} from "../../domain/verbs.ts";
import type { Found, SignalHead, StoredSignal, StoredWay, Want } from "../store/store.ts";
import { formatId } from "./ids.ts";
import { stepsOf, type WayFacts } from "./way.ts";

export type Outcome = { readonly ok: VerbAnswers[VerbName] } | { readonly error: ErrorReport };

export type Reply =
  | { readonly kind: "done"; readonly outcome: Outcome }
  /** A drain of now: all is known but the texts, which the driver may still hold. */
  | {
      readonly kind: "drained";
      readonly signals: readonly TakenSignal[];
      readonly key: string;
      readonly remaining: number;
      readonly elsewhere: number;
    }
  | { readonly kind: "wanting"; readonly want: Want; readonly finish: Finish };

export interface TakenSignal {
  readonly head: SignalHead;
  readonly pushedAtMs: number | null;
  readonly status: SignalStatusAnswer;
}

export type Finish =
  | { readonly verb: "signal_status"; readonly tenant: string; readonly id: string }
  | ({ readonly verb: "signal_trace"; readonly tenant: string; readonly id: string } & WayFacts)
  | { readonly verb: "signal"; readonly wanted: SameSignal }
  | { readonly verb: "drain"; readonly key: string; readonly remaining: number; readonly elsewhere: number }
  | { readonly verb: "history" };

/** What a repeated key must stand for again. */
export interface SameSignal {
  readonly key: string;
  readonly to: string;
  readonly text: string;
  readonly urgent: boolean;
  readonly ttlMs: number;
  readonly replyTo: number | null;
  readonly final: boolean;
}

/** The names that a stored signal carries only as numbers. */
export interface Names {
  readonly tag: string;
  /** Name and tenant of an address, or undefined if this hub does not know it. */
  address(id: number): { readonly name: string; readonly tenant: string } | undefined;
}

/** Where a signal stands, and since when. */
export interface Standing {
  readonly state: SignalState;
  readonly deliveredAtMs: number | null;
  readonly endedAtMs: number | null;
}

export function statusOf(names: Names, head: SignalHead, standing: Standing): SignalStatusAnswer {
  return {
    id: formatId(names.tag, head.position),
    to: recipientOf(names, head),
    from: head.from,
    urgency: head.urgent ? "urgent" : "normal",
    state: standing.state,
    acceptedAtMs: head.acceptedAtMs,
    expiresAtMs: head.expiresAtMs,
    deliveredAtMs: standing.deliveredAtMs,
    drainedAtMs: standing.state === "drained" ? standing.endedAtMs : null,
    expiredAtMs: standing.state === "expired" ? standing.endedAtMs : null,
    replyTo: head.replyTo === null ? null : formatId(names.tag, head.replyTo),
    final: head.final,
    ...(head.traceparent === null ? NOT_TRACED : { traceparent: head.traceparent }),
  };
}

const NOT_TRACED = {};

/** `session:ID` for a signal to one session, else the address. */
export function recipientOf(names: Names, head: SignalHead): string {
  return head.session === null ? (names.address(head.address)?.name ?? "") : `session:${head.session}`;
}

/** @param textOf the texts of `reply.signals` by position: the driver has fetched what it did not hold */
export function completeDrain(
  reply: Extract<Reply, { kind: "drained" }>,
  textOf: (position: number) => string | undefined,
): Outcome {
  const signals: SignalRecord[] = [];
  for (const { head, status } of reply.signals) {
    const text = textOf(head.position);
    if (text === undefined) return missingText(status.id);
    signals.push({ ...status, text });
  }
  const { key, remaining, elsewhere } = reply;
  return { ok: { signals, key, remaining, elsewhere, repeated: false } };
}

export function complete(names: Names, finish: Finish, found: Found): Outcome {
  switch (finish.verb) {
    case "signal_status":
      return statusAnswer(names, finish.tenant, finish.id, found.signals[0]);
    case "signal_trace":
      return traceAnswer(names, finish, found);
    case "signal":
      return duplicateAnswer(names, finish.wanted, found.signals[0]);
    case "drain":
      return {
        ok: {
          signals: found.signals.map((signal) => recordOf(names, signal)),
          key: finish.key,
          remaining: finish.remaining,
          elsewhere: finish.elsewhere,
          repeated: true,
        },
      };
    case "history":
      return {
        ok: {
          signals: found.signals.map((signal) => recordOf(names, signal)),
          next: found.next === null ? null : formatId(names.tag, found.next),
        },
      };
  }
}

export function signalUnknown(id: string): PrismError {
  return new PrismError("signal_unknown", `no signal has the id "${id}"`, {
    hint: "check the id; a signal is forgotten some time after it was drained or expired",
  });
}

function recordOf(names: Names, signal: StoredSignal): SignalRecord {
  return { ...statusOf(names, signal, signal), text: signal.text };
}

function statusAnswer(names: Names, tenant: string, id: string, signal: StoredSignal | undefined): Outcome {
  // Another tenant's signal does not exist for the caller: the answer is the same in both cases.
  if (signal === undefined || names.address(signal.address)?.tenant !== tenant)
    return { error: reportOf(signalUnknown(id)) };
  return { ok: statusOf(names, signal, signal) };
}

function traceAnswer(
  names: Names,
  finish: Extract<Finish, { verb: "signal_trace" }>,
  { signals: [signal], way }: Found,
): Outcome {
  if (signal === undefined || names.address(signal.address)?.tenant !== finish.tenant)
    return { error: reportOf(signalUnknown(finish.id)) };
  const steps = stepsOf(signal, way ?? NO_WAY, finish);
  return { ok: { signal: statusOf(names, signal, signal), steps, traceparent: signal.traceparent } };
}

const NO_WAY: StoredWay = { rings: [], reader: null };

function duplicateAnswer(names: Names, wanted: SameSignal, signal: StoredSignal | undefined): Outcome {
  if (signal === undefined) return missingText(wanted.key);
  const same =
    recipientOf(names, signal) === wanted.to &&
    // Of a purged one nobody knows the text any more: then its key alone speaks for it.
    (signal.text === wanted.text || signal.text === "") &&
    signal.urgent === wanted.urgent &&
    signal.expiresAtMs - signal.acceptedAtMs === wanted.ttlMs &&
    signal.replyTo === wanted.replyTo &&
    signal.final === wanted.final;
  const id = formatId(names.tag, signal.position);
  if (!same) {
    return {
      error: {
        code: "key_conflict",
        message: `the key "${printable(wanted.key)}" already stands for signal ${id}, which differs from this one`,
        hint: "use a new key for a new signal",
      },
    };
  }
  return {
    ok: {
      id,
      to: recipientOf(names, signal),
      state: signal.state,
      acceptedAtMs: signal.acceptedAtMs,
      expiresAtMs: signal.expiresAtMs,
      duplicate: true,
    },
  };
}

/** The store lost what it had acknowledged: nothing an honest answer could paper over. */
function missingText(what: string): Outcome {
  return {
    error: {
      code: "storage_failed",
      message: `the store no longer holds what "${printable(what)}" stands for`,
      hint: "look at the hub's log and check its disk",
    },
  };
}
