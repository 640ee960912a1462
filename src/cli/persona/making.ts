/**
 * The steps from nothing to a persona that is connected: token, identity, surface, service, and the wait. What each
 * changes it can take back to what stood before. Decides nothing about flags, and prints nothing.
 */
import type { Placement, SurfaceSetUp } from "../../clients/placement.ts";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { readPrivateFile, writePrivateFile } from "../../host/private-file.ts";
import type { LauncherSpec } from "../../launchers/spec.ts";
import { personaTokenPath } from "../persona-token.ts";
import { runPlan } from "../service/spec.ts";
import { type PlannedSetUp, plannedSetUp } from "../surface/set-up.ts";
import { plannedTakingOut } from "../surface/take-out.ts";
import { notesOn } from "../surface/told.ts";
import { SURFACE_TITLES } from "../surface/whose.ts";
import { connectedIfRunning, serviceLeftOut } from "./by-hand.ts";
import { connectedStep, type Former, serviceStep } from "./keeping.ts";
import type { Look, Step, Told } from "./steps.ts";
import { adoptToken, forgetNewToken, forgetTokens, makeToken, readOwnToken } from "./token.ts";
import { isKept, type PersonaWorld, personaAtHub } from "./world.ts";

export interface Wish {
  readonly leaseMs: number | undefined;
  readonly surface: string;
  /** Where in its program's files; undefined for a surface that has none, whose daemon is told all by its words. */
  readonly placement: Omit<Placement, "files"> | undefined;
  /** Surfaces that an earlier wish had set up and this one does not have. */
  readonly former: readonly SurfaceSetUp[];
  /** As a service manager is to keep its daemon alive; undefined where none answers. */
  readonly spec: LauncherSpec | undefined;
  /** Asked for: its daemon is started by hand, or by a supervisor of its operator's own. */
  readonly noService: boolean;
  /** It may run with what was before: an earlier run of this was cut short. */
  readonly mustRestart: boolean;
}

export interface Making {
  readonly steps: readonly Step[];
  /** After all was taken back: a daemon that ran before runs with what was before. */
  settle(): Promise<void>;
  /** Asked when all is done: whether its daemon is yet to be started, by whoever runs this. */
  mustStart(): boolean;
}

export function making(wish: Wish, world: PersonaWorld): Making {
  const former: Former = { isStale: false, wasRestarted: false, mustStart: false };
  return {
    steps: [
      tokenStep(world),
      identityStep(wish, world, former),
      surfaceStep(wish, world, former),
      ...keepingSteps(wish, world, former),
    ],
    async settle() {
      const { spec } = wish;
      if (!former.wasRestarted || spec === undefined || !isKept(world)) return;
      const { launcher } = world.services;
      await runPlan([...launcher.stop(spec.name), ...launcher.start(spec.name)], world.services, spec);
    },
    mustStart: () => former.mustStart,
  };
}

function keepingSteps(wish: Wish, world: PersonaWorld, daemon: Former): readonly Step[] {
  const { spec, mustRestart } = wish;
  if (wish.noService) {
    daemon.isStale = mustRestart;
    const other = { spec, isOther: mustRestart };
    return [serviceLeftOut(other, world, daemon), connectedIfRunning(world, daemon)];
  }
  if (!isKept(world)) throw world.services;
  if (spec === undefined) throw new TypeError("a service manager answers, and there is no service for it");
  return [serviceStep({ spec, mustRestart }, world, daemon), connectedStep({ spec }, world)];
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
