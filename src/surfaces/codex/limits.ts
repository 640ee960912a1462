/** How long each thing may take with Codex, in one place. */

/** An idle thread begins its turn within 40 ms. */
export const BEGIN_MS_MAX = 4000;
/** Hooks of others run between a turn's beginning and the taking of its words: theirs may take 30 s. */
export const TAKE_MS_MAX = 35_000;
/** From the words' sending until it is known whether a turn takes them. */
export const TAKING_MS_MAX = BEGIN_MS_MAX + TAKE_MS_MAX;
/** From the start of a resumed agent to its first turn: 300 ms, with a login to renew or on a host that swaps more. */
export const START_MS_MAX = 45_000;
/** A turn may take that long; after it, the schedule of the doorbell decides when to look again. */
export const BUSY_MS_MAX = 600_000;
/** Over a connection that stands meanwhile, a look takes a millisecond. */
export const LOOK_AGAIN_MS = 2000;
/** Hooks are trusted once in their life: a word on them is good for a while. */
export const HOOKS_KNOWN_MS = 30_000;
