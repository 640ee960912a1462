/**
 * Whether an agent may be started or resumed now: one at a time, a bounded number of attempts, and a pause that
 * grows while they fail. An attempt counts as failed until the agent itself shows up, by a receipt or a drain: a
 * process that was started proves nothing. What is remembered outlives the daemon, so that one that is restarted
 * in a loop does not start agents in a loop.
 *
 *             began             started             succeeded
 *   idle ─────────────> starting ───────> unproven ───────────> idle, all forgotten
 *    ^                      │                 │
 *    └──── cooling off <────┴─────────────────┘   failed, or nothing came in `proofMsMax`
 *
 * Pure: time and storage are handed in. Knows no surface, process, hub or file.
 */
import { printable } from "../domain/address.ts";
import { type Infer, listOf, maybe, object, readShape, text, whole } from "../domain/shape.ts";

export interface ResumePolicy {
  /** Attempts within `windowMs`, since the agent last showed up. */
  readonly attemptsMax: number;
  readonly windowMs: number;
  /** The pause after the first failure in a row, the second, and so on; the last one for all further. */
  readonly coolingOffMs: readonly [number, ...number[]];
  /** From the beginning of an attempt until the agent must have shown up. */
  readonly proofMsMax: number;
}

const MINUTE_MS = 60_000;

/**
 * Three attempts tell a broken agent from an unlucky start; an hour at most, so that one that was mended is back
 * the same morning without anybody's help. Ten minutes: a large session's first turn may take some.
 */
export const RESUME_POLICY: ResumePolicy = {
  attemptsMax: 3,
  windowMs: 30 * MINUTE_MS,
  coolingOffMs: [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS],
  proofMsMax: 10 * MINUTE_MS,
};

export type ResumeLeave =
  | { readonly ok: true }
  /** `reason` is one sentence; `untilMs` is when to ask again, by the clock that was handed in. */
  | { readonly ok: false; readonly reason: string; readonly untilMs: number };

export interface ResumeGuardStatus {
  readonly state: "idle" | "starting" | "unproven" | "coolingOff";
  /** Within the window, the one under way included. */
  readonly attempts: number;
  readonly attemptsMax: number;
  /** In a row. */
  readonly failures: number;
  /** Why the last one failed; null once the agent has shown up. */
  readonly lastReason: string | null;
  readonly lastAttemptAtMs: number | null;
  /** When the next attempt may be made; null if it may be now. */
  readonly untilMs: number | null;
}

export interface ResumeAsk {
  /** By a person: allowed while cooling off and over the bound, and counted like any other. */
  readonly forced?: boolean;
}

export interface ResumeGuard {
  /** Changes nothing. While it answers yes, exactly one caller may go on to `began`. */
  mayResume(ask?: ResumeAsk): ResumeLeave;
  /** Before anything is started. Saved before it returns, so that a crash after it is remembered. */
  began(): void;
  /** The surface says that the agent is up. Not yet a success: the agent has said nothing. */
  started(): void;
  /** The agent showed up by itself, through a receipt or a drain, whatever had woken it: all is forgotten. */
  succeeded(): void;
  /** The attempt under way failed. Ignored if none is: it was counted already, or the agent showed up. */
  failed(reason: string): void;
  status(): ResumeGuardStatus;
}

export interface ResumeGuardOptions {
  readonly policy?: ResumePolicy;
  /** Epoch milliseconds, as far as it can be had without leaping back. */
  readonly now: () => number;
  /** What `save` was last given, in this life or one before; anything else counts as nothing. May throw. */
  readonly load: () => unknown;
  /** Keeps a small record of plain data. May throw: the guard then remembers for this life alone. */
  readonly save: (record: ResumeRecord) => void;
}

const ATTEMPTS_KEPT_MAX = 100;
const REASON_CHARS_MAX = 200;
const epochMs = (about: string) => whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about });

