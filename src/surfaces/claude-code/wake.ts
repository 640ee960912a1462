/**
 * The way `wake`: ends a hook of the idle session that blocks in the daemon, with the doorbell as its words, which
 * the client takes for a reason to wake the session. One shot: the client runs such a hook anew as each turn ends.
 *
 * Source: observed on 2.1.329, hooks with `asyncRewake`.
 */
import { bellWords } from "../../domain/bell-words.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import type { Log } from "../../domain/log.ts";
import type { AgentSide } from "../agent-side.ts";
import type { RingPath, Sent } from "../path-ringer.ts";
import type { Target } from "./look.ts";

export function wakeWay(agent: AgentSide, receiptMsMax: number, log: Log): RingPath<Target> {
  return {
    name: "wake",
    receiptMsMax,
    async send(bell: Doorbell, { session }: Target, cancelled: AbortSignal): Promise<Sent> {
      if (session === null) return { kind: "unready", reason: "no session is known" };
      if (!cancelled.aborted && agent.wake(session.id, bellWords(bell))) {
        log("debug", "doorbellSent", { ring: bell.ring, way: "wake" });
        return { kind: "sent" };
      }
      return { kind: "unready", reason: "no hook of the session waits to wake it" };
    },
  };
}
