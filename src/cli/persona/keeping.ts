/**
 * The steps that have this host's service manager keep a persona's daemon alive, and wait for it; and what takes them
 * back. Create and restore share them.
 */
import { PrismError } from "../../domain/errors.ts";
import type { ServiceStatus } from "../../launchers/launcher.ts";
import type { Plan, Step as PlanStep } from "../../launchers/plan.ts";
import { readServiceFile } from "../../launchers/service-file.ts";
import type { LauncherSpec } from "../../launchers/spec.ts";
import { runPlan } from "../service/spec.ts";
import type { Look, Step, Told } from "./steps.ts";
import type { KeptWorld, ServicesSide } from "./world.ts";

/** A daemon that was started on a host under load, and a hub that comes back meanwhile. */
export const CONNECTED_MS_MAX = 30_000;
/** What failed so often has not only lost a race with something else that starts. */
const RESTARTS_MAX = 2;

/** What the steps tell each other of a daemon that ran before. */
export interface Former {
  /** It runs with a token or a surface of before. */
  isStale: boolean;
  /** It was started anew, with what is now. */
  wasRestarted: boolean;
  /** Without a service: none runs, or one with what was before. */
  mustStart: boolean;
}

/** @param daemon what the steps before it have found: known when they are done */
export function serviceStep(
  { spec, mustRestart }: { readonly spec: LauncherSpec; readonly mustRestart: boolean },
  { services, who }: KeptWorld,
  daemon: Former,
): Step {
  const { launcher } = services;
  const { name } = spec;
  const says = `${name}, kept alive by ${launcher.system}`;
  return {
    name: "service",
    does: `have ${launcher.system} keep ${who.shown} alive`,
    async look(): Promise<Look> {
      const standing = services.standing(name);
      const { state, startsAgain } = await launcher.status(name);
      const wasRunning = RUNNING.has(state);
      const isSame = standing === launcher.textOf(spec);
      const isOld = (daemon.isStale || mustRestart) && wasRunning;
      if (isSame && startsAgain && (state === "running" || state === "starting") && !isOld) {
        return { kind: "held", says };
      }
      const plan = launcher.install(spec, standing);
      const former = writesBefore(plan);
      return {
        kind: "work",
        async take() {
          daemon.wasRestarted = wasRunning;
          // Started anew, it reads what is new.
          const { notes } = await runPlan(
            [...(isOld && isSame ? launcher.stop(name) : []), ...plan],
            services,
            spec,
          );
          return { says, notes };
        },
        async back() {
          if (standing === null) {
            await runPlan(launcher.remove(name), services, spec);
            return;
          }
          if (!isSame) await broughtBack(spec, services, former);
          if (!wasRunning) await setAtRest(spec, services, startsAgain);
        },
      };
    },
  };
}

export const RUNNING: ReadonlySet<ServiceStatus["state"]> = new Set(["running", "starting", "waiting"]);

export type Writes = ReadonlyMap<string, string | null>;

/** What stands where a plan would write. */
export function writesBefore(plan: Plan): Writes {
  return new Map(
    plan.flatMap((step) => (step.do === "write" ? [[step.path, readServiceFile(step.path)] as const] : [])),
  );
}

/** By the same plan, but writing what stood there before. */
export async function broughtBack(spec: LauncherSpec, services: ServicesSide, former: Writes): Promise<void> {
  const { launcher } = services;
  const stop = services.standing(spec.name) === null ? [] : launcher.stop(spec.name);
  const back = (step: PlanStep): PlanStep => {
    const text = step.do === "write" ? former.get(step.path) : undefined;
    return step.do === "write" && typeof text === "string" ? { ...step, text } : step;
  };
  await runPlan([...stop, ...launcher.install(spec, null).map(back)], services, spec);
}

/** As one that did not run was. */
export async function setAtRest(
  spec: LauncherSpec,
  services: ServicesSide,
  startsAgain: boolean,
): Promise<void> {
  const { launcher } = services;
  const plan = startsAgain ? launcher.stop(spec.name) : launcher.disable(spec.name);
  await runPlan(plan, services, spec);
}

export function connectedStep(
  { spec }: { readonly spec: LauncherSpec },
  { daemon, services, who }: KeptWorld,
): Step {
  const { launcher } = services;
  const isVain = async (): Promise<string | undefined> => {
    const { state, why, restarts } = await launcher.status(spec.name);
    const isHopeless = state === "failed" || (state === "waiting" && (restarts ?? 0) >= RESTARTS_MAX);
    return isHopeless ? `its service fails${why === null ? "" : `: ${why}`}` : undefined;
  };
  return {
    name: "connected",
    does: `see ${who.shown} connected`,
    async look(): Promise<Look> {
      const told = async (): Promise<Told> => {
        const { isConnected, standing } = await daemon.connected({ msMax: CONNECTED_MS_MAX, isVain });
        if (isConnected) return { says: standing.replace(/^\w+, /, "") };
        throw new PrismError("daemon_unreachable", standing, {
          hint: `its log says more: ${launcher.logCommand(spec).join(" ")}`,
        });
      };
      // Waiting changes nothing, so there is nothing to begin or to take back.
      return { kind: "held", ...(await told()) };
    },
  };
}
