/**
 * A persona without a service: in a container, in CI, under a supervisor of its operator's own. What stands in the
 * place of the service's steps, and the command that starts its daemon. Starts nothing itself.
 */
import { cmdLine, posixLine } from "../../clients/hook-command.ts";
import { PrismError } from "../../domain/errors.ts";
import type { LauncherSpec } from "../../launchers/spec.ts";
import type { Ink } from "../layout.ts";
import type { Runtime } from "../runtime.ts";
import { runPlan } from "../service/spec.ts";
import { isUsualHome, programWords } from "../surface/whose.ts";
import { broughtBack, CONNECTED_MS_MAX, type Former, RUNNING, setAtRest, writesBefore } from "./keeping.ts";
import { type PersonaRecord, readPersonaRecordIfWhole } from "./record.ts";
import type { Look, Step, Told } from "./steps.ts";
import { isKept, type KeptWorld, type PersonaWorld } from "./world.ts";

/** One line for a shell or a supervisor, good in every folder. @param words from the verb on */
export function startLine(words: readonly string[], runtime: Runtime): string {
  const line = [...programWords(runtime), ...words];
  const home = isUsualHome(runtime.home) ? undefined : runtime.home.root;
  if (process.platform !== "win32") {
    return posixLine([...(home === undefined ? [] : ["env", `PRISM_HOME=${home}`]), ...line]);
  }
  return home === undefined ? cmdLine(line) : `set "PRISM_HOME=${home}" && ${cmdLine(line)}`;
}

/** @returns null for one whose service starts it, or of which nothing is kept here */
export function startKept(record: PersonaRecord | null, runtime: Runtime): string | null {
  if (record?.noService !== true || record.words === undefined) return null;
  return startLine(record.words, runtime);
}

/** The command alone on its line, so that it can be copied whole. @param start null: it need not be started */
export function startText(start: string | null, ink: Ink): string {
  return start === null
    ? ""
    : `${ink.bold("start its daemon, by hand or by a supervisor of your own")}\n  ${start}\n`;
}

const NONE: Look = { kind: "held", says: "none, as asked" };

/**
 * What an earlier create had kept alive goes; without a service manager there is nothing to do.
 *
 * @param of.isOther its daemon is started with other words than before: only the record holds them
 */
export function serviceLeftOut(
  { spec, isOther }: { readonly spec: LauncherSpec | undefined; readonly isOther: boolean },
  world: PersonaWorld,
  daemon: Former,
): Step {
  const { who } = world;
  // Now, since the record is written anew with the first step that is worked at.
  const former = readPersonaRecordIfWhole(who.stateDir, "look")?.service;
  return {
    name: "service",
    does: `take ${who.shown} out of the service manager's keeping`,
    async look(): Promise<Look> {
      const look = isKept(world) && spec !== undefined ? await lookAtService(spec, world, daemon) : NONE;
      if (look.kind === "work" || (former === undefined && !isOther)) return look;
      if (former === undefined || isKept(world)) {
        const take = async () => ({ says: "none, as asked; its daemon is started with other flags now" });
        return { kind: "work", take };
      }
      const says = `none from now on; ${former} may still be there`;
      const { persona, project } = who.address;
      const notes = [
        `no service manager answers here: if one elsewhere keeps ${former}, take it out there: prism service uninstall daemon --persona ${persona} --project ${project}`,
      ];
      return { kind: "work", take: async () => ({ says, notes }) };
    },
  };
}

async function lookAtService(spec: LauncherSpec, { services }: KeptWorld, daemon: Former): Promise<Look> {
  const { launcher } = services;
  const standing = services.standing(spec.name);
  const { state, startsAgain } = await launcher.status(spec.name);
  if (standing === null && state === "absent") return NONE;
  const wasRunning = RUNNING.has(state);
  const former = writesBefore(launcher.install(spec, standing));
  return {
    kind: "work",
    async take(): Promise<Told> {
      daemon.wasRestarted = wasRunning;
      await runPlan(launcher.remove(spec.name), services, spec);
      return { says: `${spec.name} stopped, disabled, removed` };
    },
    async back() {
      if (standing === null) return;
      await broughtBack(spec, services, former);
      if (!wasRunning) await setAtRest(spec, services, startsAgain);
    },
  };
}

/** Only one that runs, with what is now, can be awaited: one that is older than the record's last change is not. */
export function connectedIfRunning({ who, daemon }: PersonaWorld, former: Former): Step {
  const changedAtMs = readPersonaRecordIfWhole(who.stateDir, "look")?.changedAtMs ?? Number.POSITIVE_INFINITY;
  return {
    name: "connected",
    does: `see ${who.shown} connected`,
    async look(): Promise<Look> {
      if (!(await daemon.runs())) {
        former.mustStart = true;
        return { kind: "held", says: "its daemon is yet to be started" };
      }
      const holder = daemon.holder();
      if (former.isStale || (holder !== null && holder.startedAtMs < changedAtMs)) {
        former.mustStart = true;
        const which =
          holder === null ? "the daemon that runs" : `the daemon that runs, process ${holder.pid},`;
        return {
          kind: "held",
          says: "its daemon still runs with what was before",
          notes: [`${which} has what was before: end it, and start it again`],
        };
      }
      const { isConnected, standing } = await daemon.connected({ msMax: CONNECTED_MS_MAX });
      if (isConnected) return { kind: "held", says: standing.replace(/^\w+, /, "") };
      const { persona } = who.address;
      throw new PrismError("daemon_unreachable", standing, {
        hint: `its log says more: prism logs --persona ${persona}`,
      });
    },
  };
}
