/**
 * The steps from nothing to a persona that is connected: token, identity, surface, service, and the wait. What each
 * changes it can take back to what stood before. Decides nothing about flags, and prints nothing.
 */
import type { Placement, SurfaceSetUp } from "../../clients/placement.ts";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { readPrivateFile, writePrivateFile } from "../../host/private-file.ts";
import type { Launcher } from "../../launchers/launcher.ts";
import type { Plan, Step as PlanStep } from "../../launchers/plan.ts";
import { readServiceFile } from "../../launchers/service-file.ts";
import type { LauncherSpec } from "../../launchers/spec.ts";
import { personaTokenPath } from "../persona-token.ts";
import { runPlan } from "../service/spec.ts";
import { type PlannedSetUp, plannedSetUp } from "../surface/set-up.ts";
import { plannedTakingOut } from "../surface/take-out.ts";
import { notesOn } from "../surface/told.ts";
import { SURFACE_TITLES } from "../surface/whose.ts";
import type { Look, Step, Told } from "./steps.ts";
import { adoptToken, forgetNewToken, forgetTokens, makeToken, readOwnToken } from "./token.ts";
import { type PersonaWorld, personaAtHub } from "./world.ts";

export interface Wish {
  readonly leaseMs: number | undefined;
  readonly surface: string;
  /** Where in its program's files; undefined for a surface that has none, whose daemon is told all by its words. */
  readonly placement: Omit<Placement, "files"> | undefined;
  /** Surfaces that an earlier wish had set up and this one does not have. */
  readonly former: readonly SurfaceSetUp[];
  readonly spec: LauncherSpec;
  /** It may run with what was before: an earlier run of this was cut short. */
  readonly mustRestart: boolean;
}

/** A daemon that was started on a host under load, and a hub that comes back meanwhile. */
const CONNECTED_MS_MAX = 30_000;
/** What failed so often has not only lost a race with something else that starts. */
const RESTARTS_MAX = 2;

/** What the steps tell each other of a daemon that ran before. */
export interface Former {
  /** It runs with a token or a surface of before. */
  isStale: boolean;
  /** It was started anew, with what is now. */
  wasRestarted: boolean;
}

export interface Making {
  readonly steps: readonly Step[];
  /** After all was taken back: a daemon that ran before runs with what was before. */
  settle(): Promise<void>;
}

export function making(wish: Wish, world: PersonaWorld): Making {
  const former: Former = { isStale: false, wasRestarted: false };
  const { services } = world;
  return {
    steps: [
      tokenStep(world),
      identityStep(wish, world, former),
      surfaceStep(wish, world, former),
      serviceStep(wish, world, former),
      connectedStep(wish, world),
    ],
    async settle() {
      if (!former.wasRestarted) return;
      const { launcher } = services;
      await runPlan(
        [...launcher.stop(wish.spec.name), ...launcher.start(wish.spec.name)],
        services,
        wish.spec,
      );
    },
  };
}

function tokenStep({ who }: PersonaWorld): Step {
  const says = `owner-only, in ${personaTokenPath(who.stateDir)}`;
  return {
    name: "token",
    does: `make a token for ${who.shown}`,
    async look() {
      if (readOwnToken(who.stateDir) !== undefined) return { kind: "held", says };
      return {
        kind: "work",
        async take() {
          await makeToken(who.stateDir);
          return { says };
        },
        back: async () => forgetNewToken(who.stateDir),
      };
    },
  };
}

function identityStep({ leaseMs }: Wish, world: PersonaWorld, daemon: Former): Step {
  const { who, hub } = world;
  const says = `${who.shown} at ${hub.url}`;
  return {
    name: "identity",
    does: `make ${who.shown} known to the hub`,
    async look(): Promise<Look> {
      const token = readOwnToken(who.stateDir);
      if (token === undefined) throw tokenGone(who.stateDir);
      const known = await personaAtHub(world);
      const isLeaseRight = leaseMs === undefined || known?.leaseMs === leaseMs;
      if (known?.hasToken === true && isLeaseRight && !token.isNew && (await hub.accepts(token.text, who))) {
        return { kind: "held", says };
      }
      const former = formerToken(who.stateDir);
      let isNew = known === undefined;
      return {
        kind: "work",
        async take() {
          const { sha256: tokenSha256 } = token;
          const lease = leaseMs === undefined ? {} : { leaseMs };
          const answer = await hub.ask("persona_create", { ...who.address, tokenSha256, ...lease });
          isNew = answer.isNew;
          adoptToken(who.stateDir);
          daemon.isStale = true;
          return { says };
        },
        async back() {
          if (!isNew) {
            // It has the new token now: nobody can give it the old one back, which harms nobody.
            if (known === undefined || isLeaseRight) return;
            const { sha256: tokenSha256 } = token;
            await hub.ask("persona_create", { ...who.address, tokenSha256, leaseMs: known.leaseMs });
            return;
          }
          await hub.ask("persona_destroy", who.address);
          forgetTokens(who.stateDir);
          if (former !== undefined) await writePrivateFile(personaTokenPath(who.stateDir), former);
        },
      };
    },
  };
}

