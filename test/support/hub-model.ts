/**
 * A naive model of what signals may do, to hold the hub's decisions against: a list of signals, walked anew
 * for every question. Learns which signals were accepted from the hub's answers, and knows no store.
 */
import type { DrainAnswer, MailboxView, SignalState } from "../../src/domain/verbs.ts";

export interface ModelSignal {
  readonly id: string;
  readonly position: number;
  readonly address: string;
  readonly from: string;
  readonly urgent: boolean;
  readonly expiresAtMs: number;
  readonly acceptedAtMs: number;
  text: string;
  state: SignalState;
}

/** What a name stands for: nothing, somebody on duty, or somebody who was taken off it. */
interface Duty {
  standing: "on" | "wrapped" | "archived";
  isPersona: boolean;
  token: string | null;
}

export class HubModel {
  readonly signals: ModelSignal[] = [];
  readonly #drains = new Map<string, readonly string[]>();
  readonly #drainCounts = new Map<string, number>();
  readonly #revisions = new Map<string, number>();
  readonly #duties = new Map<string, Duty>();

  duty(address: string): Duty {
    let duty = this.#duties.get(address);
    if (duty === undefined) {
      duty = { standing: "on", isPersona: false, token: null };
      this.#duties.set(address, duty);
    }
    return duty;
  }

  created(address: string, token: string): void {
    const duty = this.duty(address);
    if (!duty.isPersona) duty.standing = "on";
    duty.isPersona = true;
    duty.token = token;
  }

  archived(address: string): void {
    const duty = this.duty(address);
    duty.isPersona = true;
    duty.standing = "archived";
  }

  restored(address: string): number {
    const duty = this.duty(address);
    if (duty.standing === "archived") duty.standing = "on";
    return this.open(address).length;
  }

  /** @returns how many expired */
  destroyed(address: string, purge: boolean): number {
    this.#duties.set(address, { standing: "wrapped", isPersona: false, token: null });
    if (!purge) return 0;
    const waiting = this.open(address);
    for (const signal of waiting) signal.state = "expired";
    for (const signal of this.signals) if (signal.address === address) signal.text = "";
    return waiting.length;
  }

  open(address: string): ModelSignal[] {
    return this.signals.filter((signal) => signal.address === address && isOpen(signal));
  }

  accepted(signal: Omit<ModelSignal, "state">): void {
    if (this.signals.some((other) => other.id === signal.id))
      throw new Error(`${signal.id} was given out twice`);
    this.signals.push({ ...signal, state: "pending" });
  }

  expire(nowMs: number): void {
    for (const signal of this.signals)
      if (isOpen(signal) && signal.expiresAtMs <= nowMs) signal.state = "expired";
  }

  deliver(address: string, through: number): void {
    for (const signal of this.open(address))
      if (signal.position <= through && signal.state === "pending") signal.state = "delivered";
  }

  /** Invariant 8, both halves: the same drain gives the same, and no two drains share a signal. */
  drained(address: string, answer: DrainAnswer, bound: { readonly limit: number }): string[] {
    const ids = answer.signals.map((signal) => signal.id);
    const name = `${address} ${answer.key}`;
    const before = this.#drains.get(name);
    if (answer.repeated !== (before !== undefined)) return [`drain ${name}: repeated is ${answer.repeated}`];
    const waiting = this.open(address);
    const due = before ?? waiting.slice(0, bound.limit).map((signal) => signal.id);
    const faults: string[] = [];
    if (ids.join() !== due.join()) faults.push(`drain ${name} gave ${ids}, not ${due}`);
    for (const { id, text, state } of answer.signals) {
      const signal = this.signals.find((other) => other.id === id);
      if (signal?.text !== text) faults.push(`${id} came with another text`);
      if (state !== "drained") faults.push(`${id} is ${state} in a drain's answer`);
    }
    if (before === undefined && ids.length > 0) {
      this.#drains.set(name, ids);
      this.#drainCounts.set(address, (this.#drainCounts.get(address) ?? 0) + 1);
      for (const signal of waiting) if (ids.includes(signal.id)) signal.state = "drained";
    }
    const left = this.open(address).length;
    if (answer.remaining !== left) faults.push(`drain ${name} leaves ${answer.remaining}, not ${left}`);
    return faults;
  }

  /** A view tells what a naive count tells, and never goes back. */
  seen(address: string, view: MailboxView): string[] {
    const waiting = this.open(address);
    const all = this.signals.filter((signal) => signal.address === address);
    const counted = {
      open: waiting.length,
      urgent: waiting.filter((signal) => signal.urgent).length,
      through: all.at(-1)?.position ?? 0,
      drains: this.#drainCounts.get(address) ?? 0,
      oldestAtMs: waiting[0]?.acceptedAtMs ?? null,
      newestAtMs: waiting.at(-1)?.acceptedAtMs ?? null,
      senders: sendersOf(waiting),
      othersOpen: 0,
    };
    const { revision, told, ...view2 } = view;
    const faults: string[] = [];
    if (JSON.stringify(sorted(view2)) !== JSON.stringify(sorted(counted)))
      faults.push(`the view of ${address} is ${JSON.stringify(view2)}, counted ${JSON.stringify(counted)}`);
    if (told > view.through) faults.push(`${address} was told of ${told}, beyond ${view.through}`);
    const last = this.#revisions.get(address) ?? 0;
    if (revision < last) faults.push(`revision of ${address} went back from ${last} to ${revision}`);
    this.#revisions.set(address, revision);
    return faults;
  }
}

function isOpen(signal: ModelSignal): boolean {
  return signal.state === "pending" || signal.state === "delivered";
}

function sendersOf(signals: readonly ModelSignal[]): { from: string; count: number }[] {
  const names = [...new Set(signals.map((signal) => signal.from))];
  return names
    .map((from) => ({ from, count: signals.filter((signal) => signal.from === from).length }))
    .sort((a, b) => b.count - a.count || (a.from < b.from ? -1 : 1));
}

function sorted(members: object): object {
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}
