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

/** A verb in the list of all: loaded when it is called. */
export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Verb>;
}

export interface VerbEntryGroup {
  readonly title: string;
  readonly verbs: readonly VerbEntry[];
}

export interface VerbTraits {
  readonly lasting?: true;
  /** Where settings come from; `doctor` works with a broken configuration too. */
  readonly sourcesOf?: (runtime: Runtime) => Sources;
}

/** For a verb whose other settings may be kept where its first ones lead: it is read twice. */
export interface KeptTraits<F extends Flags, A extends readonly Argument<unknown>[]> extends VerbTraits {
  readonly keptOf?: (first: Input<F, A>, runtime: Runtime) => Promise<Sources["kept"]>;
}

/** Ties a table to what it does, which then gets its values with their types. */
export function verb<F extends Flags, A extends readonly Argument<unknown>[]>(
  table: TypedTable<F, A>,
  act: (input: Input<F, A>, runtime: Runtime) => Promise<ExitStatus>,
  traits: KeptTraits<F, A> = {},
): Verb {
  const sourcesOf = traits.sourcesOf ?? ((runtime) => runtime.readSources());
  return {
    table,
    lasting: traits.lasting === true,
    async run(words, runtime) {
      const sources = sourcesOf(runtime);
      const input = parseArguments(table, words, sources);
      const kept = await traits.keptOf?.(input, runtime);
      return act(kept === undefined ? input : parseArguments(table, words, { ...sources, kept }), runtime);
    },
  };
}
