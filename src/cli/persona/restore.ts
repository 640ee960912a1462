/** `prism persona restore`: what was archived is on duty again, and connected. */
import { PrismError } from "../../domain/errors.ts";
import type { LauncherSpec } from "../../launchers/spec.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { hubFlags } from "../hub-target.ts";
import { inkFor } from "../layout.ts";
import { projectAt } from "../project.ts";
import { writeJson } from "../runtime.ts";
import { specOf } from "../service/spec.ts";
import { json, settings } from "../settings.ts";
import { listText } from "../surface/told.ts";
import { verb } from "../verb.ts";
import { startKept, startText } from "./by-hand.ts";
import { mustReachService } from "./checks.ts";
import { stepsOfRestoring } from "./duty.ts";
import { commandFor, personaArgument, personaNamed, projectFlag } from "./named.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { journalIfThere, type PersonaRecord, readPersonaRecordIfWhole } from "./record.ts";
import { type Outcome, undertake } from "./undertake.ts";
import { openWorld, type PersonaWorld, personaAtHub } from "./world.ts";

const definition = table({
  name: "persona restore",
  about: [
    "It takes signals again, what waited for it still waits, its service runs as it did, and this waits until its daemon is connected. What fails leaves it archived.",
  ],
  arguments: [personaArgument],
  flags: { project: projectFlag, tenant: settings.tenant, ...hubFlags, ...json },
  examples: [{ line: "prism persona restore reviewer@shop", about: "where it was archived" }],
});

export const personaRestore = verb(
  definition,
  async ({ flags, arguments: [typed] }, runtime) => {
    const who = personaNamed(typed, flags, runtime);
    const world = await openWorld(who, flags, runtime);
    const record = readPersonaRecordIfWhole(who.stateDir, "look");
    mustReachService(world, record);
    const spec = specKept(world, record);
    const start = startKept(record ?? null, runtime);
    const outcome = await oneAtATime(who, runtime, () => restored(spec, world));
    const standing = outcome.steps.find(({ step }) => step === "connected")?.says;
    const notes =
      spec === undefined && start === null
        ? [...outcome.notes, "this host has no daemon for it: it is rung where its daemon is"]
        : outcome.notes;
    if (flags.json)
      writeJson(runtime.out, { address: who.shown, tenant: who.tenant, ...outcome, notes, start });
    else {
      const ink = inkFor(runtime.out);
      const state = standing === undefined ? "on duty" : `connected ${standing}`;
      const head = outcome.changed
        ? `${ink.green("restored")} ${who.shown}: ${state}\n`
        : `${who.shown} is on duty already${standing === undefined ? "" : `, ${state}`}; nothing was changed\n`;
      const isUp = start === null || (await world.daemon.runs());
      runtime.out.write(head + listText("mind", notes, ink.yellow) + startText(isUp ? null : start, ink));
    }
    return EXIT.ok;
  },
  { lasting: true },
);

/** As it was created: its settings are in its record. */
function specKept(
  { owner, services, runtime }: PersonaWorld,
  { words, root, noService }: Partial<PersonaRecord> = {},
): LauncherSpec | undefined {
  if (words === undefined || root === undefined) return undefined;
  // A folder that is gone is said now: later only the daemon's log would.
  const project = projectAt(root, runtime.cwd);
  if (noService === true || services instanceof PrismError) return undefined;
  return specOf(owner, { name: services.nameOf(owner), words, project, runtime });
}

/** @throws PrismError, and then it is archived as before */
export async function restored(spec: LauncherSpec | undefined, world: PersonaWorld): Promise<Outcome> {
  const { who, runtime } = world;
  if ((await personaAtHub(world)) === undefined) {
    throw new PrismError("target_unknown", `the hub knows no persona ${who.shown}`, {
      hint: "create it: see prism help persona create",
    });
  }
  return undertake(
    stepsOfRestoring(spec, world),
    {
      journal: journalIfThere(who.stateDir, runtime.now),
      undertaking: "restoring",
      ends: "standing",
      facts: {},
      onFailure: "back",
      finish: commandFor("archive", who),
    },
    runtime,
  );
}
