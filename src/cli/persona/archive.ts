/** `prism persona archive`: off duty, with everything kept. */
import { PrismError } from "../../domain/errors.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { hubFlags } from "../hub-target.ts";
import { inkFor } from "../layout.ts";
import { writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { listText } from "../surface/told.ts";
import { verb } from "../verb.ts";
import { mustReachService } from "./checks.ts";
import { stepsOfArchiving } from "./duty.ts";
import { commandFor, personaArgument, personaNamed, projectFlag } from "./named.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { journalIfThere, readPersonaRecordIfWhole } from "./record.ts";
import { type Outcome, undertake } from "./undertake.ts";
import { lookAtHub, openWorld, type PersonaWorld } from "./world.ts";

const definition = table({
  name: "persona archive",
  about: [
    "Its sessions end, senders are told that it is archived, nobody can start for it, and its daemon is not started any more, at boot neither. Its history, the signals that wait, its token, its surface and its service's settings stay.",
    "prism persona restore puts it back on duty.",
  ],
  arguments: [personaArgument],
  flags: { project: projectFlag, tenant: settings.tenant, ...hubFlags, ...json },
  examples: [{ line: "prism persona archive reviewer@shop", about: "until it is needed again" }],
});

export const personaArchive = verb(
  definition,
  async ({ flags, arguments: [typed] }, runtime) => {
    const who = personaNamed(typed, flags, runtime);
    const world = await openWorld(who, flags, runtime);
    const outcome = await oneAtATime(who, runtime, () => archived(world));
    if (flags.json) writeJson(runtime.out, { address: who.shown, tenant: who.tenant, ...outcome });
    else {
      const ink = inkFor(runtime.out);
      const head = outcome.changed
        ? `${ink.green("archived")} ${who.shown}; back with: ${commandFor("restore", who)}\n`
        : `${who.shown} is archived already; nothing was changed\n`;
      runtime.out.write(head + listText("mind", outcome.notes, ink.yellow));
    }
    return EXIT.ok;
  },
  { lasting: true },
);

/** @throws PrismError: the same again goes on from there */
export async function archived(world: PersonaWorld): Promise<Outcome> {
  const { who, runtime } = world;
  mustReachService(world, readPersonaRecordIfWhole(who.stateDir, "look"));
  const { persona, status } = await lookAtHub(world);
  const isKnown = [...status.daemons, ...status.agents].some(({ address }) => address === who.shown);
  if (persona === undefined && !isKnown) {
    throw new PrismError("target_unknown", `the hub knows no ${who.shown}`, {
      hint: '"prism persona list" shows whom it knows',
    });
  }
  return undertake(
    stepsOfArchiving(world),
    {
      journal: journalIfThere(who.stateDir, runtime.now),
      undertaking: "archiving",
      ends: "archived",
      facts: {},
      onFailure: "on",
      finish: commandFor("archive", who),
    },
    runtime,
  );
}
