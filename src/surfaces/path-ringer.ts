/**
 * Rings a surface that has several ways to reach its agent: tries them in order, waits for the receipt of each,
 * learns which one works for this version of the client, and goes on to the next when none comes in time. Knows
 * no client: what a way does, and what the agent is at now, is handed in.
 *
 *   look ─ none ── ways that need nobody known ─> start or resume it, where that is allowed
 *        ─ busy ── wait for its turn boundary ─> taken, or idle again, or too long: failed
 *        ─ idle ── path 1 ── receipt ─> taken
 *                    │ none in time
 *                    └─ path 2 ── ... ─> failed, with what each said
 */
import type { Doorbell } from "../domain/doorbell.ts";
import type { AgentSide, Receipt } from "./agent-side.ts";
import type { Fondness } from "./path-memory.ts";
import type { PathReport, RingOutcome } from "./surface.ts";

/** What the agent is at. `reason` is one sentence for `status`, without secrets. */
export type Look<T> =
  /** Nobody is known to be there; `target` where a way may reach somebody all the same, as a pane by its name. */
  | { readonly kind: "none"; readonly reason: string; readonly target?: T }
  | Busy<T>
  | { readonly kind: "idle"; readonly target: T };

/** It hears at its turn boundary, through its hooks. */
interface Busy<T> {
  readonly kind: "busy";
  readonly target: T;
  readonly reason: string;
  /** Settles when it may have ended its turn, where that is known otherwise than by hooks, or when `until` fires. */
  readonly changed?: (until: AbortSignal) => Promise<void>;
}

