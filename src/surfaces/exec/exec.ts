/**
 * Surface `exec`: runs a configured command for each ring, the ring's facts in its environment. Exit status 0
 * means taken. One command at a time, bounded in time and in what it may say; whatever is left of its process
 * group when it ends is ended too, so a command that wants to leave something behind starts it in a session of its
 * own (setsid, tmux, systemd-run). Knows nothing of what the command does.
 */
import type { Doorbell } from "../../domain/doorbell.ts";
import { PrismError } from "../../domain/errors.ts";
import { faultText } from "../../domain/log.ts";
import { type Infer, listOf, maybe, object, readShape, text, whole } from "../../domain/shape.ts";
import type { CommandLine, Ending, RunningCommand } from "../../host/command.ts";
import type { RingOutcome, Surface, SurfaceContext } from "../surface.ts";
import { ringEnvironment } from "./ring-environment.ts";

const TIMEOUT_MS_DEFAULT = 30_000;
const commandText = (about: string) => maybe(text({ bytesMax: 4096, about }));
const commandList = (about: string) =>
  maybe(listOf(text({ bytesMax: 4096, bytesMin: 0, about: "one argument" }), { countMax: 64, about }));

const config = object({
  command: commandText("what to run for each ring, through the shell"),
  argv: commandList("the same without a shell: the program, then its arguments"),
  resumeCommand: commandText(
    "what starts or resumes the agent, through the shell; exit status 0 means it is up",
  ),
  resumeArgv: commandList("the same without a shell"),
  timeoutMs: maybe(
    whole({ min: 100, max: 3_600_000, about: "milliseconds until a command is ended; by default 30000" }),
  ),
});

export const configSchema = config.schema;
type ExecConfig = Infer<typeof config>;

type Purpose = "ring" | "resume";

/** @throws PrismError `invalid_argument`, `unknown_key`, `too_large` */
export function open(given: unknown, context: SurfaceContext): Surface {
  const settings = readShape(config, given, "the configuration of surface exec");
  const timeoutMs = settings.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  const command = commandOf(settings, "command", "argv");
  const resumeCommand = commandOf(settings, "resumeCommand", "resumeArgv");
  if (command === undefined) {
    throw new PrismError("invalid_argument", 'surface exec lacks "command"', {
      hint: "name what to run for each ring, as in --exec-command ./on-ring",
    });
  }
  const slot = new CommandSlot(context, timeoutMs);
  const surface: Surface = {
    name: "exec",
    ringMsMax: timeoutMs,
    ring: (bell, cancelled) => slot.run("ring", command, bell, cancelled),
    close: () => slot.close(),
  };
  if (resumeCommand === undefined) return surface;
  return { ...surface, resume: (bell, cancelled) => slot.run("resume", resumeCommand, bell, cancelled) };
}

/** The one place for a command: taken from the call until nothing of the command is left. */
class CommandSlot {
  readonly #context: SurfaceContext;
  readonly #timeoutMs: number;
  #closed = false;
  /** Set before the first wait, so that of two calls at once one runs. */
  #busy = false;
  #running: RunningCommand | undefined;

  constructor(context: SurfaceContext, timeoutMs: number) {
    this.#context = context;
    this.#timeoutMs = timeoutMs;
  }

