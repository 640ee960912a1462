/**
 * Which signal another one may name as the one it answers. What is named must be kept still: a reference that
 * nobody can look up helps no reader, could name another tenant's signal, and would open a closed matter.
 * So a reply to what retention has taken is refused, and the hint says how the news is told all the same.
 */
import { PrismError } from "../../domain/errors.ts";
import type { SignalHead } from "../store/store.ts";
import type { Names } from "./reply.ts";

interface Reply {
  readonly tenant: string;
  /** Who answers, or null for a sender without an address. */
  readonly from: string | null;
  /** As the caller wrote it, printable. */
  readonly id: string;
}

/**
 * @param answered null if no such signal is kept
 * @throws PrismError `signal_unknown`, `matter_closed`
 */
export function refuseReply(names: Names, answered: SignalHead | null, reply: Reply): void {
  const { tenant, from, id } = reply;
  const at = answered === null ? undefined : names.address(answered.address);
  // Another tenant's signal does not exist for the caller: the answer is the same in both cases.
  if (answered === null || at === undefined || at.tenant !== tenant) {
    throw nothingToAnswer(id);
  }
  const isParty = from === null || answered.from === null || from === answered.from || from === at.name;
  if (!isParty) {
    throw new PrismError("signal_unknown", `${from} neither sent nor received signal "${id}"`, {
      hint: "answer a signal of your own, or send it without replyTo",
    });
  }
  if (answered.final) {
    throw new PrismError("matter_closed", `signal "${id}" was final: no answer to it is wanted`, {
      hint: "leave it at that; only if there is news, start a new matter without replyTo; nothing was queued",
    });
  }
}

export function nothingToAnswer(id: string): PrismError {
  return new PrismError("signal_unknown", `no signal has the id "${id}", so nothing can answer it`, {
    hint: "check the id, or send it without replyTo: a signal is forgotten some time after it was drained or expired",
  });
}
