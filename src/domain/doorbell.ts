/**
 * A doorbell: a hint that signals wait, never the signals (invariant 5). It carries who waits, how many and
 * how urgent; nothing a sender wrote. Sender addresses are names, so they hold no control characters.
 */
import { isAddress } from "./address.ts";
import type { MailboxView, SenderCount } from "./verbs.ts";

export interface Doorbell {
  /** Grows with every ring of this daemon's life; a receipt names it. */
  readonly ring: number;
  /** 1 for the first ring of this doorbell, then counted up while it stays unanswered. */
  readonly attempt: number;
  readonly persona: string;
  readonly project: string;
  readonly open: number;
  readonly urgent: number;
  readonly senders: readonly SenderCount[];
  readonly othersOpen: number;
  /** By the hub's clock. */
  readonly oldestAtMs: number | null;
}

export interface DoorbellFrame {
  readonly ring: number;
  readonly attempt: number;
  readonly persona: string;
  readonly project: string;
}

export function doorbellOf(view: MailboxView, frame: DoorbellFrame): Doorbell {
  return {
    ...frame,
    open: view.open,
    urgent: view.urgent,
    senders: view.senders,
    othersOpen: view.othersOpen,
    oldestAtMs: view.oldestAtMs,
  };
}

/** `2 signals wait for reviewer@shop (1 urgent), from planner@shop and 1 other`. */
export function sentenceOf(bell: Doorbell): string {
  const count = bell.open === 1 ? "1 signal waits" : `${bell.open} signals wait`;
  const urgent =
    bell.urgent === 0 ? "" : bell.urgent === bell.open ? " (urgent)" : ` (${bell.urgent} urgent)`;
  // A hub that was taken over must not speak to a model through a sender's address.
  const named = bell.senders.filter((sender) => isAddress(sender.from)).slice(0, 3);
  const others = bell.open - named.reduce((sum, sender) => sum + sender.count, 0);
  const from = named.map((sender) => sender.from).join(", ");
  const tail = from === "" ? "" : others > 0 ? `, from ${from} and others` : `, from ${from}`;
  return `${count} for ${bell.persona}@${bell.project}${urgent}${tail}`;
}
