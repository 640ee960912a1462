/** What two parts of the surface must agree on without one loading the other. */

/** For a headless agent's model to answer first, retries of its host included. */
export const ANSWER_MS_MAX = 120_000;
