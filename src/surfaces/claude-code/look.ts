/**
 * What the agent is at: the sessions that hooks made known, set against what the client itself says of them. Several
 * windows may be open on one project: the one heard from last that is idle is rung. Decides nothing about ways.
 */
import { printable } from "../../domain/address.ts";
import type { AgentSession, AgentSide } from "../agent-side.ts";
import type { Look } from "../path-ringer.ts";
import { configFolderOf, type SessionFile, sessionFileOf, sessionFiles } from "./session-file.ts";

/** By which hooks name this client. */
export const CLIENT = "claude-code";

/** Whom a ring is for. */
export interface Target {
  /** Null where nobody is known, and only a pane can be rung. */
  readonly session: AgentSession | null;
  readonly file: SessionFile | null;
}

export interface LookWorld {
  readonly agent: AgentSide;
  readonly env: { readonly [name: string]: string | undefined };
  /** The project's folder. */
  readonly root: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** The hooks of a turn's beginning run before the client says of itself that it is busy. */
const BEGINNING_MS_MAX = 2000;

type Standing =
  | { readonly kind: "gone" }
  | { readonly kind: "idle"; readonly target: Target }
  | { readonly kind: "busy"; readonly target: Target; readonly reason: string };

export function lookAround(world: LookWorld): Look<Target> {
  const sessions = world.agent.sessions(CLIENT);
  const standings = sessions.map((session) => standingOf(session, sessions, world));
  for (const [at, { kind }] of standings.entries()) {
    const session = sessions[at];
    if (kind === "gone" && session !== undefined) world.agent.gone(session.id);
  }
  const idle = standings.find((standing) => standing.kind === "idle");
  if (idle !== undefined) return idle;
  return standings.find((standing) => standing.kind === "busy") ?? { kind: "none", reason: absence(world) };
}

function standingOf(session: AgentSession, all: readonly AgentSession[], world: LookWorld): Standing {
  const file = sessionFileOf(session, world.env);
  const target = { session, file };
  if (file === null) return byHooks(target, session);
  if (file.sessionId !== session.id) {
    // Its process has another conversation open: a newer one that is known too, so this one is over.
    const now = all.find(({ id }) => id === file.sessionId);
    return now !== undefined && now.heardAtMs >= session.heardAtMs
      ? { kind: "gone" }
      : byHooks(target, session);
  }
  switch (file.status) {
    case "idle": {
      const isBeginning =
        session.state === "busy" &&
        file.statusAtMs <= session.stateSinceMs &&
        world.nowMs() - session.stateSinceMs < BEGINNING_MS_MAX;
      return isBeginning ? atWork(target) : { kind: "idle", target };
    }
    case "busy":
      return atWork(target);
    case "waiting":
      return { kind: "busy", target, reason: dialogReason(file) };
    default:
      return byHooks(target, session);
  }
}

function byHooks(target: Target, session: AgentSession): Standing {
  return session.state === "idle" ? { kind: "idle", target } : atWork(target);
}

function atWork(target: Target): Standing {
  return { kind: "busy", target, reason: "Claude Code is at work, and is told when its turn ends" };
}

function dialogReason({ waitingFor }: SessionFile): string {
  const what = waitingFor === null ? "" : ` (${printable(waitingFor, 60)})`;
  return `a dialog is open in Claude Code${what}, which a person must answer first`;
}

/** Why nobody is known here, as precisely as can be told. */
export function absence({ env, root }: Pick<LookWorld, "env" | "root">): string {
  const here = sessionFiles(configFolderOf(null, env)).find(
    ({ cwd }) => cwd === root || cwd?.startsWith(`${root}/`) === true,
  );
  if (here === undefined) return "no session of Claude Code is open in this project";
  return (
    `Claude Code runs in this project (process ${here.pid}), but none of its hooks was heard: the folder is not ` +
    "trusted, its hooks are off, or it was started before prism surface add"
  );
}