const recordShape = object({
  attemptsAtMs: listOf(epochMs("when an attempt began"), {
    countMax: ATTEMPTS_KEPT_MAX,
    about: "attempts since the agent last showed up",
  }),
  failures: whole({ min: 0, max: 0xffff_ffff, about: "failures in a row" }),
  failedAtMs: maybe(epochMs("when the last one failed")),
  reason: maybe(text({ bytesMax: 8 * REASON_CHARS_MAX, bytesMin: 0, about: "why the last one failed" })),
  /** The attempt under way: the newest of `attemptsAtMs`. */
  underWay: maybe(text({ bytesMax: 16, about: "how far it is: starting or unproven" })),
});

/** What is remembered, as plain data. Times are epoch milliseconds. */
export type ResumeRecord = Infer<typeof recordShape>;

const NOTHING: ResumeRecord = { attemptsAtMs: [], failures: 0 };

export function openResumeGuard(options: ResumeGuardOptions): ResumeGuard {
  const policy = options.policy ?? RESUME_POLICY;
  assertSound(policy);
  let record = loaded(options.load);

  /** The record as it stands now: what time alone has decided is decided. */
  function current(): { readonly record: ResumeRecord; readonly nowMs: number } {
    const nowMs = Math.round(options.now());
    record = expired(notAhead(record, nowMs), policy, nowMs);
    return { record, nowMs };
  }

  function keep(next: ResumeRecord): void {
    record = next;
    try {
      options.save(next);
    } catch {
      // Remembered for this life; the daemon's own state file tells of a disk that fails.
    }
  }

  return {
    mayResume(ask = {}) {
      const { record, nowMs } = current();
      const leave = leaveOf(record, policy, ask.forced === true);
      return leave.ok || leave.untilMs > nowMs ? leave : { ok: true };
    },
    began() {
      const { record, nowMs } = current();
      // A person may begin anew while the last one is unproven: that one brought nobody.
      const before = record.underWay === undefined ? record : failure(record, UNPROVEN, nowMs);
      const attemptsAtMs = [...before.attemptsAtMs, nowMs].slice(-policy.attemptsMax);
      keep({ ...before, attemptsAtMs, underWay: "starting" });
    },
    started() {
      const { record } = current();
      if (record.underWay === "starting") keep({ ...record, underWay: "unproven" });
    },
    succeeded() {
      // Every drain comes through here: only the first one costs a write.
      if (record.attemptsAtMs.length > 0 || record.failures > 0) keep(NOTHING);
    },
    failed(reason) {
      const { record, nowMs } = current();
      if (record.underWay !== undefined) keep(failure(record, reason, nowMs));
    },
    status() {
      const { record, nowMs } = current();
      const leave = leaveOf(record, policy, false);
      const untilMs = leave.ok || leave.untilMs <= nowMs ? null : leave.untilMs;
      return {
        state: stateOf(record, untilMs),
        attempts: record.attemptsAtMs.filter((atMs) => atMs + policy.windowMs > nowMs).length,
        attemptsMax: policy.attemptsMax,
        failures: record.failures,
        lastReason: record.reason ?? null,
        lastAttemptAtMs: record.attemptsAtMs.at(-1) ?? null,
        untilMs,
      };
    },
  };
}

const UNPROVEN = "the agent was started, and neither took a doorbell nor drained";
const NEVER_UP = "the agent did not come up";

function stateOf(record: ResumeRecord, untilMs: number | null): ResumeGuardStatus["state"] {
  if (record.underWay === "starting") return "starting";
  if (record.underWay === "unproven") return "unproven";
  return untilMs === null ? "idle" : "coolingOff";
}

