/**
 * Seeds that once failed because of a bug in the parts, each with what it was. They run in every fast suite.
 * A seed shows its bug only as long as the simulation draws as it did then; each of these was seen to fail
 * again with its bug put back, in the simulation as it is.
 */
import type { Fault } from "./plan.ts";

/** Classes of fault that are younger than these seeds: with them the seeds would be other worlds. */
export const YOUNGER_FAULTS: readonly Fault[] = ["thanks", "archives", "tokens"];

export const REGRESSIONS: readonly { readonly seed: number; readonly about: string }[] = [
  {
    seed: 170,
    about:
      "a wrap that a full disk refused left the living daemon counted as gone: it was never pushed to again",
  },
  {
    seed: 2154,
    about: "the hub's clock was set back while its disk was full: it refused writes until time caught up",
  },
  {
    seed: 1485,
    about: "the hub's clock was set back, and a daemon long dead held its address until time caught up",
  },
  {
    seed: 1972,
    about:
      "a start held up on a dying connection took the session from the living one, which stayed open and deaf",
  },
  {
    seed: 4134,
    about:
      "the hub's clock ran ahead and was set back: it knew keys whose signals were forgotten, and refused them",
  },
  {
    seed: 399,
    about: "a ring made between a wake and the news of it was repeated the moment the daemon's clock leapt",
  },
];
