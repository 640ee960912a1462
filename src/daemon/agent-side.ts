/**
 * What a daemon lends its surface, put together: the desk where hooks report, and the files in which desk and
 * surface keep what their next life shall know. What waits is known only once the lifecycle is there.
 */
import { uptime } from "node:os";
import { join } from "node:path";
import type { Doorbell } from "../domain/doorbell.ts";
import { bellFlagPathOf } from "../host/home.ts";
import { AgentDesk } from "./agent-desk.ts";
import { hostAlarm } from "./alarm.ts";
import { openBellFlag } from "./bell-flag.ts";
import type { Clock } from "./clock.ts";
import { openNote } from "./note.ts";
import type { DaemonOptions, SurfacePorts } from "./options.ts";

/** What the desk asks of the daemon. */
export interface DeskWorld {
  readonly waiting: () => { readonly bell: Doorbell; readonly through: number };
  readonly ring: () => void;
  readonly listeners: () => number;
  readonly tellChannels: (words: string) => number;
  /** Of what the agent does. */
  readonly told: (what: string) => void;
}

export interface DaemonAgentSide {
  readonly desk: AgentDesk;
  readonly lent: Pick<SurfacePorts, "agent" | "memory">;
  /** From now on the desk can ask. */
  know(world: DeskWorld): void;
}

export function openAgentSide(options: DaemonOptions, clock: Clock, stateDir: string): DaemonAgentSide {
  const { log, home, tenant } = options;
  let world = emptyWorld(options);
  const sessions = openNote(join(stateDir, "agents.json"), "list of the agent's sessions", log);
  const learnt = openNote(join(stateDir, "paths.json"), "memory of the surface", log);
  const flag = openBellFlag(bellFlagPathOf(home, tenant, options), log);
  const desk = new AgentDesk({
    address: options,
    nowMs: () => clock.nowMs(),
    bootedAtMs: () => clock.nowMs() - uptime() * 1000,
    alarm: hostAlarm,
    load: () => sessions.load(),
    save: (record) => sessions.save(record),
    waiting: () => world.waiting(),
    listeners: () => world.listeners(),
    tellChannels: (words) => world.tellChannels(words),
    came: () => world.ring(),
    told: (what) => world.told(what),
    flag,
    log,
  });
  return {
    desk,
    lent: { agent: desk, memory: learnt },
    know(known) {
      world = known;
    },
  };
}

/** Before the first view nothing waits, as far as anybody knows. */
function emptyWorld({ persona, project }: DaemonOptions): DeskWorld {
  const nothing = { open: 0, urgent: 0, senders: [], othersOpen: 0, oldestAtMs: null };
  const bell = { ...nothing, ring: 0, attempt: 0, persona, project };
  return {
    waiting: () => ({ bell, through: 0 }),
    ring() {},
    listeners: () => 0,
    tellChannels: () => 0,
    told() {},
  };
}
