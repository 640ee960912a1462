/**
 * A ring's facts as environment variables, over what the daemon itself inherited. Pure. Only names and numbers go
 * in: nothing that a sender wrote, nothing a shell could take for its own (invariant 5), and no secret
 * (invariant 10).
 */
import { isAddress } from "../../domain/address.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import type { SurfaceContext } from "../surface.ts";

export function ringEnvironment(
  bell: Doorbell,
  purpose: "ring" | "resume",
  context: Pick<SurfaceContext, "env" | "root">,
): { readonly [name: string]: string } {
  return { ...childEnvironment(context.env), ...factsOf(bell, purpose, context.root) };
}

function factsOf(
  bell: Doorbell,
  purpose: "ring" | "resume",
  root: string,
): { readonly [name: string]: string } {
  // A hub that was taken over must not reach a shell through a sender's address.
  const named = bell.senders.filter((sender) => isAddress(sender.from));
  const namedOpen = named.reduce((sum, sender) => sum + sender.count, 0);
  return {
    PRISM_PURPOSE: purpose,
    PRISM_RING: String(bell.ring),
    PRISM_ATTEMPT: String(bell.attempt),
    PRISM_PERSONA: bell.persona,
    PRISM_PROJECT: bell.project,
    PRISM_ADDRESS: `${bell.persona}@${bell.project}`,
    PRISM_ROOT: root,
    PRISM_OPEN: String(bell.open),
    PRISM_URGENT: String(bell.urgent),
    /** Addresses, most signals first, parted by spaces. */
    PRISM_SENDERS: named.map((sender) => sender.from).join(" "),
    /** Open signals of senders that are not named. */
    PRISM_OTHERS: String(Math.max(0, bell.open - namedOpen)),
    /** ISO 8601 in UTC, by the hub's clock; empty if nothing is open. */
    PRISM_OLDEST_AT: timeOf(bell.oldestAtMs),
  };
}

function timeOf(atMs: number | null): string {
  if (atMs === null) return "";
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
