/**
 * Attach-time work: a project's dependencies installed and its virtual environment activated, once, in the
 * background, while the daemon stands watch already. Whatever goes wrong becomes a status, never an exception, and
 * stops nobody. Loaded only where it is configured; what runs a process only where there is something to run.
 *
 *   detect ── plan ── stamp? ── turn in the folder ── run, run, ... ── venv
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Address, formatAddress, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { faultText, type Log } from "../domain/log.ts";
import { childEnvironment } from "../host/child-environment.ts";
import type { CommandLine } from "../host/command.ts";
import { ensurePrivateDir, fileNameOf, folderPlaceOf, type Home } from "../host/home.ts";
import { monotonicMs } from "../host/monotonic.ts";
import { recordFile } from "../host/record-file.ts";
import type { AttachStatus } from "../ipc.ts";
import { detect, type ProjectFiles } from "./detect.ts";
import { type FolderTurn, takeTurn } from "./folder-lock.ts";
import { type OutputLog, openOutputLog } from "./output-log.ts";
import { ownStep, type PlanHost, planned, type Step, type Unplanned } from "./plan.ts";
import { type Environment, isProgramHere, programOnPath } from "./programs.ts";
import { digestOf, openStamps, type Stamps } from "./stamp.ts";
import { activated, isVenv, usualVenv, type VenvHost } from "./venv.ts";

export interface AttachSettings {
  /** `off`, `auto`, or a line for the shell. */
  readonly deps: string;
  /** `off`, `auto`, or a folder, relative to the project. */
  readonly venv: string;
  /** For all that is run, together. */
  readonly timeoutMs: number;
}

export interface AttachOptions extends Address {
  readonly settings: AttachSettings;
  readonly home: Home;
  readonly tenant: string;
  readonly host: string;
  /** The project's folder: absolute, links resolved. */
  readonly root: string;
  readonly env: Environment;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface AttachWork {
  readonly status: () => AttachStatus;
  /** Settles when all is over, however it went. Never rejects. */
  readonly done: Promise<void>;
  /** What an agent that is started is to have over the inherited environment; undefined takes a name away. */
  readonly environment: () => Environment;
  /** Ends what runs, as a whole, and settles once it has ended. Safe to call again. */
  close(): Promise<void>;
}

/** Begins at once. Never throws. */
export function openAttach(options: AttachOptions): AttachWork {
  const work = new Work(options);
  const done = work.run();
  return {
    status: () => work.status,
    done,
    environment: () => work.environment,
    async close() {
      work.cancel();
      await done;
    },
  };
}

const DETAIL_CHARS_MAX = 500;
const SAID_CHARS_MAX = 200;

type StepResult =
  | { readonly kind: "ran" | "unchanged"; readonly text: string }
  | { readonly kind: "failed"; readonly reason: string };

class Work {
  status: AttachStatus;
  environment: Environment = {};
  readonly #options: AttachOptions;
  readonly #cancelled = new AbortController();
  readonly #logPath: string;
  readonly #results: StepResult[] = [];
  #output: OutputLog | undefined;
  #deadlineMs = 0;

  constructor(options: AttachOptions) {
    this.#options = options;
    const { home, tenant } = options;
    this.#logPath = join(
      home.logDir,
      `attach-${fileNameOf(tenant)}-${fileNameOf(formatAddress(options))}.log`,
    );
    this.status = {
      ...{ state: "running", step: 0, steps: 0, log: null },
      detail: "looking at the project",
      sinceMs: Math.round(options.nowMs()),
    };
  }

  cancel(): void {
    this.#cancelled.abort();
  }

