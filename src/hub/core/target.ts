/**
 * Who may be signalled, and the refusals that say why not and what to do (invariant 4). A refusal names the
 * target's state and when it was last heard from; nothing was queued.
 */
import { formatAddress, parseAddress, printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { nearest } from "../../domain/shape.ts";
import { bounds } from "./bounds.ts";
import { isAlive, isArchived, livenessOf, type Registered, type Registry, type Session } from "./registry.ts";

const SESSION_PREFIX = "session:";

/** What `to` says, in the one spelling that is stored and compared. */
export type Recipient =
  | { readonly kind: "address"; readonly name: string; readonly at: Registered | undefined }
  | { readonly kind: "session"; readonly name: string; readonly id: string };

/** @throws PrismError `invalid_argument` */
export function recipientFrom(registry: Registry, tenant: string, to: string): Recipient {
  if (to.startsWith(SESSION_PREFIX)) {
    return { kind: "session", name: to, id: to.slice(SESSION_PREFIX.length) };
  }
  // Most names arrive as they are registered: those need no parsing.
  const at = registry.find(tenant, to);
  if (at !== undefined) return { kind: "address", name: at.name, at };
  const name = formatAddress(parseAddress(to));
  return { kind: "address", name, at: registry.find(tenant, name) };
}

export interface Target {
  readonly at: Registered;
  /** Set if it is for this one session. */
  readonly session: Session | null;
}

/** @throws PrismError `target_unknown`, `target_wrapped`, `target_stale`, `session_unknown`, `session_gone` */
export function targetOf(registry: Registry, tenant: string, recipient: Recipient, nowMs: number): Target {
  if (recipient.kind === "session") return sessionTarget(registry, tenant, recipient.id, nowMs);
  const at = recipient.at;
  if (at === undefined) throw unknownAddress(registry, tenant, recipient.name);
  const state = livenessOf(at, nowMs);
  if (state === "alive") return { at, session: null };
  if (isArchived(at)) {
    throw new PrismError("target_wrapped", `${at.name} is archived and takes no more signals`, {
      hint: `put it back on duty with ${restoreCommand(at)}, or signal somebody else; nothing was queued`,
      target: { address: at.name, state: "archived", lastHeardAtMs: at.lastHeardAtMs },
    });
  }
  const target = { address: at.name, state, lastHeardAtMs: at.lastHeardAtMs };
  if (state === "wrapped") {
    throw new PrismError("target_wrapped", `${at.name} was wrapped and takes no more signals`, {
      hint: `start its daemon or agent again, or signal somebody else; nothing was queued`,
      target,
    });
  }
  throw new PrismError(
    "target_stale",
    `${at.name} was not heard from within its lease of ${duration(at.leaseMs)}`,
    { hint: `start its daemon again on its host, then send once more; nothing was queued`, target },
  );
}

function sessionTarget(registry: Registry, tenant: string, id: string, nowMs: number): Target {
  const session = registry.session(tenant, id);
  if (session === undefined) throw unknownSession(id);
  if (session.kind === "daemon") {
    throw new PrismError("invalid_argument", `session "${id}" is a daemon, which reads no signals`, {
      hint: `signal ${session.at.name} instead`,
    });
  }
  if (!isAlive(session, nowMs)) throw goneSession(session);
  return { at: session.at, session };
}

export function archivedPersona(at: Registered): PrismError {
  return new PrismError("persona_archived", `${at.name} is archived, and nobody may start for it`, {
    hint: `put it back on duty with ${restoreCommand(at)}`,
    target: { address: at.name, state: "archived", lastHeardAtMs: at.lastHeardAtMs },
  });
}

function restoreCommand({ name }: Registered): string {
  return `prism persona restore ${name}`;
}

export function unknownSession(id: string): PrismError {
  return new PrismError("session_unknown", `no session has the id "${printable(id)}"`, {
    hint: "see the registered sessions with `prism status`",
  });
}

export function goneSession(session: Session): PrismError {
  const wrapped = session.wrappedAtMs !== null;
  return new PrismError(
    "session_gone",
    wrapped
      ? `session "${session.id}" of ${session.at.name} was wrapped`
      : `session "${session.id}" of ${session.at.name} is not alive now`,
    {
      hint: wrapped
        ? `start anew without that session id, or signal ${session.at.name}`
        : `signal ${session.at.name} instead: it waits for whoever comes next`,
      target: {
        address: session.at.name,
        state: wrapped ? "wrapped" : "stale",
        lastHeardAtMs: session.lastHeardAtMs,
      },
    },
  );
}

export function unknownAddress(registry: Registry, tenant: string, name: string): PrismError {
  return new PrismError("target_unknown", `nobody is registered as ${name}`, {
    hint: hintFor(registry, tenant, name),
    target: { address: name, state: "unknown", lastHeardAtMs: null },
  });
}

function hintFor(registry: Registry, tenant: string, name: string): string {
  const [persona, project] = name.split("@");
  const kin: string[] = [];
  const others: string[] = [];
  for (const at of registry.of(tenant)) {
    const list = at.persona === persona || at.project === project ? kin : others;
    if (list.length < bounds.hintCandidatesMax) list.push(at.name);
  }
  const near = nearest(name, [...kin, ...others].slice(0, bounds.hintCandidatesMax));
  if (near !== undefined) return `did you mean ${near}?`;
  const offered = (kin.length > 0 ? kin : others).slice(0, bounds.hintNamesMax);
  if (offered.length > 0) return `registered are ${offered.join(", ")}; see all with \`prism status\``;
  return `start a daemon there first: prism daemon --persona ${persona} --project DIR`;
}

/** `7 days`, `1.5 minutes`. */
export function duration(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1_000, "second"],
  ];
  for (const [size, name] of units) {
    if (ms < size) continue;
    const count = Math.round((ms / size) * 10) / 10;
    return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return `${ms} ms`;
}
