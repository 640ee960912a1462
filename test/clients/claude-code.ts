/**
 * The real Claude Code in a house of its own: a scratch home whose questions are answered beforehand, a project
 * folder, a bare environment and a model that a test scripts. Headless, as a long-lived worker, or interactive in a
 * pane of a private tmux server. It knows nothing of Prism: what a test installs, it installs itself.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Json = { readonly [key: string]: unknown };

export interface HouseOptions {
  /** The client's executable. */
  readonly binary: string;
  /** Where the model answers. */
  readonly modelUrl: string;
  /** What `<project>/.claude/settings.json` holds. */
  readonly settings?: Json;
  /** What `<home>/.claude/settings.json` holds. */
  readonly userSettings?: Json;
  /** Servers of `<project>/.mcp.json`, approved beforehand. */
  readonly mcpServers?: Json;
  /** Added to the client's environment. */
  readonly env?: { readonly [name: string]: string };
  /** Leaves the question whether the folder is trusted unanswered. */
  readonly untrusted?: boolean;
}

export interface House {
  readonly home: string;
  readonly project: string;
  readonly env: { readonly [name: string]: string };
  /** Where the sockets of its tmux server are, which is named `clients`. */
  readonly sockets: string;
  /** `claude ARGUMENTS` to its end. */
  run(args: readonly string[], input?: string): Promise<{ status: number | null; out: string; err: string }>;
  /** `claude -p` with JSON messages on both sides, alive until it is ended. */
  worker(args?: readonly string[]): Worker;
  /** An interactive session in a pane. */
  pane(args?: readonly string[]): Pane;
  /** What the client writes about its live sessions, one file each. */
  sessions(): readonly Json[];
  close(): Promise<void>;
}

export interface Worker {
  readonly child: ChildProcess;
  /** Every line that it printed. */
  readonly events: readonly Json[];
  errors(): string;
  /** The first event at or after `after` that this holds for. */
  event(holds: (event: Json) => boolean, after?: number): Promise<Json>;
  say(text: string): void;
  end(): Promise<number | null>;
}

export interface Pane {
  readonly id: string;
  readonly pid: number;
  screen(): string;
  /** Types text and, unless told otherwise, Enter. */
  type(text: string, enter?: boolean): void;
  keys(...names: readonly string[]): void;
  shows(what: string | RegExp): Promise<void>;
  /** Answers a dialog: goes down to the option that begins so, and takes it. */
  choose(option: string): Promise<void>;
}

/** Any key will do; the client asks once whether to use it, and keeps the last 20 characters of the answer. */
const KEY = "sk-ant-mock-000000000000000000000000";

