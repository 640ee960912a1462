/**
 * A verb of the command line: its table, and what it does with what was typed. Knows no verb in particular.
 */
import type { Argument, Flags, Input, Sources, Table, TypedTable } from "./arguments.ts";
import { parseArguments } from "./arguments.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { Runtime } from "./runtime.ts";

export interface Verb {
  readonly table: Table;
  /**
   * True if it runs until it is told to stop, and ends in order by itself then. Others are left where they
   * stand when `runtime.stopped` fires: they hold nothing that needs an end.
   */
  readonly lasting: boolean;
  /**
   * @param words what stands after the verb
   * @returns the exit status; failures are thrown
   */
  run(words: readonly string[], runtime: Runtime): Promise<ExitStatus>;
}

export interface VerbTraits {
  readonly lasting?: true;
  /** Where settings come from; `doctor` works with a broken configuration too. */
  readonly sourcesOf?: (runtime: Runtime) => Sources;
}

/** Ties a table to what it does, which then gets its values with their types. */
export function verb<F extends Flags, A extends readonly Argument<unknown>[]>(
  table: TypedTable<F, A>,
  act: (input: Input<F, A>, runtime: Runtime) => Promise<ExitStatus>,
  traits: VerbTraits = {},
): Verb {
  const sourcesOf = traits.sourcesOf ?? ((runtime) => runtime.readSources());
  return {
    table,
    lasting: traits.lasting === true,
    run: async (words, runtime) => act(parseArguments(table, words, sourcesOf(runtime)), runtime),
  };
}