  async run(
    purpose: Purpose,
    line: CommandLine,
    bell: Doorbell,
    cancelled: AbortSignal,
  ): Promise<RingOutcome> {
    const early = this.#refusal(cancelled) ?? (this.#busy ? OVERLAP : undefined);
    if (early !== undefined) return failed(early);
    this.#busy = true;
    try {
      // Lazily: a daemon that never rings never loads node:child_process.
      const { startCommand } = await import("../../host/command.ts");
      const late = this.#refusal(cancelled);
      if (late !== undefined) {
        this.#busy = false;
        return failed(late);
      }
      const env = ringEnvironment(bell, purpose, this.#context);
      const running = startCommand(line, { cwd: this.#context.root, env, timeoutMs: this.#timeoutMs });
      this.#running = running;
      const outcome = running.ended.then((ending) => this.#ended(purpose, bell, ending));
      return await untilCancelled(outcome, cancelled, () => running.stop());
    } catch (error) {
      this.#busy = false;
      this.#context.log("error", "surfaceThrew", {
        code: "surface_failed",
        surface: "exec",
        fault: faultText(error),
      });
      return failed("the command could not be run");
    }
  }

  #refusal(cancelled: AbortSignal): string | undefined {
    if (this.#closed) return "the surface is closed";
    return cancelled.aborted ? MOOT : undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#running?.stop();
    await this.#running?.ended;
  }

  #ended(purpose: Purpose, { ring, attempt }: Doorbell, ending: Ending): RingOutcome {
    this.#running = undefined;
    this.#busy = false;
    const status = ending.kind === "exited" ? ending.status : null;
    const said = ending.lastLine;
    this.#context.log("debug", "commandEnded", {
      ...{ purpose, ring, attempt },
      ...{ ending: ending.kind, status, said },
    });
    return outcomeOf(ending, this.#timeoutMs);
  }
}

const OVERLAP = "the command of an earlier ring still runs";
const MOOT = "the doorbell became moot before it was rung";

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}

/** The outcome, or at once that it is moot, while the command is ended behind it and keeps its place until then. */
function untilCancelled(
  outcome: Promise<RingOutcome>,
  cancelled: AbortSignal,
  stop: () => void,
): Promise<RingOutcome> {
  return new Promise((resolve) => {
    const abandon = () => {
      stop();
      resolve({ kind: "failed", reason: "the doorbell became moot while the command ran, which was ended" });
    };
    cancelled.addEventListener("abort", abandon, { once: true });
    void outcome.then((seen) => {
      cancelled.removeEventListener("abort", abandon);
      resolve(seen);
    });
  });
}

function outcomeOf(ending: Ending, timeoutMs: number): RingOutcome {
  const said = ending.lastLine === "" ? "" : `: ${ending.lastLine}`;
  switch (ending.kind) {
    case "exited":
      return ending.status === 0
        ? { kind: "taken", path: "command" }
        : { kind: "failed", reason: `the command ended with status ${ending.status}${said}` };
    case "killed":
      return { kind: "failed", reason: `the command was ended by ${ending.signal}${said}` };
    case "timedOut":
      return {
        kind: "failed",
        reason: `the command did not end within ${timeoutMs} ms and was ended${said}`,
      };
    case "stopped":
      return { kind: "failed", reason: "the command was ended before it was done" };
    case "notStarted":
      return { kind: "failed", reason: ending.reason };
  }
}

function commandOf(
  settings: ExecConfig,
  shellKey: "command" | "resumeCommand",
  argvKey: "argv" | "resumeArgv",
): CommandLine | undefined {
  const shell = settings[shellKey];
  const argv = settings[argvKey];
  if (shell !== undefined && argv !== undefined) {
    throw new PrismError("invalid_argument", `surface exec has both "${shellKey}" and "${argvKey}"`, {
      hint: "keep one of them",
    });
  }
  refuseNul([shell ?? "", ...(argv ?? [])], shell === undefined ? argvKey : shellKey);
  if (shell !== undefined) return { shell };
  if (argv === undefined) return undefined;
  const [program, ...rest] = argv;
  if (program === undefined || program === "") {
    throw new PrismError("invalid_argument", `"${argvKey}" of surface exec names no program`, {
      hint: 'write it as in ["/usr/local/bin/on-ring", "--quiet"]',
    });
  }
  return { argv: [program, ...rest] };
}

/** No system can pass one on to a program. */
function refuseNul(words: readonly string[], key: string): void {
  if (!words.some((word) => word.includes("\0"))) return;
  throw new PrismError("invalid_argument", `"${key}" of surface exec holds a NUL character`);
}
