/**
 * Starts the agent in a session of its own, in the project's folder, in a cleaned environment, and waits until it
 * shows its input line. Never touches a session that is there already. The session is the agent's, and outlives
 * the daemon. Loaded when it is asked for.
 */
import { formatAddress, printable } from "../../domain/address.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import { isWithheld } from "../../host/child-environment.ts";
import { monotonicMs } from "../../host/monotonic.ts";
import { pause } from "../../host/pause.ts";
import type { RingOutcome } from "../surface.ts";
import { inputLineOf, promptPattern } from "./input-line.ts";
import { isShell, lookAt } from "./pane.ts";
import type { Tmux } from "./tmux-client.ts";
import { failed, MOOT } from "./typing.ts";

export interface ResumeSettings {
  readonly session: string;
  /** For the shell. */
  readonly command: string;
  readonly socket: string;
  readonly prompt?: string;
  /** The project's folder. */
  readonly root: string;
  readonly timeoutMs: number;
  /** For the agent, over what the tmux server hands on; undefined takes a variable away. */
  readonly env?: { readonly [name: string]: string | undefined };
}

const POLL_MS = 100;
/** A terminal that nobody looks at has no size of its own; an agent's frames need some room. */
const SIZE = ["-x", "160", "-y", "50"];
const USERS_OWN = "default";
const VARIABLE = /^[A-Za-z_]\w*$/;

export async function startAgent(
  tmux: Tmux,
  settings: ResumeSettings,
  bell: Doorbell,
  cancelled: AbortSignal,
): Promise<RingOutcome> {
  const shown = printable(settings.session);
  const there = await tmux.run(["has-session", "-t", `=${settings.session}`]);
  if (there.ok) return failed(`a tmux session "${shown}" is there already and was left alone`);
  if (there.cause === "broken") return failed(there.reason);
  if (cancelled.aborted) return failed(MOOT);
  const args = await sessionArguments(tmux, settings, bell);
  let started = await tmux.run(args);
  // A server whose last session has just ended takes the new one with it; the next server does not know of that.
  if (!started.ok && started.cause === "noServer") started = await tmux.run(args);
  if (!started.ok) return failed(`the agent could not be started: ${started.reason}`);
  return untilReady(tmux, settings, started.out.trim(), cancelled);
}

async function sessionArguments(
  tmux: Tmux,
  settings: ResumeSettings,
  bell: Doorbell,
): Promise<readonly string[]> {
  const wanted = Object.entries(settings.env ?? {}).filter(([name]) => VARIABLE.test(name));
  const facts = {
    ...Object.fromEntries(wanted.filter(([, value]) => value !== undefined)),
    PRISM_PERSONA: bell.persona,
    PRISM_PROJECT: bell.project,
    PRISM_ADDRESS: formatAddress(bell),
    PRISM_ROOT: settings.root,
  };
  const takenAway = wanted.filter(([, value]) => value === undefined).map(([name]) => name);
  const unset = [...(await withheldNames(tmux)), ...takenAway].join(" ");
  // A server that this starts reads no configuration of the user's, which may do anything; the user's own does.
  const configuration = settings.socket === USERS_OWN ? [] : ["-f", "/dev/null"];
  return [
    ...[...configuration, "new-session", "-d", "-P", "-F", "#{pane_id}", "-s", settings.session, ...SIZE],
    ...["-c", settings.root, ...Object.entries(facts).flatMap(([name, value]) => ["-e", `${name}=${value}`])],
    ...["/bin/sh", "-c", `${unset === "" ? "" : `unset ${unset}; `}exec /bin/sh -c "$1"`, "sh"],
    settings.command,
  ];
}

/** A server hands its own environment on, which may be that of an agent that started it long ago. */
async function withheldNames(tmux: Tmux): Promise<readonly string[]> {
  const answer = await tmux.run(["show-environment", "-g"]);
  if (!answer.ok) return [];
  const names = answer.out.split("\n").map((line) => line.split("=", 1)[0] ?? "");
  return names.filter((name) => /^\w+$/.test(name) && isWithheld(name));
}

async function untilReady(
  tmux: Tmux,
  settings: ResumeSettings,
  id: string,
  cancelled: AbortSignal,
): Promise<RingOutcome> {
  const deadlineMs = monotonicMs() + settings.timeoutMs;
  const shown = printable(settings.session);
  for (;;) {
    const seen = await lookAt(tmux, { id });
    if (!seen.ok && seen.cause === "broken") return failed(seen.reason);
    if (!seen.ok || seen.value.isDead)
      return failed(`the resume command ended before session "${shown}" was up`);
    const prompt = promptPattern(settings.prompt, isShell(seen.value.program));
    const input = inputLineOf(seen.value, prompt).kind;
    if (input === "line") return { kind: "taken", path: `new session "${shown}"` };
    if (cancelled.aborted) return failed(`session "${shown}" was started, and shows no input line yet`);
    if (monotonicMs() >= deadlineMs && input === "dialog") {
      return failed(`session "${shown}" was started, and asks a person to choose (tmux attach shows it)`);
    }
    if (monotonicMs() >= deadlineMs) {
      return failed(`session "${shown}" was started, but showed no input line in ${settings.timeoutMs} ms`);
    }
    await pause(POLL_MS, cancelled);
  }
}