export function claudeHouse(options: HouseOptions): House {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "prism-cc-")));
  const home = join(root, "h");
  const project = join(root, "p");
  const sockets = join(root, "t");
  for (const folder of [join(home, ".claude"), join(project, ".claude"), sockets]) {
    mkdirSync(folder, { recursive: true });
  }
  // A folder of its own also to git: the client asks for trust in the root of the working tree.
  execFileSync("git", ["init", "--quiet", project]);
  writeAnswers(home, project, options);
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    TMPDIR: sockets,
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    ANTHROPIC_BASE_URL: options.modelUrl,
    ANTHROPIC_API_KEY: KEY,
    DISABLE_AUTOUPDATER: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    ENABLE_TOOL_SEARCH: "false",
    ...options.env,
  };
  const children = new Set<ChildProcess>();
  let panes = 0;

  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn(options.binary, args, { cwd: project, env, stdio: "pipe" });
    children.add(child);
    child.once("close", () => children.delete(child));
    child.stdin?.on("error", () => {});
    return child;
  };
  const tmux = (...args: readonly string[]): string =>
    execFileSync("tmux", ["-u", "-L", "clients", "-f", "/dev/null", ...args], {
      env: { ...env, TMUX_TMPDIR: sockets },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).replace(/\n$/, "");

  return {
    home,
    project,
    env,
    sockets,
    async run(args, input = "") {
      const child = start(args);
      let out = "";
      let err = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        err += text;
      });
      child.stdin?.end(input);
      return { status: await ended(child), out, err };
    },
    worker: (args = []) => workerOf(start([...WORKER, ...args])),
    pane(args = []) {
      panes += 1;
      const id = tmux(
        ...["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", `claude-${panes}`, "-x", "120", "-y", "40"],
        ...["-c", project, options.binary, ...args],
        // A server whose last pane has just ended would be on its way out when the next one comes.
        ...[";", "set-option", "-s", "exit-empty", "off"],
      );
      const screen = () => tmux("capture-pane", "-p", "-t", id);
      return {
        id,
        pid: Number(tmux("display-message", "-p", "-t", id, "#{pane_pid}")),
        screen,
        type(text, enter = true) {
          tmux("send-keys", "-t", id, "-l", "--", text);
          if (enter) tmux("send-keys", "-t", id, "Enter");
        },
        keys(...names) {
          tmux("send-keys", "-t", id, ...names);
        },
        async shows(what) {
          const held = () => (typeof what === "string" ? screen().includes(what) : what.test(screen()));
          while (!held()) await pause();
        },
        async choose(option) {
          // A dialog that has only just been drawn may not hear yet.
          while (!screen().includes(`❯ ${option}`)) {
            tmux("send-keys", "-t", id, "Down");
            await pause(300);
          }
          tmux("send-keys", "-t", id, "Enter");
        },
      };
    },
    sessions() {
      const folder = join(home, ".claude", "sessions");
      try {
        return readdirSync(folder)
          .filter((name) => name.endsWith(".json"))
          .flatMap((name) => record(join(folder, name)));
      } catch {
        return [];
      }
    },
    async close() {
      spawnSync("tmux", ["-L", "clients", "kill-server"], { env: { ...env, TMUX_TMPDIR: sockets } });
      await Promise.all(
        [...children].map((child) => {
          child.kill("SIGKILL");
          return ended(child);
        }),
      );
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

const WORKER = ["-p", "--verbose", "--input-format", "stream-json", "--output-format", "stream-json"];

/** What a person would have been asked on the first start. */
function writeAnswers(home: string, project: string, options: HouseOptions): void {
  const servers = Object.keys(options.mcpServers ?? {});
  const answers = {
    hasCompletedOnboarding: true,
    theme: "dark",
    numStartups: 5,
    customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
    projects: {
      [project]: {
        hasTrustDialogAccepted: options.untrusted !== true,
        hasCompletedProjectOnboarding: true,
        enabledMcpjsonServers: servers,
      },
    },
  };
  writeFileSync(join(home, ".claude.json"), JSON.stringify(answers));
  if (options.userSettings !== undefined) {
    writeFileSync(join(home, ".claude", "settings.json"), JSON.stringify(options.userSettings));
  }
  if (options.settings !== undefined) {
    writeFileSync(join(project, ".claude", "settings.json"), JSON.stringify(options.settings));
  }
  if (servers.length > 0) {
    writeFileSync(join(project, ".mcp.json"), JSON.stringify({ mcpServers: options.mcpServers }));
  }
}

function workerOf(child: ChildProcess): Worker {
  const events: Json[] = [];
  const waiting = new Set<() => void>();
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      events.push(JSON.parse(line));
      for (const look of waiting) look();
    });
  }
  return {
    child,
    events,
    errors: () => errors,
    event(holds, after = 0) {
      return new Promise((found) => {
        const look = () => {
          const hit = events.slice(after).find(holds);
          if (hit === undefined) return;
          waiting.delete(look);
          found(hit);
        };
        waiting.add(look);
        look();
      });
    },
    say(text) {
      const message = { type: "user", message: { role: "user", content: text } };
      child.stdin?.write(`${JSON.stringify(message)}\n`);
    },
    end() {
      child.stdin?.end();
      return ended(child);
    },
  };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((settle) => {
    if (child.exitCode !== null || child.signalCode !== null) settle(child.exitCode);
    else child.once("close", settle);
  });
}

/** None for a file that is being written, or gone meanwhile. */
function record(path: string): readonly Json[] {
  try {
    return [JSON.parse(readFileSync(path, "utf8"))];
  } catch {
    return [];
  }
}

/** Another program's screen tells nobody when it changes. */
const pause = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));
