/** What must be so before anything is touched: each refusal is one sentence, and names who is in the way. */

import { isProgramHere, programOnPath } from "../../attach/programs.ts";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type { SessionReport } from "../../domain/verbs.ts";
import { isSameOwner } from "../../launchers/owner.ts";
import { flagOf } from "../arguments.ts";
import { agoText } from "../layout.ts";
import type { Whose } from "../surface/whose.ts";
import { commandFor } from "./named.ts";
import type { PersonaRecord } from "./record.ts";
import { type AtHub, type KeptWorld, lookAtHub, type PersonaWorld } from "./world.ts";

/**
 * A persona in a project stays with one folder.
 *
 * @throws PrismError `already_running`, saying with which
 */
export function mustBelongTo(root: string, who: Whose, record: PersonaRecord | undefined): void {
  if (record?.root !== undefined && record.root !== root && record.undertaking !== "destroying") {
    throw new PrismError(
      "already_running",
      `${who.shown} belongs to ${printable(record.root, 200)}, and stays there for its life`,
      {
        hint: `for another folder give another persona's name, or give that project another name in its prism.json; to let go of the first: ${commandFor("destroy", who)}`,
      },
    );
  }
}

/**
 * And with one host and one daemon.
 *
 * @throws PrismError `already_running`, `address_taken`: who holds it; `persona_archived`; `invalid_argument` for a
 *   token of another tenant
 * @param byHand a daemon that was started by hand in that folder is the one that is meant
 */
export async function mustBeFree(world: PersonaWorld, root: string, byHand: boolean): Promise<void> {
  const { who } = world;
  const atHub = await lookAtHub(world);
  if (atHub.status.tenant !== who.tenant) {
    throw new PrismError(
      "invalid_argument",
      `the hub's token is one of tenant ${printable(atHub.status.tenant)}, and this is for tenant ${who.tenant}`,
      { hint: `give --tenant ${printable(atHub.status.tenant)}, or another --token-file` },
    );
  }
  if (atHub.persona?.state === "archived") {
    throw new PrismError("persona_archived", `${who.shown} is archived`, {
      hint: `bring it back: ${commandFor("restore", who)}`,
    });
  }
  await mustBeNobodys(world, root, { atHub, byHand });
}

async function mustBeNobodys(
  world: PersonaWorld,
  root: string,
  { atHub: { status }, byHand }: { readonly atHub: AtHub; readonly byHand: boolean },
): Promise<void> {
  const { who, daemon } = world;
  if (await daemon.runs()) {
    const holder = daemon.holder();
    if ((byHand || hasService(world)) && (holder === null || holder.root === root)) return;
    const at = holder === null ? "a daemon" : `a daemon, process ${holder.pid},`;
    const since = holder === null ? "" : ` since ${new Date(holder.startedAtMs).toISOString()}`;
    const where = holder === null ? "" : `, in ${printable(holder.root, 200)}`;
    const end = holder === null ? "end it first" : `end it first: kill ${holder.pid}`;
    throw new PrismError("already_running", `${at} stands watch for ${who.shown} already${since}${where}`, {
      hint: byHand ? end : `${end}; or leave it to whoever started it: --no-service`,
    });
  }
  const elsewhere = status.daemons.find((session) => session.connected && session.address === who.shown);
  if (elsewhere !== undefined) throw heldElsewhere(elsewhere, status.hub.nowMs);
}

export function hasService({ services, owner }: PersonaWorld): boolean {
  return !(services instanceof PrismError) && services.own.some((each) => isSameOwner(each.owner, owner));
}

/** @throws PrismError `unsupported`: no service manager answers */
export function mustHaveServices(world: PersonaWorld): asserts world is KeptWorld {
  const { services } = world;
  if (!(services instanceof PrismError)) return;
  throw withHint(services, "or give --no-service, and start its daemon yourself");
}

/**
 * Half of a persona whose service this host has would be out of reach.
 *
 * @throws PrismError `unsupported`: no service manager answers
 */
export function mustReachService({ who, services }: PersonaWorld, record: PersonaRecord | undefined): void {
  if (!(services instanceof PrismError) || record?.service === undefined) return;
  const folder = record.root === undefined ? "DIR" : printable(record.root, 200);
  const { persona } = who.address;
  throw withHint(
    new PrismError(services.code, `${record.service} can't be reached: ${services.message}`, {
      ...(services.hint === undefined ? {} : { hint: services.hint }),
      cause: services,
    }),
    `or, if this host has none for good: prism persona create ${persona} --project ${folder} --no-service`,
  );
}

function withHint(error: PrismError, more: string): PrismError {
  const hint = error.hint === undefined ? more : `${error.hint}; ${more}`;
  return new PrismError(error.code, error.message, { hint, cause: error });
}

function heldElsewhere({ address, host, root, startedAtMs }: SessionReport, nowMs: number): PrismError {
  const on = host === null ? "another host" : printable(host, 80);
  const at = root === null ? "" : `, in ${printable(root, 200)}`;
  return new PrismError(
    "address_taken",
    `${address} is held by a daemon on ${on}${at}, since ${agoText(startedAtMs, nowMs)}`,
    { hint: "destroy it there first, or give this one another name" },
  );
}

const PROGRAMS = {
  "claude-code": { flag: "claudeProgram", usual: "claude", what: "Claude Code" },
  codex: { flag: "codexProgram", usual: "codex", what: "Codex" },
  tmux: { flag: undefined, usual: "tmux", what: "tmux" },
} as const;

/**
 * The program in which the agent lives, found as its daemon will find it.
 *
 * @throws PrismError `not_found`
 */
export function mustHaveProgram(
  surface: string,
  flags: { readonly claudeProgram: string | undefined; readonly codexProgram: string | undefined },
  env: { readonly [name: string]: string | undefined },
): void {
  if (!Object.hasOwn(PROGRAMS, surface)) return;
  const { flag, usual, what } = PROGRAMS[surface as keyof typeof PROGRAMS];
  const program = (flag === undefined ? undefined : flags[flag]) ?? usual;
  const found = /[/\\]/.test(program)
    ? isProgramHere(program)
    : programOnPath(program, { env, platform: process.platform, isProgram: isProgramHere }) !== null;
  if (found) return;
  const named = flag === undefined ? "" : `, or name it with ${flagOf(flag)}`;
  throw new PrismError("not_found", `${what} is not here: there is no program "${printable(program, 200)}"`, {
    hint: `install it first${named}`,
  });
}
