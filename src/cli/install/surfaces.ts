/** Every surface that was set up on this host, taken out of its program's files again. */

import { readPlacements, readPlacementsIfWhole } from "../../clients/placement.ts";
import { clientPlan, planRemoving } from "../../clients/set-up.ts";
import { PrismError } from "../../domain/errors.ts";
import { daemonPlaces } from "../../host/daemon-places.ts";
import type { Runtime } from "../runtime.ts";
import { placedOf, SURFACE_TITLES, surroundingsOf, type Whose, whose } from "../surface/whose.ts";

export interface SurfaceHere {
  /** `reviewer@shop in Claude Code` */
  readonly shown: string;
  /** What only a person can do; null if nothing. */
  readonly byHand: string | null;
  /** @throws PrismError */
  take(): Promise<void>;
}

/** @throws PrismError if a record can't be read: then it is not known what stands where */
export function surfacesHere(runtime: Runtime): readonly SurfaceHere[] {
  return daemonPlaces(runtime.home).flatMap(({ tenant, address }) => {
    const who = whose(address, tenant, runtime.home);
    return placementsOf(who).map(
      ({ surface, bundle }): SurfaceHere => ({
        shown: `${who.shown} in ${SURFACE_TITLES[surface]}`,
        byHand:
          bundle === undefined ? null : "remove Prism among Claude Desktop's extensions, in its settings",
        async take() {
          // Read anew: each that is taken out is one less in the record.
          const before = readPlacementsIfWhole(who.stateDir, "mend");
          const placement = before.find((each) => each.surface === surface);
          if (placement === undefined) return;
          const plan =
            placement.bundle === undefined
              ? clientPlan(surface, placedOf(who, placement, runtime.home), surroundingsOf(runtime))
              : { files: [], alsoRead: [], next: [] };
          await planRemoving({ stateDir: who.stateDir, before, placement, plan }).commit();
        },
      }),
    );
  });
}

function placementsOf(who: Whose) {
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
