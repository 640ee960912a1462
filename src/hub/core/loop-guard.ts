/**
 * Puts the loop rule to work in the hub: finds out who sends, refuses in words that say how many, between whom,
 * when it opens again and what to do instead, and gathers what was stopped for the log and for `status`.
 */
import { PrismError } from "../../domain/errors.ts";
import type { LoopReport } from "../../domain/verbs.ts";
import type { RecentSignal } from "../store/store.ts";
import { type LoopBounds, LoopWatch, NOBODY_NAMED, NOT_REGISTERED, type Stop } from "./loops.ts";
import type { Registered, Registry, Session } from "./registry.ts";
import { duration } from "./target.ts";

export class LoopGuard {
  readonly #registry: Registry;
  readonly #watch: LoopWatch;
  #news: LoopReport[] = [];

  /** @param recent signals of an earlier core, by what their senders said of themselves: no session is kept with them */
  constructor(registry: Registry, bounds: LoopBounds, recent: readonly RecentSignal[]) {
    this.#registry = registry;
    this.#watch = new LoopWatch(bounds);
    for (const { address, from, acceptedAtMs } of recent) {
      const at = registry.byId(address);
      if (at !== undefined) this.#watch.note(this.#idOf(at.tenant, from), address, acceptedAtMs);
    }
  }

  /**
   * The sender, by whom it is and not only by whom it says it is: a session is known by its address.
   * @returns what `refuse` and `note` take
   */
  senderOf(tenant: string, session: Session | null, from: string | null): number {
    return session === null ? this.#idOf(tenant, from) : session.at.id;
  }

  #idOf(tenant: string, from: string | null): number {
    if (from === null) return NOBODY_NAMED;
    return this.#registry.find(tenant, from)?.id ?? NOT_REGISTERED;
  }

  /** @throws PrismError `loop_stopped` */
  refuse(sender: number, to: Registered, nowMs: number): void {
    const stop = this.#watch.refusal(sender, to.id, nowMs);
    if (stop === null) return;
    const report = this.#report(stop);
    if (stop.isNew) this.#news.push(report);
    throw loopStopped(report, stop.why, nowMs);
  }

  /** A signal was taken. */
  note(sender: number, to: Registered, nowMs: number): void {
    this.#watch.note(sender, to.id, nowMs);
  }

  /** A tenant's pairs that are stopped now. */
  reports(tenant: string, nowMs: number): LoopReport[] {
    return this.#watch
      .stops(nowMs)
      .filter(({ between }) => this.#registry.byId(between[0])?.tenant === tenant)
      .map((stop) => this.#report(stop));
  }

  /** Pairs that were stopped since the last call. */
  takeNews(): readonly LoopReport[] {
    const news = this.#news;
    if (news.length > 0) this.#news = [];
    return news;
  }

  #report({ between, answers, stoppedAtMs, opensAtMs }: Stop): LoopReport {
    const [one = "", other = ""] = between.map((id) => this.#registry.byId(id)?.name ?? "").sort();
    return { between: [one, other], answers, stoppedAtMs, opensAtMs };
  }
}

function loopStopped(report: LoopReport, why: Stop["why"], nowMs: number): PrismError {
  const { answers, opensAtMs } = report;
  const [one, other] = report.between;
  const did = one === other ? `${one} has signalled itself` : `${one} and ${other} have answered each other`;
  const times = `${answers} times ${why === "pace" ? "in quick succession" : "in a row"}`;
  const wait = duration(Math.max(1_000, Math.ceil((opensAtMs - nowMs) / 1_000) * 1_000));
  const instead =
    why === "pace"
      ? `else do some work first: it opens again in ${wait}`
      : `else ask a person, whose signal to either opens it at once; without one it opens in ${wait}`;
  return new PrismError("loop_stopped", `${did} ${times}`, {
    hint: `nothing was queued, and no answer is owed: if there is nothing new to say, end here; ${instead}`,
  });
}
