/**
 * The way `channel`: the agent's own tool server, which the session was started with as a channel of its, hands it
 * the doorbell. A research preview of the client's, off unless it is switched on here and there; a session that does
 * not listen drops the words in silence.
 *
 * Source: Claude Code, channels reference; needs a login that no test has, so only the protocol is tested.
 */
import { bellWords } from "../../domain/bell-words.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import type { Log } from "../../domain/log.ts";
import type { AgentSide } from "../agent-side.ts";
import type { RingPath, Sent } from "../path-ringer.ts";
import type { Target } from "./look.ts";

/** The first version with channels. */
const VERSION_MIN = [2, 1, 80] as const;

export function channelWay(agent: AgentSide, receiptMsMax: number, log: Log): RingPath<Target> {
  return {
    name: "channel",
    receiptMsMax,
    async send(bell: Doorbell, { session }: Target, cancelled: AbortSignal): Promise<Sent> {
      if (session === null) return { kind: "unready", reason: "no session is known" };
      if (isOlder(session.version)) {
        return { kind: "unready", reason: `Claude Code ${session.version} has no channels` };
      }
      if (!cancelled.aborted && agent.tellChannels(bellWords(bell)) > 0) {
        log("debug", "doorbellSent", { ring: bell.ring, way: "channel" });
        return { kind: "sent" };
      }
      return { kind: "unready", reason: "no tool server of the agent's is attached as a channel" };
    },
  };
}

/** What is unknown is taken to be new: its receipt will tell. */
function isOlder(version: string | null): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/
    .exec(version ?? "")
    ?.slice(1)
    .map(Number);
  if (parts === undefined) return false;
  const at = VERSION_MIN.findIndex((least, place) => parts[place] !== least);
  return at !== -1 && (parts[at] ?? 0) < (VERSION_MIN[at] ?? 0);
}
