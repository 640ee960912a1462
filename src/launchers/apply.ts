/**
 * Runs a plan, step by step: what holds already is not done again, what fails takes back all that was done before
 * it, in reverse. So the same plan again, after a crash at any point, comes to the same end. Knows no service manager.
 */
import { mkdirSync, readFileSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { startCommand } from "../host/command.ts";
import { errnoOf, fsErrorOf } from "../host/fs-error.ts";
import { writePrivateFile } from "../host/private-file.ts";
import type { Argv, Check, Plan, Ran, Step } from "./plan.ts";

/** Runs one command to its end; never rejects. */
export type RunCommand = (argv: Argv, timeoutMs: number) => Promise<Ran>;

export interface ApplyOptions {
  readonly run: RunCommand;
  /** Told before each step that is really done. */
  readonly began?: (step: Step) => void;
}

export interface Applied {
  /** What was done, by its own words; empty if all held already. */
  readonly done: readonly string[];
  /** What could not be done and need not be, each as a sentence. */
  readonly notes: readonly string[];
}

/** A service manager answers in milliseconds, on a host under load in seconds. */
const COMMAND_MS_MAX = 30_000;
/** After a command whose effect is not seen at once, as `launchctl bootout`. */
const HOLD_MS_MAX = 10_000;
const HOLD_EVERY_MS = 100;
const OUT_CHARS_MAX = 256 * 1024;

type Undo = { readonly says: string; readonly undo: () => Promise<void> };

/**
 * @throws PrismError that says which step failed and why, and what could not be taken back; everything else was
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<Applied> {
  const done: string[] = [];
  const notes: string[] = [];
  const undos: Undo[] = [];
  for (const step of plan) {
    try {
      const undo = await doStep(step, options);
      if (undo === "held") continue;
      if (step.isUpkeep !== true) done.push(step.says);
      if (undo !== undefined) undos.push({ says: step.says, undo });
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      if (step.otherwise === undefined) {
        undos.push(...(await undoOfLost(step, options)));
        throw await takenBack(error, undos);
      }
      notes.push(`${error.message}: ${step.otherwise}`);
    }
  }
  return { done, notes };
}

/** A command may have done its work and only its answer was lost: then it is taken back too. */
async function undoOfLost(step: Step, { run }: ApplyOptions): Promise<readonly Undo[]> {
  if (step.do !== "run" || step.undo === undefined || step.holds === undefined) return [];
  const { undo, holds, says } = step;
  if (!(await isHeld(holds, run))) return [];
  return [{ says, undo: () => runFine({ ...step, says: `undo: ${says}` }, undo, run) }];
}

async function takenBack(failure: PrismError, undos: Undo[]): Promise<PrismError> {
  const left: string[] = [];
  for (const { says, undo } of undos.reverse()) {
    try {
      await undo();
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      left.push(`"${says}" could not be taken back (${error.message})`);
    }
  }
  const after = left.length === 0 ? "what was done before it is taken back" : left.join(", ");
  return new PrismError(failure.code, `${failure.message}; ${after}`, {
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    cause: failure,
  });
}

/** @returns how to take it back, "held" if there was nothing to do */
function doStep(step: Step, options: ApplyOptions): Promise<(() => Promise<void>) | undefined | "held"> {
  switch (step.do) {
    case "write":
      return writeStep(step, options);
    case "remove":
      return removeStep(step, options);
    case "run":
      return runStep(step, options);
  }
}

async function writeStep(step: Step & { do: "write" }, { began }: ApplyOptions) {
  const before = bytesAt(step.path);
  const bytes = step.encoding === "utf16" ? utf16(step.text) : Buffer.from(step.text);
  if (before?.equals(bytes) === true) return "held" as const;
  began?.(step);
  try {
    mkdirSync(dirname(step.path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fsErrorOf("make the folder", dirname(step.path), error);
  }
  await writePrivateFile(step.path, bytes);
  return () => putBack(step.path, before);
}

async function removeStep(step: Step & { do: "remove" }, { began }: ApplyOptions) {
  const before = bytesAt(step.path);
  if (before === undefined) return "held" as const;
  began?.(step);
  await putBack(step.path, undefined);
  return () => putBack(step.path, before);
}

async function runStep(step: Step & { do: "run" }, { run, began }: ApplyOptions) {
  const { holds, argv, undo } = step;
  if (holds !== undefined && (await isHeld(holds, run))) return "held" as const;
  began?.(step);
  await runFine(step, argv, run);
  if (holds !== undefined) await untilHeld(step, holds, run);
  return undo === undefined ? undefined : () => runFine({ ...step, says: `undo: ${step.says}` }, undo, run);
}

async function runFine(step: Step & { do: "run" }, argv: Argv, run: RunCommand): Promise<void> {
  const ran = await run(argv, step.timeoutMs ?? COMMAND_MS_MAX);
  if (ran.status === 0 || step.alsoFine?.includes(ran.status) === true) return;
  throw failedCommand(step.says, argv, ran);
}

function failedCommand(says: string, argv: Argv, { status, said }: Ran): PrismError {
  const how =
    status === -1 ? said : `${argv[0]} ended with status ${status}${said === "" ? "" : `: ${said}`}`;
  return new PrismError("unsupported", `could not ${says}: ${how}`, {
    hint: `see what it says by hand: ${printable(argv.join(" "), 300)}`,
  });
}

async function isHeld({ argv, isHeld }: Check, run: RunCommand): Promise<boolean> {
  return isHeld(await run(argv, COMMAND_MS_MAX));
}

async function untilHeld(step: Step & { do: "run" }, check: Check, run: RunCommand): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += HOLD_EVERY_MS) {
    const ran = await run(check.argv, COMMAND_MS_MAX);
    if (check.isHeld(ran)) return;
    if (waitedMs >= HOLD_MS_MAX) {
      throw new PrismError("unsupported", `could not ${step.says}: it was done, and does not hold`, {
        hint: `see what it says by hand: ${printable(check.argv.join(" "), 300)}`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, HOLD_EVERY_MS));
  }
}

function bytesAt(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw fsErrorOf("read the file", path, error);
  }
}

async function putBack(path: string, bytes: Buffer | undefined): Promise<void> {
  if (bytes !== undefined) {
    await writePrivateFile(path, bytes);
    return;
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw fsErrorOf("remove the file", path, error);
  }
}

function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, "utf16le");
}

/** Commands of this host, in an environment of theirs. */
export function hostCommands(env: { readonly [name: string]: string }, cwd: string): RunCommand {
  return async (argv, timeoutMs) => {
    let out = "";
    const said = (line: string): void => {
      if (out.length < OUT_CHARS_MAX) out += `${line}\n`;
    };
    const ending = await startCommand({ argv }, { cwd, env, timeoutMs, said }).ended;
    switch (ending.kind) {
      case "exited":
        return { status: ending.status, out, said: ending.lastLine };
      case "notStarted":
        return { status: -1, out: "", said: ending.reason };
      case "timedOut":
        return { status: -1, out, said: `${argv[0]} did not end within ${timeoutMs / 1000} s` };
      case "killed":
      case "stopped":
        return {
          status: -1,
          out,
          said: `${argv[0]} was killed${ending.lastLine === "" ? "" : `: ${ending.lastLine}`}`,
        };
    }
  };
}
