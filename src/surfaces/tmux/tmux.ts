/**
 * Surface `tmux`: rings an agent that runs in a pane, by typing one line and seeing that it was taken. Holds the
 * configuration and the one place for a ring; everything that talks to tmux is loaded at the first one.
 */
import type { Doorbell } from "../../domain/doorbell.ts";
import { PrismError } from "../../domain/errors.ts";
import { faultText } from "../../domain/log.ts";
import { type Infer, maybe, object, readShape, text, whole } from "../../domain/shape.ts";
import type { PaneRinger } from "../pane/ring.ts";
import type { Tmux } from "../pane/tmux-client.ts";
import type { RingOutcome, Surface, SurfaceContext } from "../surface.ts";

/** Not the user's own, whose name is "default". */
const SOCKET_DEFAULT = "prism";
const TIMEOUT_MS_DEFAULT = 6000;
/** An agent's start, with its updates and its greetings. */
const RESUME_MS_MAX = 45_000;
/** What the calls of one ring may take beyond its two waits, when tmux answers slowly. */
const CALLS_MS_MAX = 10_000;

const config = object({
  target: maybe(
    text({ bytesMax: 512, about: "the agent's pane: SESSION, SESSION:WINDOW, SESSION:WINDOW.PANE or %ID" }),
  ),
  socket: maybe(
    text({
      bytesMax: 64,
      about: 'the name of the tmux socket; by default "prism"; the user\'s own is "default"',
    }),
  ),
  program: maybe(
    text({
      bytesMax: 256,
      about: "the program that must be in the pane's foreground; by default any but a shell",
    }),
  ),
  prompt: maybe(text({ bytesMax: 64, about: "what stands before the agent's input, if none of the usual" })),
  resumeCommand: maybe(
    text({
      bytesMax: 4096,
      about:
        "what starts the agent in a new session, through the shell; of several commands the last by exec, or the pane is taken for a shell",
    }),
  ),
  timeoutMs: maybe(
    whole({
      min: 200,
      max: 60_000,
      about: "milliseconds for the line to be shown, and again for Enter to be taken; by default 6000",
    }),
  ),
});

export const configSchema = config.schema;
type TmuxConfig = Infer<typeof config>;

/** @throws PrismError `invalid_argument`, `unknown_key`, `too_large` */
export function open(given: unknown, context: SurfaceContext): Surface {
  const settings = readShape(config, given, "the configuration of surface tmux");
  const { target } = settings;
  if (target === undefined) {
    throw new PrismError("invalid_argument", 'surface tmux lacks "target"', {
      hint: "name the agent's pane, as in --tmux-target reviewer for the session of that name",
    });
  }
  refuseBadNames(target, settings);
  const slot = new RingSlot({ ...settings, target }, context);
  const surface: Surface = {
    name: "tmux",
    ringMsMax: 2 * slot.timeoutMs + CALLS_MS_MAX,
    ring: (bell, cancelled) => slot.ring(bell, cancelled),
    close: () => slot.close(),
  };
  const command = settings.resumeCommand;
  if (command === undefined) return surface;
  return { ...surface, resume: (bell, cancelled) => slot.resume(command, bell, cancelled) };
}

function refuseBadNames(target: string, { socket, prompt, resumeCommand }: TmuxConfig): void {
  if (/[\u0000-\u001f]/.test(`${target}${prompt ?? ""}`) || resumeCommand?.includes("\0") === true) {
    throw new PrismError("invalid_argument", "the configuration of surface tmux holds a control character");
  }
  if (prompt?.trim() === "") {
    throw new PrismError("invalid_argument", '"prompt" of surface tmux is blank', {
      hint: 'write it as in "ask>"',
    });
  }
  if (socket !== undefined && !/^[\w.-]+$/.test(socket)) {
    throw new PrismError("invalid_argument", `"socket" of surface tmux is not a name: "${socket}"`, {
      hint: "give what follows tmux -L, as in prism",
    });
  }
  if (resumeCommand !== undefined && /[%:.]/.test(target)) {
    throw new PrismError("invalid_argument", `a new session can't be started as "${target}"`, {
      hint: "beside a resume command, the target is a session's name without : and .",
    });
  }
}

const OVERLAP = "an earlier ring is still under way in the pane";
const MOOT = "the doorbell became moot before it was rung";

interface Loaded {
  readonly tmux: Tmux;
  readonly ringer: PaneRinger;
}

/** One ring or one start at a time: both look at a screen that the other would change. */
class RingSlot {
  readonly timeoutMs: number;
  readonly #settings: TmuxConfig & { readonly target: string };
  readonly #context: SurfaceContext;
  readonly #closing = new AbortController();
  #loaded: Loaded | undefined;
  #underWay: Promise<RingOutcome> | undefined;

  constructor(settings: TmuxConfig & { readonly target: string }, context: SurfaceContext) {
    this.#settings = settings;
    this.#context = context;
    this.timeoutMs = settings.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  }

  ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    return this.#alone("ring", bell, cancelled, async (called) => {
      const { ringer } = await this.#load();
      return ringer.ring(bell, called);
    });
  }

  resume(command: string, bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    return this.#alone("resume", bell, cancelled, async (called) => {
      const [{ tmux }, { startAgent }] = await Promise.all([this.#load(), import("../pane/resume.ts")]);
      const { target, prompt } = this.#settings;
      const settings = {
        ...{ session: target, command, socket: this.#socket, root: this.#context.root },
        ...{ timeoutMs: RESUME_MS_MAX, ...(prompt === undefined ? {} : { prompt }) },
      };
      return startAgent(tmux, settings, bell, called);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#underWay;
  }

  async #alone(
    purpose: "ring" | "resume",
    bell: Doorbell,
    cancelled: AbortSignal,
    act: (cancelled: AbortSignal) => Promise<RingOutcome>,
  ): Promise<RingOutcome> {
    if (this.#closing.signal.aborted) return failed("the surface is closed");
    if (cancelled.aborted) return failed(MOOT);
    if (this.#underWay !== undefined) return failed(OVERLAP);
    const { log } = this.#context;
    const acting = act(AbortSignal.any([cancelled, this.#closing.signal])).catch((error: unknown) => {
      log("error", "surfaceThrew", { code: "surface_failed", surface: "tmux", fault: faultText(error) });
      return failed("the pane could not be rung");
    });
    this.#underWay = acting;
    const outcome = await acting;
    this.#underWay = undefined;
    const { ring, attempt } = bell;
    const said = outcome.kind === "taken" ? outcome.path : outcome.reason;
    log("debug", "surfaceRang", {
      ...{ surface: "tmux", purpose, ring, attempt, outcome: outcome.kind, said },
    });
    return outcome;
  }

  get #socket(): string {
    return this.#settings.socket ?? SOCKET_DEFAULT;
  }

  /** Lazily: a daemon that never rings never loads node:child_process. */
  async #load(): Promise<Loaded> {
    const [{ Tmux }, { PaneRinger }] = await Promise.all([
      import("../pane/tmux-client.ts"),
      import("../pane/ring.ts"),
    ]);
    if (this.#loaded !== undefined) return this.#loaded;
    const { target, program, prompt } = this.#settings;
    const tmux = new Tmux({ socket: this.#socket, env: this.#context.env });
    const ringer = new PaneRinger(tmux, {
      ...{ target, timeoutMs: this.timeoutMs },
      ...(program === undefined ? {} : { program }),
      ...(prompt === undefined ? {} : { prompt }),
    });
    this.#loaded = { tmux, ringer };
    return this.#loaded;
  }
}

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}
