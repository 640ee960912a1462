/** Every name under which Prometheus keeps a series of ours, from the catalogues in the code. */
import type { FamilyHead } from "../../src/metrics/exposition.ts";
import { GATHER_FAMILIES } from "../../src/metrics/gathered.ts";
import { HUB_FAMILIES } from "../../src/metrics/hub.ts";
import { PERSONA_FAMILIES } from "../../src/metrics.ts";

export const CATALOGUE: readonly FamilyHead[] = [...PERSONA_FAMILIES, ...GATHER_FAMILIES, ...HUB_FAMILIES];

export const SERIES_NAMES: ReadonlySet<string> = new Set(
  CATALOGUE.flatMap(({ name, type }) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
  ),
);
