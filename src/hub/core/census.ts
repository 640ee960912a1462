/** Counts what is registered and what waits, at one moment. Walks all sessions: for a scrape, not for a signal. */
import type { HubCensus } from "../../metrics/hub.ts";
import { type Registry, sessionLiveness } from "./registry.ts";

export function censusOf(
  registry: Registry,
  nowMs: number,
): Pick<HubCensus, "open" | "oldestOpenMs" | "mailboxesOpen" | "sessions" | "connected"> {
  const sessions = {
    agent: { alive: 0, stale: 0, wrapped: 0 },
    daemon: { alive: 0, stale: 0, wrapped: 0 },
  };
  const connected = { agent: 0, daemon: 0 };
  for (const session of registry.sessions()) {
    sessions[session.kind][sessionLiveness(session, nowMs)]++;
    if (session.connected) connected[session.kind]++;
  }
  let pending = 0;
  let delivered = 0;
  let mailboxesOpen = 0;
  let oldestAtMs = nowMs;
  for (const { mailbox } of registry.addresses()) {
    if (mailbox.oldest === null) continue;
    mailboxesOpen++;
    pending += mailbox.open - mailbox.delivered;
    delivered += mailbox.delivered;
    oldestAtMs = Math.min(oldestAtMs, mailbox.oldest.head.acceptedAtMs);
  }
  return {
    open: { pending, delivered },
    oldestOpenMs: nowMs - oldestAtMs,
    mailboxesOpen,
    sessions,
    connected,
  };
}
