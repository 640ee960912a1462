/**
 * A tmux pane as one way among several to ring an agent whose client has better ones: what of it a surface's
 * configuration holds, the way itself, and the start of an agent in a session of its own. What talks to tmux is
 * loaded at the first ring.
 */
import type { Doorbell } from "../../domain/doorbell.ts";
import { PrismError } from "../../domain/errors.ts";
import { type Infer, maybe, type object, text, whole } from "../../domain/shape.ts";
import type { Sent } from "../path-ringer.ts";
import type { RingOutcome, SurfaceContext } from "../surface.ts";
import type { PaneRinger } from "./ring.ts";
import type { Tmux } from "./tmux-client.ts";

/** Not the user's own, whose name is "default". */
const SOCKET_DEFAULT = "prism";
const TIMEOUT_MS_DEFAULT = 6000;
/** An agent's start, with its updates and its greetings. */
const START_MS_MAX = 45_000;
/** What the calls of one ring may take beyond its two waits, when tmux answers slowly. */
const CALLS_MS_MAX = 10_000;

/** Members for the configuration of a surface that can also ring in a pane. */
export const paneMembers = {
  tmuxTarget: maybe(
    text({ bytesMax: 512, about: "the agent's pane: SESSION, SESSION:WINDOW, SESSION:WINDOW.PANE or %ID" }),
  ),
  tmuxSocket: maybe(
    text({
      bytesMax: 64,
      about: 'the name of its tmux socket; by default "prism"; the user\'s own is "default"',
    }),
  ),
  tmuxProgram: maybe(
    text({ bytesMax: 256, about: "the program that must be in its foreground; by default any but a shell" }),
  ),
  tmuxPrompt: maybe(
    text({ bytesMax: 64, about: "what stands before the agent's input, if none of the usual" }),
  ),
  tmuxTimeoutMs: maybe(
    whole({
      min: 200,
      max: 60_000,
      about: "milliseconds for a line to be shown there, and again for Enter to be taken; by default 6000",
    }),
  ),
};

export type PaneConfig = Infer<ReturnType<typeof object<typeof paneMembers>>>;

/**
 * @param surface its name, for what is said of a bad value
 * @returns undefined if no pane is configured
 * @throws PrismError `invalid_argument`
 */
export function openPaneWay(
  config: PaneConfig,
  surface: string,
  context: Pick<SurfaceContext, "env" | "root">,
): PaneWay | undefined {
  const { tmuxTarget, tmuxSocket, tmuxPrompt } = config;
  if (tmuxTarget === undefined) return undefined;
  if (/[\u0000-\u001f]/.test(`${tmuxTarget}${tmuxPrompt ?? ""}`)) {
    throw new PrismError("invalid_argument", `the pane of surface ${surface} holds a control character`);
  }
  if (tmuxPrompt?.trim() === "") {
    throw new PrismError("invalid_argument", `"tmuxPrompt" of surface ${surface} is blank`, {
      hint: 'write it as in "ask>"',
    });
  }
  if (tmuxSocket !== undefined && !/^[\w.-]+$/.test(tmuxSocket)) {
    throw new PrismError(
      "invalid_argument",
      `"tmuxSocket" of surface ${surface} is not a name: "${tmuxSocket}"`,
      {
        hint: "give what follows tmux -L, as in prism",
      },
    );
  }
  return new PaneWay({ ...config, tmuxTarget }, context);
}

export interface PaneStart {
  /** For the shell. */
  readonly command: string;
  /** Over what the tmux server hands on; undefined takes a variable away. */
  readonly env: { readonly [name: string]: string | undefined };
}

/** One pane. Its caller sees to it that one ring or start runs at a time. */
export class PaneWay {
  readonly name = "tmux";
  /** How long one ring may take. */
  readonly ringMsMax: number;
  /** How long one start may take. */
  readonly startMsMax = START_MS_MAX + CALLS_MS_MAX;
  readonly #config: PaneConfig & { readonly tmuxTarget: string };
  readonly #context: Pick<SurfaceContext, "env" | "root">;
  #loaded: { readonly tmux: Tmux; readonly ringer: PaneRinger } | undefined;

  constructor(
    config: PaneConfig & { readonly tmuxTarget: string },
    context: Pick<SurfaceContext, "env" | "root">,
  ) {
    this.#config = config;
    this.#context = context;
    this.ringMsMax = 2 * this.#timeoutMs + CALLS_MS_MAX;
  }

  /** True if a new session can be started under the pane's name. */
  get isSession(): boolean {
    return !/[%:.]/.test(this.#config.tmuxTarget);
  }

  /** The pane shows by itself whether the line was taken. */
  async send(bell: Doorbell, cancelled: AbortSignal): Promise<Sent> {
    const { ringer } = await this.#load();
    const outcome = await ringer.ring(bell, cancelled);
    return outcome.kind === "taken" ? { kind: "taken" } : { kind: "failed", reason: outcome.reason };
  }

  /** True if somebody may be there already, rung or not: then nobody is to be started. */
  async holdsAgent(): Promise<boolean> {
    return (await this.#load()).ringer.holdsAgent();
  }

  /** Starts an agent in a new session of the pane's name, and settles once it shows its input line. */
  async start({ command, env }: PaneStart, bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const [{ tmux }, { startAgent }] = await Promise.all([this.#load(), import("./resume.ts")]);
    const { tmuxTarget, tmuxPrompt } = this.#config;
    const settings = {
      ...{ session: tmuxTarget, command, env, socket: this.#socket, root: this.#context.root },
      ...{ timeoutMs: START_MS_MAX, ...(tmuxPrompt === undefined ? {} : { prompt: tmuxPrompt }) },
    };
    return startAgent(tmux, settings, bell, cancelled);
  }

  get #timeoutMs(): number {
    return this.#config.tmuxTimeoutMs ?? TIMEOUT_MS_DEFAULT;
  }

  get #socket(): string {
    return this.#config.tmuxSocket ?? SOCKET_DEFAULT;
  }

  async #load(): Promise<{ readonly tmux: Tmux; readonly ringer: PaneRinger }> {
    const [{ Tmux }, { PaneRinger }] = await Promise.all([import("./tmux-client.ts"), import("./ring.ts")]);
    if (this.#loaded !== undefined) return this.#loaded;
    const { tmuxTarget, tmuxProgram, tmuxPrompt } = this.#config;
    const tmux = new Tmux({ socket: this.#socket, env: this.#context.env });
    const ringer = new PaneRinger(tmux, {
      ...{ target: tmuxTarget, timeoutMs: this.#timeoutMs },
      ...(tmuxProgram === undefined ? {} : { program: tmuxProgram }),
      ...(tmuxPrompt === undefined ? {} : { prompt: tmuxPrompt }),
    });
    this.#loaded = { tmux, ringer };
    return this.#loaded;
  }
}