/** Refusals may lie in the past: whoever asks compares with the clock. */
function leaveOf(record: ResumeRecord, policy: ResumePolicy, forced: boolean): ResumeLeave {
  const lastAtMs = record.attemptsAtMs.at(-1);
  if (record.underWay !== undefined && lastAtMs !== undefined) {
    if (forced && record.underWay === "unproven") return { ok: true };
    const reason =
      record.underWay === "starting"
        ? "the agent is being started already"
        : "the agent was started a moment ago, and has not shown up yet";
    return { ok: false, reason, untilMs: lastAtMs + policy.proofMsMax };
  }
  if (forced) return { ok: true };
  const cooledAtMs = cooledOffAtMs(record, policy);
  const freeAtMs = windowFreeAtMs(record, policy);
  if (cooledAtMs === 0 && freeAtMs === 0) return { ok: true };
  const because = record.reason === undefined || record.reason === "" ? "" : `: ${record.reason}`;
  const reason =
    freeAtMs > cooledAtMs
      ? `the agent was started ${policy.attemptsMax} times within ${minutesText(policy.windowMs)} and never showed up${because}`
      : `cooling off after ${record.failures === 1 ? "a failed start" : `${record.failures} failed starts in a row`}${because}`;
  return { ok: false, reason, untilMs: Math.max(cooledAtMs, freeAtMs) };
}

/** 0 if nothing has failed. */
function cooledOffAtMs({ failures, failedAtMs }: ResumeRecord, policy: ResumePolicy): number {
  if (failures === 0 || failedAtMs === undefined) return 0;
  const [first, ...later] = policy.coolingOffMs;
  return failedAtMs + (failures === 1 ? first : (later[failures - 2] ?? later.at(-1) ?? first));
}

/** When the oldest of too many attempts leaves the window; 0 if there are not too many. */
function windowFreeAtMs({ attemptsAtMs }: ResumeRecord, policy: ResumePolicy): number {
  const oldest = attemptsAtMs.at(-policy.attemptsMax);
  return oldest === undefined ? 0 : oldest + policy.windowMs;
}

/** An attempt that nothing came of has failed, at the moment when its time was over. */
function expired(record: ResumeRecord, policy: ResumePolicy, nowMs: number): ResumeRecord {
  const begunAtMs = record.attemptsAtMs.at(-1);
  if (record.underWay === undefined || begunAtMs === undefined) return record;
  const dueAtMs = begunAtMs + policy.proofMsMax;
  if (dueAtMs > nowMs) return record;
  return failure(record, record.underWay === "starting" ? NEVER_UP : UNPROVEN, dueAtMs);
}

function failure(record: ResumeRecord, reason: string, atMs: number): ResumeRecord {
  return {
    attemptsAtMs: record.attemptsAtMs,
    failures: Math.min(record.failures + 1, 0xffff_ffff),
    failedAtMs: atMs,
    reason: printable(reason, REASON_CHARS_MAX).toWellFormed(),
  };
}

/** A clock that was set back must not make a pause of minutes one of years. */
function notAhead(record: ResumeRecord, nowMs: number): ResumeRecord {
  const { attemptsAtMs, failedAtMs } = record;
  const newestMs = Math.max(failedAtMs ?? 0, ...attemptsAtMs);
  if (newestMs <= nowMs) return record;
  return {
    ...record,
    attemptsAtMs: attemptsAtMs.map((atMs) => Math.min(atMs, nowMs)),
    ...(failedAtMs === undefined ? {} : { failedAtMs: Math.min(failedAtMs, nowMs) }),
  };
}

/** A record that can't be read is none: at worst an agent is started once too often. */
function loaded(load: () => unknown): ResumeRecord {
  try {
    const record = readShape(recordShape, load(), "the record of resumes");
    const isUnderWay = record.underWay === "starting" || record.underWay === "unproven";
    if (isUnderWay && record.attemptsAtMs.length > 0) return record;
    const { underWay: _, ...settled } = record;
    return settled;
  } catch {
    return NOTHING;
  }
}

function assertSound({ attemptsMax, windowMs, coolingOffMs, proofMsMax }: ResumePolicy): void {
  const isSound =
    Number.isSafeInteger(attemptsMax) &&
    attemptsMax >= 1 &&
    attemptsMax <= ATTEMPTS_KEPT_MAX &&
    [windowMs, proofMsMax, ...coolingOffMs].every((ms) => Number.isSafeInteger(ms) && ms > 0);
  if (!isSound) throw new RangeError("the policy of resumes is not one of whole, positive numbers");
}

function minutesText(ms: number): string {
  return ms % MINUTE_MS === 0 ? `${ms / MINUTE_MS} min` : `${ms} ms`;
}
