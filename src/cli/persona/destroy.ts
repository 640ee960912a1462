/** `prism persona destroy`: takes back all that create made, in order, and nothing else. */
import { existsSync, rmdirSync } from "node:fs";
import { readPlacementsIfWhole } from "../../clients/placement.ts";
import { PrismError } from "../../domain/errors.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { hubFlags } from "../hub-target.ts";
import { inkFor } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { listText } from "../surface/told.ts";
import type { Whose } from "../surface/whose.ts";
import { verb } from "../verb.ts";
import { mustReachService } from "./checks.ts";
import { commandFor, personaArgument, personaNamed, projectFlag } from "./named.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { openJournal, readPersonaRecordIfWhole } from "./record.ts";
import { hasTokens } from "./token.ts";
import { type Outcome, undertake } from "./undertake.ts";
import { stepsOfUnmaking, type Unmaking } from "./unmaking.ts";
import { lookAtHub, openWorld, type PersonaWorld } from "./world.ts";

const definition = table({
  name: "persona destroy",
  about: [
    "In this order: off duty at the hub, its daemon ended in order within 5 s or by the service manager, its service gone so that nothing comes back at boot, its token worth nothing, its surface's files as they were, its token's file removed.",
    "Its signals and what its daemon kept stay; with --purge they go too. Cut short, the same command again does the rest; where there is nothing to destroy nothing is done, and that is no failure.",
    "If the hub does not answer nothing is touched, unless --offline says that this host's part may go alone.",
  ],
  arguments: [personaArgument],
  flags: {
    project: projectFlag,
    purge: {
      kind: "switch",
      about: "also remove its data: its signals' texts at the hub, and all it kept here",
    },
    offline: {
      kind: "switch",
      about: "without the hub: what is left there goes with the same command later",
    },
    tenant: settings.tenant,
    ...hubFlags,
    ...json,
  },
  examples: [
    { line: "prism persona destroy reviewer --project ~/shop", about: "gone, and its signals kept" },
    { line: "prism persona destroy reviewer@shop --purge", about: "as if it had never been" },
  ],
});

export const personaDestroy = verb(
  definition,
  async (input, runtime) => {
    const { flags } = input;
    const [typed] = input.arguments;
    const who = personaNamed(typed, flags, runtime);
    const world = await openWorld(who, flags, runtime);
    const how = { purge: flags.purge, offline: flags.offline };
    const outcome = await oneAtATime(who, runtime, () => destroyed(how, world));
    if (flags.json) writeJson(runtime.out, { address: who.shown, tenant: who.tenant, ...outcome });
    else runtime.out.write(doneText(who, outcome, runtime));
    return EXIT.ok;
  },
  { lasting: true },
);

export interface Destroyed extends Outcome {
  /** False if there was nothing to destroy. */
  readonly existed: boolean;
  readonly purge: boolean;
  /** True if the hub still has its identity: only the part of this host is gone. */
  readonly isLeftAtHub: boolean;
}

/** @throws PrismError: the same again goes on from there */
export async function destroyed(wanted: Unmaking, world: PersonaWorld): Promise<Destroyed> {
  const { who, runtime, hub } = world;
  const record = readPersonaRecordIfWhole(who.stateDir, "look");
  mustReachService(world, record);
  const purge = wanted.purge || (record?.undertaking === "destroying" && record.purge === true);
  const how = { ...wanted, purge };
  const isAtHub = how.offline ? false : await isKnownToHub(world);
  const existed = isAtHub || (await isHere(world)) || (purge && existsSync(who.stateDir));
  if (!existed) {
    return { existed, purge, isLeftAtHub: false, changed: false, steps: [], notes: [] };
  }
  const outcome = await undertake(
    stepsOfUnmaking(how, world),
    {
      journal: openJournal(who.stateDir, runtime.now),
      undertaking: "destroying",
      ends: how.offline ? "destroying" : null,
      facts: { purge, hub: hub.url },
      onFailure: "on",
      finish: `${commandFor("destroy", who)}${purge ? " --purge" : ""}`,
    },
    runtime,
  );
  if (!how.offline) emptyGone(who.stateDir);
  const notes = [...outcome.notes, ...(record?.noService === true ? [SUPERVISED] : [])];
  return { existed, purge, isLeftAtHub: how.offline, ...outcome, notes };
}

const SUPERVISED =
  "it had no service: what of your own starts its daemon would start it again, so take it out there too";

async function isKnownToHub(world: PersonaWorld): Promise<boolean> {
  try {
    const { persona, status } = await lookAtHub(world);
    const isOnDuty = [...status.daemons, ...status.agents].some(
      ({ address, liveness }) => address === world.who.shown && liveness !== "wrapped",
    );
    return persona !== undefined || isOnDuty;
  } catch (error) {
    if (!(error instanceof PrismError) || !["hub_unreachable", "hub_timeout"].includes(error.code))
      throw error;
    const remedy = error.hint === undefined ? "" : `${error.hint}; `;
    throw new PrismError(error.code, `${error.message}; nothing was touched`, {
      hint: `${remedy}or take away what is on this host alone: ${commandFor("destroy", world.who)} --offline`,
      cause: error,
    });
  }
}

async function isHere({ who, services, owner, daemon }: PersonaWorld): Promise<boolean> {
  return (
    readPersonaRecordIfWhole(who.stateDir, "look") !== undefined ||
    hasTokens(who.stateDir) ||
    readPlacementsIfWhole(who.stateDir, "look").length > 0 ||
    (!(services instanceof PrismError) && services.standing(services.nameOf(owner)) !== null) ||
    (await daemon.runs())
  );
}

/** A folder in which nothing is kept. */
function emptyGone(stateDir: string): void {
  try {
    rmdirSync(stateDir);
  } catch {
    // It holds what a daemon kept, which stays, or was never there.
  }
}

function doneText(
  who: Whose,
  { existed, purge, isLeftAtHub, notes, changed }: Destroyed,
  runtime: Runtime,
): string {
  const ink = inkFor(runtime.out);
  if (!existed) return `there is no ${who.shown}; nothing was done\n`;
  const kept = purge ? "its data are gone too" : "its signals and what it kept are still there";
  const head = isLeftAtHub
    ? `${changed ? ink.yellow("destroyed here") : "was destroyed here already"} ${who.shown}; the hub still knows it, and its token there\n`
    : `${ink.green("destroyed")} ${who.shown}; ${kept}\n`;
  const more = isLeftAtHub ? [`once the hub answers: ${commandFor("destroy", who)}`] : [];
  return head + listText("mind", notes, ink.yellow) + listText("next", more, ink.bold);
}