function tokenGone(stateDir: string): PrismError {
  const path = printable(personaTokenPath(stateDir), 200);
  return new PrismError("not_found", `the token that was made a moment ago is gone: "${path}"`, {
    hint: "something else removes it; create the persona again",
  });
}

function formerToken(stateDir: string): string | undefined {
  try {
    return readPrivateFile(personaTokenPath(stateDir), { what: "token", bytesMax: 4096, shared: true });
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}

function surfaceStep(
  { surface, placement, former }: Wish,
  { who, runtime }: PersonaWorld,
  daemon: Former,
): Step {
  const title = placement === undefined ? surface : SURFACE_TITLES[placement.surface];
  return {
    name: "surface",
    does: `set ${who.shown} up in ${title}`,
    async look(): Promise<Look> {
      const planned = placement === undefined ? undefined : plannedSetUp(who, placement, runtime, "mend");
      const outs = former.map((each) => ({
        each,
        planned: plannedTakingOut(who, each, runtime, {
          how: "mend",
          presumed: presumedFor(each, placement),
        }),
      }));
      const told = surfaceTold(title, planned);
      if ((planned?.setUp.isDone ?? true) && outs.every((out) => out.planned.setUp.isDone)) {
        return { kind: "held", ...told };
      }
      const taken: (() => Promise<void>)[] = [];
      return {
        kind: "work",
        async take() {
          daemon.isStale = true;
          for (const { each } of outs) {
            // Planned anew: the record changed with the one before.
            const { setUp } = plannedTakingOut(who, each, runtime, {
              how: "mend",
              presumed: presumedFor(each, placement),
            });
            taken.push(() => setUp.takeBack());
            await setUp.commit();
          }
          if (placement === undefined) return told;
          const { setUp } = plannedSetUp(who, placement, runtime, "mend");
          taken.push(() => setUp.takeBack());
          await setUp.commit();
          return told;
        },
        async back() {
          for (const back of taken.toReversed()) await back();
        },
      };
    },
  };
}

function presumedFor(
  surface: SurfaceSetUp,
  placement: Omit<Placement, "files"> | undefined,
): Omit<Placement, "files"> {
  const { root = "/", program = [] } = placement ?? {};
  return { surface, root, program, scope: "local", settings: [] };
}

function surfaceTold(title: string, planned: PlannedSetUp | undefined): Told {
  if (planned === undefined) return { says: `${title}, as its daemon is told` };
  const paths = planned.setUp.changes.map(({ file }) => printable(file.path, 300));
  return {
    says: paths.length === 0 ? title : `${title}: ${paths.join(", ")}`,
    notes: [...notesOn(planned.setUp.changes), ...planned.notes],
  };
}

/** @param daemon what the steps before it have found: known when they are done */
export function serviceStep(
  { spec, mustRestart }: Pick<Wish, "spec" | "mustRestart">,
  world: PersonaWorld,
  daemon: Former,
): Step {
  const { services, who } = world;
  const { launcher } = services;
  const { name } = spec;
  const says = `${name}, kept alive by ${launcher.system}`;
  return {
    name: "service",
    does: `have ${launcher.system} keep ${who.shown} alive`,
    async look(): Promise<Look> {
      const standing = services.standing(name);
      const { state, startsAgain } = await launcher.status(name);
      const wasRunning = state === "running" || state === "starting" || state === "waiting";
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
          const now = services.standing(name);
          if (!isSame) await runPlan(planBack(launcher, spec, { now, former }), services, spec);
          if (wasRunning) return;
          await runPlan(startsAgain ? launcher.stop(name) : launcher.disable(name), services, spec);
        },
      };
    },
  };
}

type Writes = ReadonlyMap<string, string | null>;

/** What stands where a plan would write. */
function writesBefore(plan: Plan): Writes {
  return new Map(
    plan.flatMap((step) => (step.do === "write" ? [[step.path, readServiceFile(step.path)] as const] : [])),
  );
}

/** The same plan, but writing what stood there before. */
function planBack(
  launcher: Launcher,
  spec: LauncherSpec,
  { now, former }: { readonly now: string | null; readonly former: Writes },
): Plan {
  const stop = now === null ? [] : launcher.stop(spec.name);
  const back = (step: PlanStep): PlanStep => {
    const text = step.do === "write" ? former.get(step.path) : undefined;
    return step.do === "write" && typeof text === "string" ? { ...step, text } : step;
  };
  return [...stop, ...launcher.install(spec, null).map(back)];
}

export function connectedStep({ spec }: Pick<Wish, "spec">, { daemon, services, who }: PersonaWorld): Step {
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
