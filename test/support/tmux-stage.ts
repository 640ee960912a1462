/** A tmux server of a test's own, in a folder of its own, with scripted agents in its panes. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Surface } from "../../src/surfaces/surface.ts";
import type { AgentMode } from "./pane-agent.ts";
import { contextWith, openSurface } from "./surface-context.ts";
import { tempDir } from "./temp-dir.ts";
import { until } from "./until.ts";

const found = spawnSync("tmux", ["-V"], { encoding: "utf8" });
export const hasTmux = found.status === 0;
/** For the name of a suite that is skipped. */
export const withoutTmux = hasTmux ? "" : " (skipped: no tmux here)";

const AGENT = join(import.meta.dirname, "pane-agent.ts");

export interface TmuxStage {
  readonly folder: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Runs tmux on this stage's own server, as a person would; its answer, trimmed. */
  tmux(...args: readonly string[]): string;
  /** Starts an agent in a session of this name, in a folder of its own, and settles once it shows itself. */
  agent(mode: AgentMode, session?: string): Promise<StagedAgent>;
  surface(config?: { readonly [key: string]: unknown }): Promise<Surface>;
  /** What the pane shows. */
  screen(target: string): string;
  /** Settles once the pane shows it. */
  shows(target: string, what: string | RegExp): Promise<void>;
}

export interface StagedAgent {
  readonly folder: string;
  /** As in %0. */
  readonly pane: string;
  /** Every line that it took. */
  seen(): readonly string[];
}

export function tmuxStage(): TmuxStage {
  const folder = tempDir();
  const env = {
    PATH: process.env["PATH"],
    TMUX_TMPDIR: folder,
    TMUX: "/nowhere,1,0",
    HOME: folder,
    TERM: "xterm",
  };
  const { TMUX: _, ...plain } = env;
  const tmux = (...args: readonly string[]) =>
    execFileSync("tmux", ["-u", "-L", "prism", "-f", "/dev/null", ...args], {
      env: plain,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  onTestFinished(() => {
    spawnSync("tmux", ["-L", "prism", "kill-server"], { env: plain });
  });
  const screen = (target: string) => tmux("capture-pane", "-p", "-t", target);
  const shows = (target: string, what: string | RegExp) =>
    until(() => (typeof what === "string" ? screen(target).includes(what) : what.test(screen(target))));
  return {
    folder,
    env,
    tmux,
    screen,
    shows,
    async agent(mode, session = "agent") {
      const home = tempDir();
      const pane = tmux(
        ...["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", session, "-x", "100", "-y", "24"],
        ...["-c", home, process.execPath, AGENT, mode, home],
      );
      await until(() => existsSync(join(home, "up")));
      const seen = join(home, "seen");
      return {
        folder: home,
        pane,
        seen: () => (existsSync(seen) ? readFileSync(seen, "utf8").split("\n").slice(0, -1) : []),
      };
    },
    async surface(config = {}) {
      const surface = await openSurface(
        "tmux",
        { target: "agent", timeoutMs: 4000, ...config },
        contextWith({ env, root: folder }),
      );
      onTestFinished(() => surface.close());
      return surface;
    },
  };
}
