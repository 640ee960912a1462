import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import type { AgentMode } from "../support/pane-agent.ts";
import { contextWith, openSurface } from "../support/surface-context.ts";
import { tempDir } from "../support/temp-dir.ts";
import { hasTmux, type TmuxStage, tmuxStage, withoutTmux } from "../support/tmux-stage.ts";
import { until } from "../support/until.ts";
import { type SurfaceOnStage, surfaceContract } from "./surface-contract.ts";

async function ringing(
  mode: AgentMode,
  config = {},
): Promise<SurfaceOnStage & { readonly stage: TmuxStage }> {
  const stage = tmuxStage();
  const agent = await stage.agent(mode);
  return { stage, surface: await stage.surface(config), rung: agent.seen };
}

/** A program named tmux that does this instead. */
async function withTmuxThat(script: string): Promise<SurfaceOnStage> {
  const bin = tempDir();
  writeFileSync(join(bin, "tmux"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, "tmux"), 0o700);
  const context = contextWith({ env: { PATH: `${bin}:/usr/bin:/bin` } });
  return { surface: await openSurface("tmux", { target: "agent" }, context), rung: () => [] };
}

async function inPaneOf(
  prepare: (stage: TmuxStage) => Promise<unknown>,
  config = {},
): Promise<SurfaceOnStage> {
  const stage = tmuxStage();
  await prepare(stage);
  return { surface: await stage.surface(config), rung: () => [] };
}

describe.runIf(hasTmux)(`on real tmux${withoutTmux}`, () => {
  surfaceContract("tmux", {
    taking: () => ringing("plain"),
    failing: {
      "an agent that never takes Enter": {
        make: () => ringing("never", { timeoutMs: 600 }),
        reason: /^the agent did not take Enter, sent 3 times within 600 ms$/,
      },
      "an agent that shows nothing of what is typed": {
        make: () => ringing("blind", { timeoutMs: 300 }),
        reason: /^the pane did not show the doorbell's line within 300 ms, so Enter was not sent$/,
      },
      "an agent at work": {
        make: () => ringing("busy"),
        reason: /^the pane shows no input line: the agent works, or its prompt is none of the usual/,
      },
      "an agent that asks for a choice": {
        make: () => ringing("dialog"),
        reason: /^a dialog is open in the pane, which Enter would answer$/,
      },
      "half a line of a person's": {
        make: () =>
          inPaneOf(async (stage) => {
            await stage.agent("plain");
            stage.tmux("send-keys", "-t", "agent", "fix the b");
            await stage.shows("agent", "> fix the b");
          }),
        reason: /^something is typed in the pane's input line already/,
      },
      "copy mode": {
        make: () =>
          inPaneOf(async (stage) => {
            await stage.agent("plain");
            stage.tmux("copy-mode", "-t", "agent");
          }),
        reason: /^pane %0 is in copy mode, where somebody reads back/,
      },
      "a bare shell": {
        make: () =>
          inPaneOf(async (stage) => stage.tmux("new-session", "-d", "-s", "agent", "-c", "/", "/bin/sh")),
        reason: /^pane %0 runs the shell sh and no agent; if the shell is meant, say --tmux-program sh$/,
      },
      "another program than the one named": {
        make: () => ringing("plain", { program: "claude" }),
        reason: /^pane %0 runs node\S*, not claude$/,
      },
      "a pane whose program has ended": {
        make: () =>
          inPaneOf(async (stage) => {
            stage.tmux("new-session", "-d", "-s", "other", "/bin/sh");
            stage.tmux("set-option", "-g", "remain-on-exit", "on");
            stage.tmux("new-session", "-d", "-s", "agent", "true");
            // Its words for this, "Pane is dead", tmux 3.3a sometimes fails to draw.
            await until(() => stage.tmux("display-message", "-p", "-t", "agent", "#{pane_dead}") === "1");
          }),
        reason: /^the program in pane %1 has ended$/,
      },
      "a pane that takes no input": {
        make: () =>
          inPaneOf(async (stage) => {
            await stage.agent("plain");
            stage.tmux("select-pane", "-d", "-t", "agent");
          }),
        reason: /^pane %0 takes no input/,
      },
      "panes that are typed into together": {
        make: () =>
          inPaneOf(async (stage) => {
            await stage.agent("plain");
            stage.tmux("set-option", "-w", "-t", "agent", "synchronize-panes", "on");
          }),
        reason: /^the panes beside %0 are synchronized with it/,
      },
      "no such session": {
        make: () => inPaneOf((stage) => stage.agent("plain", "agents")),
        reason: /^there is no tmux session "agent"; did you mean "agents"\?$/,
      },
      "no such window": {
        make: () => inPaneOf((stage) => stage.agent("plain"), { target: "agent:7" }),
        reason: /^the tmux session "agent" has no window or pane "agent:7"$/,
      },
      "no such pane": {
        make: () => inPaneOf((stage) => stage.agent("plain"), { target: "%99" }),
        reason: /^there is no tmux pane %99$/,
      },
      "a target of two panes": {
        make: () =>
          inPaneOf(async (stage) => {
            await stage.agent("plain");
            stage.tmux("split-window", "-t", "agent", "/bin/sh");
          }),
        reason: /^the tmux target "agent" means 2 panes; name one of %0, %1$/,
      },
      "no server": {
        make: () => inPaneOf(async () => {}),
        reason: /^no tmux server runs on socket "prism"$/,
      },
      "no tmux": {
        make: async () => {
          const context = contextWith({ env: { PATH: "/nowhere" } });
          return { surface: await openSurface("tmux", { target: "agent" }, context), rung: () => [] };
        },
        reason: /^tmux is not installed, or not in the daemon's PATH$/,
      },
      "an old tmux": {
        make: () => withTmuxThat("echo tmux 3.1c"),
        reason: /^tmux 3\.1c is too old: 3\.2 or later is needed$/,
      },
      "a tmux that does not answer": {
        make: () => withTmuxThat("case $1 in -V) echo tmux 3.3a;; *) exec sleep 60;; esac"),
        reason: /^tmux did not answer within 2000 ms$/,
      },
      "a server of another version": {
        make: () =>
          withTmuxThat(
            "case $1 in -V) echo tmux 3.3a;; *) echo 'protocol version mismatch (client 8, server 7)' >&2; exit 1;; esac",
          ),
        reason: /^the tmux server on socket "prism" is of another version than the program tmux$/,
      },
      "a server of another user": {
        make: () =>
          withTmuxThat(
            "case $1 in -V) echo tmux 3.3a;; *) echo 'error connecting to /tmp/x (Permission denied)' >&2; exit 1;; esac",
          ),
        reason: /^the tmux server on socket "prism" may not be used by this user$/,
      },
    },
    async stuck() {
      const { stage, ...rest } = await ringing("never", { timeoutMs: 60_000 });
      return {
        ...rest,
        begun: () => stage.shows("agent", "Prism:"),
        async left() {
          // No buffer, and not a word of it on the input line.
          if (stage.tmux("list-buffers") !== "") throw new Error("a buffer was left");
          await stage.shows("agent", /done\n>\s*$/);
        },
      };
    },
  });
});
