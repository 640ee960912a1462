/** Every surface that was set up on this host, taken out of its program's files again. */
import { daemonPlaces } from "../../host/daemon-places.ts";
import type { Runtime } from "../runtime.ts";
import { type SurfaceHere, surfacesOf } from "../surface/take-out.ts";
import { whose } from "../surface/whose.ts";

/** @throws PrismError if a record can't be read: then it is not known what stands where */
export function surfacesHere(runtime: Runtime): readonly SurfaceHere[] {
  return daemonPlaces(runtime.home).flatMap(({ tenant, address }) =>
    surfacesOf(whose(address, tenant, runtime.home), runtime),
  );
}
