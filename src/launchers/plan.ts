/**
 * What is to be done with a service, as data: files, commands, and how to see that each holds. A launcher makes
 * plans, `apply.ts` runs them, and a person can read them first (`--dry-run`).
 */

export interface Ran {
  /** -1 if it was not started, was killed, or took too long. */
  readonly status: number;
  /** Its standard output, bounded. */
  readonly out: string;
  /** The last line of its standard error; or why there is no status. */
  readonly said: string;
}

export type Argv = readonly [string, ...string[]];

/** A question that changes nothing. */
export interface Check {
  readonly argv: Argv;
  readonly isHeld: (ran: Ran) => boolean;
}

export type Step = {
  /** What it does, to stand after "could not": `enable prism-hub`. */
  readonly says: string;
  /** If it fails the rest goes on, and this is told: one sentence with what to do. */
  readonly otherwise?: string;
  /** Done each time, and no change that anybody need hear of. */
  readonly isUpkeep?: true;
} & (
  | {
      readonly do: "write";
      readonly path: string;
      readonly text: string;
      /** Task Scheduler wants UTF-16 with its mark. Default UTF-8. */
      readonly encoding?: "utf16";
    }
  | { readonly do: "remove"; readonly path: string }
  | {
      readonly do: "run";
      readonly argv: Argv;
      /** Not run if this holds already; once run, waited for. */
      readonly holds?: Check;
      /** Statuses that are as good as 0, besides it. */
      readonly alsoFine?: readonly number[];
      /** Takes it back. */
      readonly undo?: Argv;
      readonly timeoutMs?: number;
      /** The same in Windows' other language, for who installs by a script of theirs. */
      readonly powershell?: string;
    }
);

export type Plan = readonly Step[];