export type Sent =
  /** Handed over; whether the agent has it, only its receipt tells. `refused` settles if it is heard not to. */
  | { readonly kind: "sent"; readonly refused?: Promise<string> }
  /** Handed over, and this way has seen itself that it was taken. */
  | { readonly kind: "taken" }
  /** This way is not open now: nothing was sent. */
  | { readonly kind: "unready"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

type Settled =
  /** By the way that the receipt itself names, if it does. */
  | { readonly kind: "taken"; readonly via?: string | undefined }
  | { readonly kind: "failed"; readonly reason: string };

export interface RingPath<T> {
  readonly name: string;
  /** How long its receipt may take. */
  readonly receiptMsMax: number;
  /** Never throws for what can be expected; sends nothing once `cancelled` has fired. */
  send(bell: Doorbell, target: T, cancelled: AbortSignal): Promise<Sent>;
}

export interface PathRingerOptions<T> {
  readonly agent: AgentSide;
  readonly paths: readonly RingPath<T>[];
  readonly fondness: Fondness;
  /** The client's version, for what is learnt; "" if unknown. */
  readonly versionOf: (target: T) => string;
  look(cancelled: AbortSignal): Promise<Look<T>>;
  /** Starts or resumes an agent that is not there; absent: it is not allowed. */
  readonly resume?: (bell: Doorbell, cancelled: AbortSignal) => Promise<RingOutcome>;
  /** How long a busy agent is waited for. */
  readonly busyMsMax: number;
  /** How often a busy agent that says nothing is looked at again. */
  readonly lookAgainMs: number;
}

/** The first look again comes after this share of the usual delay, each next after twice as long. */
const FIRST_LOOK_SHARE = 1 / 40;

export const MOOT = "the doorbell became moot before it was rung";
export const OVERLAP = "an earlier ring is still under way";
export const CLOSED = "the surface is closed";
/** The name of the way that all clients with hooks share. */
export const TURN_BOUNDARY = "turn boundary";
/** No way of ours: the agent's side showed by itself that it has what waits. */
const DRAIN = "drain";

const never = new Promise<void>(() => {});

export class PathRinger<T> {
  readonly #options: PathRingerOptions<T>;
  readonly #closing = new AbortController();
  #underWay: Promise<RingOutcome> | undefined;
  /** Why a ring waits for the end of a turn, while it does. */
  #waitsFor: string | null = null;

  constructor(options: PathRingerOptions<T>) {
    this.#options = options;
  }

  ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    return this.alone(cancelled, (called) => this.#ring(bell, called));
  }

  /** One at a time: a ring or a start. Both end when the doorbell is moot or the surface closes. */
  async alone(
    cancelled: AbortSignal,
    work: (called: AbortSignal) => Promise<RingOutcome>,
  ): Promise<RingOutcome> {
    if (this.#closing.signal.aborted) return failed(CLOSED);
    if (cancelled.aborted) return failed(MOOT);
    if (this.#underWay !== undefined) return failed(OVERLAP);
    const underWay = work(AbortSignal.any([cancelled, this.#closing.signal]));
    this.#underWay = underWay;
    try {
      return await underWay;
    } finally {
      this.#underWay = undefined;
    }
  }

  /** The turn boundary first: a busy agent is told there, whatever ways there are to an idle one. */
  report(): readonly PathReport[] {
    const { fondness, paths } = this.#options;
    const reports = fondness.report([TURN_BOUNDARY, ...paths.map(({ name }) => name)]);
    const reason = this.#waitsFor;
    if (reason === null) return reports;
    return reports.map((path) =>
      path.name === TURN_BOUNDARY ? { ...path, state: "unready", reason } : path,
    );
  }

  /** Settles once nothing of a ring is under way any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#underWay?.catch(() => {});
  }

  async #ring(bell: Doorbell, called: AbortSignal): Promise<RingOutcome> {
    const { agent, busyMsMax } = this.#options;
    const mark = agent.receipts;
    const busyUntil = AbortSignal.any([called, AbortSignal.timeout(busyMsMax)]);
    for (let looks = 0; ; looks += 1) {
      const look = await this.#options.look(called);
      // A hook has handed over the words meanwhile, or a drain has taken what they were about.
      const receipt = await agent.receiptAfter(mark, AbortSignal.abort());
      if (receipt !== null) return this.#atBoundary(look, receipt);
      if (called.aborted) return failed(MOOT);
      if (look.kind === "none") return this.#toNobody(bell, look, called);
      if (look.kind === "idle") return this.#alongPaths(bell, look.target, called);
      if (busyUntil.aborted) return failed(look.reason);
      this.#waitsFor = look.reason;
      await this.#turnEnd(mark, { ...look, looks }, busyUntil).finally(() => {
        this.#waitsFor = null;
      });
    }
  }

  /** Settles with a receipt, a change of any session, or when it is time to look again. */
  async #turnEnd(
    mark: number,
    { changed, looks }: Busy<T> & { readonly looks: number },
    until: AbortSignal,
  ): Promise<void> {
    const { agent, lookAgainMs } = this.#options;
    const done = new AbortController();
    // Most turns that seem busy at first have just ended: a client says so a moment after its last hook.
    const delayMs = Math.min(lookAgainMs, lookAgainMs * FIRST_LOOK_SHARE * 2 ** looks);
    const again = AbortSignal.any([until, done.signal, AbortSignal.timeout(Math.ceil(delayMs))]);
    await Promise.race([agent.receiptAfter(mark, again), agent.changed(again), changed?.(again) ?? never]);
    done.abort();
  }

  #atBoundary(look: Look<T>, { via, by }: Receipt): RingOutcome {
    if (by === "drain") return taken(DRAIN);
    const { fondness, versionOf } = this.#options;
    if (look.target !== undefined) fondness.worked(versionOf(look.target), via ?? TURN_BOUNDARY);
    return taken(via ?? TURN_BOUNDARY);
  }

  async #toNobody(
    bell: Doorbell,
    look: Look<T> & { readonly kind: "none" },
    called: AbortSignal,
  ): Promise<RingOutcome> {
    const { resume } = this.#options;
    const rung = look.target === undefined ? undefined : await this.#alongPaths(bell, look.target, called);
    if (rung?.kind === "taken") return rung;
    if (called.aborted) return failed(MOOT);
    if (resume !== undefined) return resume(bell, called);
    return failed(rung === undefined ? look.reason : `${look.reason}; ${rung.reason}`);
  }

  async #alongPaths(bell: Doorbell, target: T, called: AbortSignal): Promise<RingOutcome> {
    const { agent, paths, fondness } = this.#options;
    const version = this.#options.versionOf(target);
    const said: string[] = [];
    const mark = agent.receipts;
    for (const path of fondness.order(version, paths)) {
      if (called.aborted) return failed(MOOT);
      const sent = await path.send(bell, target, called);
      if (sent.kind === "unready") {
        fondness.unready(path.name, sent.reason);
        said.push(`${path.name}: ${sent.reason}`);
        continue;
      }
      const outcome: Settled = sent.kind === "sent" ? await this.#receipt(path, sent, mark, called) : sent;
      if (outcome.kind === "taken") {
        const via = outcome.via ?? path.name;
        // Whoever drained, maybe a person at a shell: the words became moot, and nothing is learnt of the way.
        if (via !== DRAIN) fondness.worked(version, via);
        return taken(via);
      }
      if (called.aborted) return failed(MOOT);
      fondness.failed(version, path.name, outcome.reason);
      said.push(`${path.name}: ${outcome.reason}`);
    }
    return failed(said.length === 0 ? "there is no way to ring this agent" : said.join("; "));
  }

  /** From the mark: a receipt that came late for an earlier way is one as well, and ends the ring. */
  async #receipt(
    path: RingPath<T>,
    { refused }: Sent & { readonly kind: "sent" },
    mark: number,
    called: AbortSignal,
  ): Promise<Settled> {
    const end = new AbortController();
    let reason = `no receipt came within ${path.receiptMsMax} ms`;
    void refused?.then((said) => {
      reason = said;
      end.abort();
    });
    const until = AbortSignal.any([called, end.signal, AbortSignal.timeout(path.receiptMsMax)]);
    const receipt = await this.#options.agent.receiptAfter(mark, until);
    if (receipt === null) return { kind: "failed", reason };
    const { via, by } = receipt;
    if (by === "drain") return { kind: "taken", via: DRAIN };
    const known = via !== null && this.#options.paths.some(({ name }) => name === via);
    return { kind: "taken", via: known ? via : by === "boundary" ? TURN_BOUNDARY : undefined };
  }
}

function taken(path: string): RingOutcome {
  return { kind: "taken", path };
}

function failed(reason: string): RingOutcome & { readonly kind: "failed" } {
  return { kind: "failed", reason };
}
