/**
 * One command's steps from the first to the last, with its record before and after each, a line for each to whoever
 * waits, and its failure in one sentence: which step, why, and what became of the rest.
 */
import { PrismError } from "../../domain/errors.ts";
import { inkFor, padded } from "../layout.ts";
import type { Runtime } from "../runtime.ts";
import type { Change, Journal, PersonaRecord, Undertaking } from "./record.ts";
import {
  type Narrator,
  type RunOptions,
  runSteps,
  type Step,
  StepFailure,
  type StepName,
  type StepReport,
} from "./steps.ts";

export interface Undertaken {
  readonly journal: Journal;
  readonly undertaking: Undertaking;
  /** What the record says at the end; null: there is no record then. */
  readonly ends: Undertaking | null;
  /** What the record has to hold, beside how far it came. */
  readonly facts: Change;
  /** What it holds until all is done. */
  readonly meanwhile?: Partial<PersonaRecord>;
  readonly onFailure: RunOptions["onFailure"];
  readonly settle?: RunOptions["settle"];
  /** The command that finishes what a failure left. */
  readonly finish: string;
}

export interface Outcome {
  readonly steps: readonly StepReport[];
  /** False if all was so already. */
  readonly changed: boolean;
  /** What could not be done and need not be, each as a sentence. */
  readonly notes: readonly string[];
}

/** @throws PrismError */
export async function undertake(
  steps: readonly Step[],
  of: Undertaken,
  runtime: Pick<Runtime, "err" | "stopped">,
  narrator: Narrator = openNarrator(runtime),
): Promise<Outcome> {
  const { journal, undertaking, ends, facts, meanwhile = {} } = of;
  const before = journal.record;
  const done = new Set<StepName>(before?.undertaking === undertaking ? before.done : []);
  let isWritten = false;
  const write = async (doing: StepName | undefined): Promise<void> => {
    isWritten = true;
    await journal.write({ ...facts, ...meanwhile, undertaking, doing, done: [...done] });
  };
  try {
    const reports = await runSteps(steps, {
      narrator,
      stopped: runtime.stopped,
      onFailure: of.onFailure,
      settle: of.settle,
      began: (step) => write(step),
      async did(step) {
        done.add(step);
        if (isWritten) await write(undefined);
      },
      async undid(step) {
        done.delete(step);
        await write(undefined);
      },
      async conclude(reports) {
        if (ends === null) journal.forget();
        else if (hasChanged(reports) || !isAsSaid(journal.record, ends, facts)) {
          const over = { purge: undefined, former: undefined, typed: undefined, doing: undefined, done: [] };
          await journal.write({ ...over, ...facts, undertaking: ends });
        }
      },
    });
    return {
      steps: reports,
      changed: hasChanged(reports),
      notes: [...new Set(reports.flatMap(({ notes = [] }) => notes))],
    };
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    if (of.onFailure === "back" && error.left.length === 0) await journal.putBack();
    throw told(error, of, before);
  }
}

function hasChanged(reports: readonly StepReport[]): boolean {
  return reports.some(({ change }) => change === "done");
}

function isAsSaid(record: PersonaRecord | undefined, ends: Undertaking, facts: Change): boolean {
  if (record?.undertaking !== ends || record.doing !== undefined) return false;
  return Object.entries(facts).every(
    ([key, value]) => JSON.stringify(record[key as keyof PersonaRecord]) === JSON.stringify(value),
  );
}

function told(
  { does, failure, takenBack, left }: StepFailure,
  { onFailure, finish }: Undertaken,
  before: PersonaRecord | undefined,
): PrismError {
  const hint = failure.hint === undefined ? {} : { hint: failure.hint };
  const failed = `could not ${does}: ${failure.message}`;
  if (onFailure === "on") {
    const again = `then run it again, and it goes on from there: ${finish}`;
    return new PrismError(failure.code, failed, {
      hint: failure.hint === undefined ? again : `${failure.hint}; ${again}`,
      cause: failure,
    });
  }
  if (left.length > 0) {
    const rest = left.map(({ step: name, why }) => `${name} (${why.message})`).join(", ");
    return new PrismError(failure.code, `${failed}; could not be taken back: ${rest}`, {
      hint: `what is left goes with: ${finish}`,
      cause: failure,
    });
  }
  const back = takenBack.length === 0 ? "nothing was changed" : `taken back: ${takenBack.join(", ")}`;
  const isHalf = before?.undertaking === "creating" || before?.undertaking === "destroying";
  const earlier = isHalf ? `; what an earlier run left stays, and goes with: ${finish}` : "";
  return new PrismError(failure.code, `${failed}; ${back}${earlier}`, { ...hint, cause: failure });
}

const STEP_COLUMNS = 9;

/** To whoever waits: on a terminal the step that is worked at, too. */
export function openNarrator({ err }: Pick<Runtime, "err">): Narrator {
  const ink = inkFor(err);
  const clear = err.isTerminal ? "\r\u001b[2K" : "";
  const line = (label: string, words: string): string => `  ${padded(label, STEP_COLUMNS)} ${words}`;
  return {
    begins(step) {
      if (err.isTerminal) err.write(`${clear}${line(ink.dim(step), ink.dim("..."))}`);
    },
    ended({ step, change, says }) {
      const label = change === "done" ? ink.green(step) : ink.dim(step);
      err.write(`${clear}${line(label, says)}\n`);
    },
    backs(step) {
      err.write(`${clear}${line(ink.yellow("undo"), step)}\n`);
    },
  };
}
