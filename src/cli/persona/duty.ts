/** The steps that take a persona off duty and put it back: everything of it is kept, and nothing of it runs. */
import { applyPlan } from "../../launchers/apply.ts";
import type { LauncherSpec } from "../../launchers/spec.ts";
import { connectedStep, serviceStep } from "./keeping.ts";
import type { Look, Step, Told } from "./steps.ts";
import { daemonEnded } from "./unmaking.ts";
import { isKept, type KeptWorld, type PersonaWorld, personaAtHub } from "./world.ts";

export function stepsOfArchiving(world: PersonaWorld): readonly Step[] {
  const service = isKept(world) ? [serviceOff(world)] : [];
  return [archivedAtHub(world), daemonEnded(world, "it is archived"), ...service];
}

/** @param spec undefined: this host has no daemon for it */
export function stepsOfRestoring(spec: LauncherSpec | undefined, world: PersonaWorld): readonly Step[] {
  const back = restoredAtHub(world);
  if (spec === undefined || !isKept(world)) return [back];
  const wish = { spec, mustRestart: false };
  return [
    back,
    serviceStep(wish, world, { isStale: false, wasRestarted: false, mustStart: false }),
    connectedStep(wish, world),
  ];
}

function archivedAtHub(world: PersonaWorld): Step {
  const { who, hub } = world;
  return {
    name: "duty",
    does: `take ${who.shown} off duty`,
    async look(): Promise<Look> {
      if ((await personaAtHub(world))?.state === "archived") return { kind: "held", says: "off duty" };
      return {
        kind: "work",
        async take() {
          const { wrapped } = await hub.ask("persona_archive", who.address);
          return {
            says: `off duty, ${wrapped.length === 1 ? "1 session" : `${wrapped.length} sessions`} ended`,
          };
        },
      };
    },
  };
}

function restoredAtHub(world: PersonaWorld): Step {
  const { who, hub } = world;
  return {
    name: "duty",
    does: `put ${who.shown} back on duty`,
    async look(): Promise<Look> {
      if ((await personaAtHub(world))?.state === "active") return { kind: "held", says: "on duty" };
      return {
        kind: "work",
        async take() {
          const { waiting } = await hub.ask("persona_restore", who.address);
          const open = waiting === 1 ? "1 signal waits" : `${waiting === 0 ? "no" : waiting} signals wait`;
          return { says: `on duty, ${open}` };
        },
        async back() {
          await hub.ask("persona_archive", who.address);
        },
      };
    },
  };
}

function serviceOff({ who, owner, services }: KeptWorld): Step {
  const { launcher, run } = services;
  return {
    name: "service",
    does: `stop ${launcher.system} from starting ${who.shown}`,
    async look(): Promise<Look> {
      const name = services.nameOf(owner);
      if (services.standing(name) === null) return { kind: "held", says: "none is kept" };
      const { state, startsAgain } = await launcher.status(name);
      const isOff = state === "stopped" || state === "failed";
      if (isOff && !startsAgain) return { kind: "held", says: `${name} is stopped and disabled` };
      return {
        kind: "work",
        async take(): Promise<Told> {
          await applyPlan(launcher.disable(name), { run });
          return { says: `${name} stopped, disabled` };
        },
      };
    },
  };
}
