/**
 * Taking a persona out of the program in which its agent lives: what `surface remove`, `persona destroy` and
 * `uninstall` have in common. What stands where is read anew each time, so that any of them goes on where one was
 * cut short.
 */
import {
  type Placement,
  readPlacements,
  readPlacementsIfWhole,
  type SurfaceSetUp,
} from "../../clients/placement.ts";
import { clientPlan, planRemoving, type SetUp } from "../../clients/set-up.ts";
import { PrismError } from "../../domain/errors.ts";
import type { Runtime } from "../runtime.ts";
import { placedOf, SURFACE_TITLES, surroundingsOf, type Whose } from "./whose.ts";

export interface PlannedTakingOut {
  readonly setUp: SetUp;
  /** What only a person can do; null if nothing. */
  readonly byHand: string | null;
  readonly root: string;
}

/**
 * @param of.presumed where to look if nothing is recorded: the files themselves say what is ours
 * @throws PrismError, and then nothing is written
 */
export function plannedTakingOut(
  who: Whose,
  surface: SurfaceSetUp,
  runtime: Runtime,
  of: { readonly how: "look" | "mend"; readonly presumed: Omit<Placement, "files"> },
): PlannedTakingOut {
  const before = readPlacementsIfWhole(who.stateDir, of.how);
  const placement = before.find((each) => each.surface === surface);
  const found = placement ?? of.presumed;
  const plan =
    found.bundle === undefined
      ? clientPlan(surface, placedOf(who, found, runtime.home), surroundingsOf(runtime))
      : { files: [], alsoRead: [], next: [] };
  return {
    setUp: planRemoving({ stateDir: who.stateDir, before, placement, plan }),
    byHand: placement === undefined ? null : byHandOf(placement),
    root: found.root,
  };
}

function byHandOf({ bundle }: Pick<Placement, "bundle">): string | null {
  return bundle === undefined ? null : "remove Prism among Claude Desktop's extensions, in its settings";
}

export interface SurfaceHere {
  /** `Claude Code` */
  readonly title: string;
  /** `reviewer@shop in Claude Code` */
  readonly shown: string;
  /** What only a person can do; null if nothing. */
  readonly byHand: string | null;
  /** @throws PrismError */
  take(): Promise<void>;
}

/** @throws PrismError if the record can't be read: then it is not known what stands where */
export function surfacesOf(who: Whose, runtime: Runtime): readonly SurfaceHere[] {
  return placementsOf(who).map(({ files: _, ...placement }) => ({
    title: SURFACE_TITLES[placement.surface],
    shown: `${who.shown} in ${SURFACE_TITLES[placement.surface]}`,
    byHand: byHandOf(placement),
    async take() {
      await plannedTakingOut(who, placement.surface, runtime, {
        how: "mend",
        presumed: placement,
      }).setUp.commit();
    },
  }));
}

function placementsOf(who: Whose): readonly Placement[] {
  try {
    return readPlacements(who.stateDir);
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    throw new PrismError(error.code, `what is set up for ${who.shown} is not known: ${error.message}`, {
      hint: `take it out by hand, as with: prism surface remove claude-code --persona ${who.address.persona} --project DIR`,
      cause: error,
    });
  }
}