  async run(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#all();
    } catch (error) {
      if (!(error instanceof PrismError))
        log("error", "attachBroke", { code: "internal", fault: faultText(error) });
      this.#results.push({
        kind: "failed",
        reason:
          error instanceof PrismError ? error.message : "something went wrong inside Prism; see its log",
      });
    }
    await this.#output?.close();
    this.#finish();
  }

  async #all(): Promise<void> {
    const { settings } = this.#options;
    const venv = this.#venvHost();
    const steps = settings.deps === "off" ? [] : this.#plan(venv);
    this.#show({ steps: steps.length + (settings.venv === "off" ? 0 : 1) });
    // In a turn of its own, so that a start whose lockfiles are unread does not hold up the connection to the hub.
    await new Promise(setImmediate);
    await this.#install(steps);
    if (settings.venv === "off" || this.#cancelled.signal.aborted) return;
    this.#show({ step: this.status.steps, detail: "looking for the virtual environment" });
    this.#results.push(await this.#activate(venv));
  }

  #venvHost(): VenvHost {
    return { platform: process.platform, root: this.#options.root, isFile };
  }

  #plan(venv: VenvHost): readonly (Step | Unplanned)[] {
    const { settings, env, root, log } = this.#options;
    if (settings.deps !== "auto") return [ownStep(settings.deps)];
    const { findings, problems, notes } = detect(filesIn(root));
    for (const note of notes) log("info", "attachNote", { note });
    const dir = this.#namedVenv() ?? usualVenv(venv, env["UV_PROJECT_ENVIRONMENT"]) ?? resolve(root, ".venv");
    const host: PlanHost = {
      platform: process.platform,
      program: (name) => this.#program(name),
      venvDir: dir,
      hasVenv: isVenv(dir, venv),
    };
    const hint = "mend it, or name a command of your own with --attach-deps";
    return [
      ...findings.map((finding) => planned(finding, host)),
      ...problems.map((problem) => ({ problem, hint })),
    ];
  }

  #namedVenv(): string | undefined {
    const { settings, root } = this.#options;
    return settings.venv === "off" || settings.venv === "auto" ? undefined : resolve(root, settings.venv);
  }

  #program(name: string): string | null {
    const { env } = this.#options;
    return programOnPath(name, { env, platform: process.platform, isProgram: isProgramHere });
  }

  /** Each step has its own chance: what one language lacks is no reason to leave out the others. */
  async #install(steps: readonly (Step | Unplanned)[]): Promise<void> {
    if (steps.length === 0) return;
    const place = folderPlaceOf(this.#options.home, this.#options.root);
    ensurePrivateDir(place);
    const stamps = openStamps(
      recordFile(join(place, "installed.json"), "record of what was installed"),
      this.#options.root,
    );
    let turn: FolderTurn | null | undefined;
    try {
      for (const [index, step] of steps.entries()) {
        this.#show({ step: index + 1, detail: "problem" in step ? step.problem : step.name });
        if ("problem" in step) {
          this.#results.push({ kind: "failed", reason: `${step.problem}; ${step.hint}` });
          continue;
        }
        const before = await this.#unchanged(step, stamps);
        // Only who has something to run waits for its turn; what the other one did meanwhile may be just that.
        if (before === null) turn ??= await this.#turn(place);
        if (turn === null || this.#cancelled.signal.aborted) return;
        const result = before ?? (await this.#unchanged(step, stamps));
        this.#results.push(result ?? (await this.#runStep(step, stamps, turn)));
      }
    } finally {
      turn?.release();
    }
  }

  async #unchanged(step: Step, stamps: Stamps): Promise<StepResult | null> {
    const atMs = stamps.doneAtMs(step, await digestOf(step, this.#options.root));
    if (atMs === null) return null;
    return { kind: "unchanged", text: `${step.name}: unchanged since ${timeText(atMs)}` };
  }

  async #turn(place: string): Promise<FolderTurn | null> {
    const { settings, host, root, nowMs } = this.#options;
    const turn = await takeTurn({
      place,
      holder: { pid: process.pid, startedAtMs: Math.round(nowMs()), host, root },
      timeoutMs: settings.timeoutMs,
      cancelled: this.#cancelled.signal,
      waits: (holder) =>
        this.#show({
          detail: `waits for process ${holder?.pid ?? "of another persona"}, which installs in this folder`,
        }),
    });
    this.#deadlineMs = monotonicMs() + settings.timeoutMs;
    return turn;
  }

  async #runStep(step: Step, stamps: Stamps, turn: FolderTurn | undefined): Promise<StepResult> {
    const { root, nowMs, log } = this.#options;
    // Before it begins: an input that is changed while it runs is a change.
    const digest = await digestOf(step, root);
    const startedMs = monotonicMs();
    stamps.begin(step);
    log("info", "attachStepStarted", { step: step.name });
    for (const command of step.commands) {
      const failure = await this.#runOne(step, command, turn);
      if (failure === null) continue;
      log("warn", "attachStepFailed", { code: "unsupported", step: step.name, reason: failure });
      return { kind: "failed", reason: `${step.name}: ${failure}` };
    }
    if (step.inputs.length > 0) stamps.succeeded(step, digest, Math.round(nowMs()));
    const tookMs = Math.round(monotonicMs() - startedMs);
    log("info", "attachStepDone", { step: step.name, tookMs });
    return { kind: "ran", text: `${step.name} took ${secondsText(tookMs)}` };
  }

  /** @returns why it failed, or null */
  async #runOne(step: Step, command: CommandLine, turn: FolderTurn | undefined): Promise<string | null> {
    let last = "";
    const said = (line: string): void => {
      last = line.slice(0, SAID_CHARS_MAX).toWellFormed();
      this.#show({ detail: `${step.name}: ${last}` });
    };
    const ending = await this.#runCommand(step, command, { said, started: (pid) => turn?.running(pid) });
    turn?.ended();
    const saying = last === "" ? "" : `: ${last}`;
    switch (ending.kind) {
      case "succeeded":
        return null;
      case "failed":
        return `${ending.reason}${saying}`;
      case "timedOut":
        return `it was ended after ${secondsText(this.#options.settings.timeoutMs)}, which is all the time there is${saying}`;
      case "cancelled":
        return "it was ended with the daemon";
    }
  }

  async #runCommand(
    step: Pick<Step, "env">,
    command: CommandLine,
    told: {
      readonly said: (line: string, on: "stdout" | "stderr") => void;
      readonly started?: (pid: number) => void;
    },
  ) {
    const { root, env } = this.#options;
    const output = this.#openOutput();
    output.write(`== ${timeText(this.#options.nowMs())} ${commandText(command)}`);
    const startedMs = monotonicMs();
    // Lazily: a daemon that finds all done never loads node:child_process.
    const { runCommand } = await import("./run.ts");
    const ending = await runCommand(command, {
      cwd: root,
      env: childEnvironment({ ...env, ...step.env }),
      timeoutMs: Math.max(1, Math.round(this.#deadlineMs - startedMs)),
      cancelled: this.#cancelled.signal,
      said: (line, on) => {
        output.write(line);
        told.said(line, on);
      },
      started: told.started ?? (() => {}),
    });
    const how = ending.kind === "failed" ? `failed: ${ending.reason}` : ending.kind;
    output.write(
      `== ${timeText(this.#options.nowMs())} ${how} after ${secondsText(monotonicMs() - startedMs)}`,
    );
    return ending;
  }

  #openOutput(): OutputLog {
    if (this.#output !== undefined) return this.#output;
    ensurePrivateDir(this.#options.home.logDir);
    this.#output = openOutputLog(this.#logPath);
    this.#show({ log: this.#logPath });
    return this.#output;
  }

  async #activate(venv: VenvHost): Promise<StepResult> {
    const { env, root } = this.#options;
    const named = this.#namedVenv();
    if (named !== undefined && !isVenv(named, venv)) {
      const shown = printable(named, SAID_CHARS_MAX);
      return {
        kind: "failed",
        reason: `"${shown}" is not a virtual environment of Python: it needs pyvenv.cfg and a Python`,
      };
    }
    const dir = named ?? usualVenv(venv, env["UV_PROJECT_ENVIRONMENT"]) ?? (await this.#poetryVenv(venv));
    if (dir === null) return { kind: "unchanged", text: "no virtual environment was found" };
    this.environment = activated(dir, env, process.platform);
    return {
      kind: "ran",
      text: `activated ${printable(dir.startsWith(root) ? basename(dir) : dir, SAID_CHARS_MAX)}`,
    };
  }

  /** Poetry keeps its environments elsewhere, under names that only itself knows. */
  async #poetryVenv(venv: VenvHost): Promise<string | null> {
    if (!isFile(join(this.#options.root, "poetry.lock"))) return null;
    const poetry = this.#program("poetry");
    if (poetry === null) return null;
    let path = "";
    const said = (line: string, on: "stdout" | "stderr"): void => {
      if (on === "stdout") path = line;
    };
    if (this.#deadlineMs === 0) this.#deadlineMs = monotonicMs() + this.#options.settings.timeoutMs;
    const ask: CommandLine = { argv: [poetry, "env", "info", "--path", "--no-ansi"] };
    const env = { VIRTUAL_ENV: undefined, PYTHONHOME: undefined };
    const { kind } = await this.#runCommand({ env }, ask, { said });
    return kind === "succeeded" && isVenv(path, venv) ? path : null;
  }

  #show(change: Partial<AttachStatus>): void {
    this.status = { ...this.status, ...change };
  }

  #finish(): void {
    const failures = this.#results.flatMap((result) => (result.kind === "failed" ? [result.reason] : []));
    const texts = this.#results.flatMap((result) => (result.kind === "failed" ? [] : [result.text]));
    if (this.#cancelled.signal.aborted && failures.length === 0)
      failures.push("it was ended with the daemon");
    const hasRun = this.#results.some(({ kind }) => kind === "ran");
    const state = failures.length > 0 ? "failed" : hasRun ? "done" : "skipped";
    const nothing = "there is no lockfile that is known here";
    const told = failures.length > 0 ? failures : texts.length > 0 ? texts : [nothing];
    const detail = told.join("; ").slice(0, DETAIL_CHARS_MAX).toWellFormed();
    this.#show({ state, detail, sinceMs: Math.round(this.#options.nowMs()) });
    const outputFailure = this.#output?.failure ?? null;
    if (outputFailure !== null)
      this.#options.log("warn", "attachLogNotWritten", { code: "storage_failed", reason: outputFailure });
    this.#options.log(state === "failed" ? "warn" : "info", "attachEnded", {
      ...{ state, detail },
      ...(state === "failed" ? { code: "unsupported" } : {}),
    });
  }
}

/** A manifest of more is none. */
const TEXT_BYTES_MAX = 1024 * 1024;

/** The top of the project's folder, as it is now. */
function filesIn(root: string): ProjectFiles {
  const names = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => entry.name);
  return {
    names: () => names,
    has: (name) => names.includes(name) && isFile(join(root, name)),
    read: (name) => (isFile(join(root, name)) ? beginningOf(join(root, name)) : null),
  };
}

function beginningOf(path: string): string | null {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const buffer = Buffer.alloc(Math.min(TEXT_BYTES_MAX, statSync(path).size));
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0));
  } catch {
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function commandText(command: CommandLine): string {
  const text = "shell" in command ? command.shell : command.argv.join(" ");
  return printable(text, 1000);
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}

function secondsText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
