/**
 * Runs the steps of creating, destroying, archiving and restoring a persona. Each looks first, and what is so already
 * is not done again; each is recorded before it is begun and after it is done. So the same command again, after a
 * crash at any point, comes to the same end. Where a failure is to undo, all that this run did goes back, in reverse.
 * Knows no hub, file or service.
 */
import { PrismError } from "../../domain/errors.ts";

/** Stable: they stand in records, in `--json` and in what a person is told. */
export const STEP_NAMES = [
  "token",
  "identity",
  "surface",
  "service",
  "connected",
  "duty",
  "daemon",
  "data",
] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** One line for a person: what was done, or that it was so already. */
export interface Told {
  readonly says: string;
  /** What could not be done and need not be, each as a sentence. */
  readonly notes?: readonly string[];
}

export interface Step {
  readonly name: StepName;
  /** To stand after "could not": `set reviewer@shop up in Claude Code`. */
  readonly does: string;
  /** Changes nothing. Asked when all steps before it are done. */
  look(): Promise<Look>;
}

export type Look =
  | ({ readonly kind: "held" } & Told)
  | {
      readonly kind: "work";
      take(): Promise<Told>;
      /** Takes it back, however far it came; what cannot be taken back and harms nobody stays. */
      back?(): Promise<void>;
    };

export interface StepReport extends Told {
  readonly step: StepName;
  readonly change: "done" | "held";
}

export interface Narrator {
  /** A step that is about to be worked at. */
  begins(step: StepName): void;
  ended(report: StepReport): void;
  /** A failure came, and what was done goes back. */
  backs(step: StepName): void;
}

export interface RunOptions {
  /** Before the work of a step, and after it or where there was none. What they throw is thrown on. */
  readonly began: (step: StepName) => Promise<void>;
  readonly did: (step: StepName) => Promise<void>;
  /** After all was taken back, and nothing is left. */
  readonly settle?: (() => Promise<void>) | undefined;
  /** After a step was taken back. */
  readonly undid: (step: StepName) => Promise<void>;
  /** After the last step; if it fails the run has failed. */
  readonly conclude: (reports: readonly StepReport[]) => Promise<void>;
  readonly narrator: Narrator;
  readonly stopped: AbortSignal;
  /** `back`: a failure undoes what this run did. `on`: it leaves all, since only the same command goes on. */
  readonly onFailure: "back" | "on";
}

/** How a run came to its end before its last step. */
export class StepFailure extends Error {
  /** What could not be done. */
  readonly does: string;
  readonly failure: PrismError;
  readonly takenBack: readonly StepName[];
  /** What could not be taken back, and why. */
  readonly left: readonly { readonly step: StepName; readonly why: PrismError }[];

  constructor(of: Pick<StepFailure, "does" | "failure" | "takenBack" | "left">) {
    super(of.failure.message, { cause: of.failure });
    this.does = of.does;
    this.failure = of.failure;
    this.takenBack = of.takenBack;
    this.left = of.left;
  }
}

interface Worked {
  readonly step: Step;
  readonly back: (() => Promise<void>) | undefined;
}

/**
 * @returns what came of each, in order
 * @throws StepFailure; what is no `PrismError` is thrown as it is, and undoes nothing
 */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  const worked: Worked[] = [];
  let does = "begin";
  try {
    for (const step of steps) {
      does = step.does;
      options.stopped.throwIfAborted();
      reports.push(await runStep(step, options, worked));
    }
    does = "write down that all is done";
    await options.conclude(reports);
    return reports;
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    const gone =
      options.onFailure === "back" ? await takenBack(worked, options) : { takenBack: [], left: [] };
    throw new StepFailure({ does, failure: error, ...gone });
  }
}

async function runStep(step: Step, options: RunOptions, worked: Worked[]): Promise<StepReport> {
  const { narrator, began, did } = options;
  narrator.begins(step.name);
  const look = await step.look();
  if (look.kind === "work") {
    await began(step.name);
    // Before it is taken: half of a step goes back too.
    worked.push({ step, back: look.back });
  }
  const told = look.kind === "work" ? await look.take() : look;
  await did(step.name);
  const change = look.kind === "work" ? "done" : "held";
  const report: StepReport = { step: step.name, change, says: told.says, notes: told.notes ?? [] };
  narrator.ended(report);
  return report;
}

async function takenBack(worked: Worked[], { narrator, undid, settle }: RunOptions) {
  const gone: StepName[] = [];
  const left: { step: StepName; why: PrismError }[] = [];
  for (const { step, back } of worked.toReversed()) {
    if (back === undefined) continue;
    narrator.backs(step.name);
    try {
      await back();
      await undid(step.name);
      gone.push(step.name);
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      left.push({ step: step.name, why: error });
    }
  }
  try {
    if (left.length === 0) await settle?.();
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    left.push({ step: "service", why: error });
  }
  return { takenBack: gone, left };
}
