/**
 * Codex in a house of its own: a scratch home whose questions are answered beforehand, a project folder, a bare
 * environment and a model that a test scripts. Headless, behind its control socket, or interactive in a pane of a
 * private tmux server. Which Codex it is, the real one or the fake, is the caller's choice; it knows nothing of Prism.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppServerClient, appServerClient, type Json } from "../support/app-server-client.ts";

export interface CodexHouseOptions {
  /** The client: its executable, and what stands before its arguments. */
  readonly command: readonly string[];
  /** Where the model answers, with the path that a provider needs. */
  readonly modelUrl: string;
  /** What `<CODEX_HOME>/hooks.json` holds. */
  readonly hooks?: Json;
  /** Added to config.toml, as it stands. */
  readonly config?: string;
  /** Added to the client's environment. */
  readonly env?: { readonly [name: string]: string };
  /** Leaves the question whether the folder is trusted unanswered. */
  readonly untrusted?: boolean;
}

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CodexHouse {
  readonly home: string;
  readonly codexHome: string;
  readonly project: string;
  /** Where Codex lays its control socket. */
  readonly socket: string;
  readonly env: { readonly [name: string]: string };
  /** `codex ARGUMENTS` to its end, with nothing on its standard input. */
  run(args: readonly string[]): Promise<Ran>;
  /**
   * Starts the server behind the control socket as this house's own child. A `codex` in a terminal uses the one that
   * it finds; left alone it would copy all of itself, 400 MB, and start one that outlives it.
   */
  serve(): Promise<ChildProcess>;
  /** A client of the control socket. */
  client(options?: { readonly experimental?: boolean }): Promise<AppServerClient>;
  /** Trusts the hooks as they are now, by the words that Codex itself writes. */
  trustHooks(): Promise<void>;
  /** An interactive session in a pane. */
  pane(args?: readonly string[]): CodexPane;
  close(): Promise<void>;
}

export interface CodexPane {
  readonly id: string;
  /** What tmux is asked with to find it: `-L clients` in this folder. */
  readonly tmuxFolder: string;
  screen(): string;
  /** Types text, waits until it stands there, and sends Enter. */
  say(text: string): Promise<void>;
  keys(...names: readonly string[]): void;
  /** Presses a key until a question is gone: one that comes as the question is drawn is lost. */
  answer(question: string | RegExp, key: string): Promise<void>;
  tmux(...args: readonly string[]): string;
  shows(what: string | RegExp): Promise<void>;
  /** Whether the client still runs in it. */
  alive(): boolean;
}

/** So that a test that waits in vain says what it saw before it is ended. */
const SHOWN_MS_MAX = 45_000;

export function codexHouse(options: CodexHouseOptions): CodexHouse {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "prism-cx-")));
  const home = join(root, "h");
  const codexHome = join(home, ".codex");
  const project = join(root, "p");
  const temp = join(root, "t");
  const bin = join(root, "b");
  for (const folder of [codexHome, project, temp, bin]) mkdirSync(folder, { recursive: true });
  execFileSync("git", ["init", "--quiet", project]);
  const program = join(bin, "codex");
  const words = options.command.map((word) => `'${word}'`).join(" ");
  writeFileSync(program, `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(codexHome, "config.toml"), configOf(options, project));
  if (options.hooks !== undefined) {
    writeFileSync(join(codexHome, "hooks.json"), JSON.stringify({ hooks: options.hooks }));
  }
  const env = {
    PATH: `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
    HOME: home,
    CODEX_HOME: codexHome,
    // Codex makes no helpers in a home below the folder for temporary files.
    TMPDIR: temp,
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    SHELL: "/bin/sh",
    MOCK_API_KEY: "mock",
    ...options.env,
  };
  const socket = join(codexHome, "app-server-control", "app-server-control.sock");
  const children = new Set<ChildProcess>();
  const clients = new Set<AppServerClient>();
  let panes = 0;

  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn(program, args, { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };
  const tmux = (...args: readonly string[]): string =>
    execFileSync("tmux", ["-u", "-L", "clients", "-f", "/dev/null", ...args], {
      env: { ...env, TMUX_TMPDIR: temp },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).replace(/\n$/, "");

  const client = async (how: { readonly experimental?: boolean } = {}) => {
    const opened = await appServerClient(socket, { name: "test", ...how });
    clients.add(opened);
    return opened;
  };

  return {
    home,
    codexHome,
    project,
    socket,
    env,
    client,
    async run(args) {
      const child = start(args);
      let out = "";
      let err = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        err += text;
      });
      return { status: await ended(child), out, err };
    },
    async serve() {
      const child = start(["app-server", "--listen", "unix://"]);
      child.stdout?.resume();
      child.stderr?.resume();
      await answers(socket);
      return child;
    },
    async trustHooks() {
      const asking = await client();
      const { data } = await asking.ask("hooks/list", { cwds: [project] });
      const trust = (data[0].hooks as readonly { key: string; currentHash: string }[])
        .map(({ key, currentHash }) => `\n[hooks.state.'${key}']\ntrusted_hash = "${currentHash}"\n`)
        .join("");
      writeFileSync(join(codexHome, "config.toml"), trust, { flag: "a" });
      asking.close();
    },
    pane(args = []) {
      panes += 1;
      const id = tmux(
        ...["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", `codex-${panes}`, "-x", "120", "-y", "40"],
        ...["-c", project, program, ...args],
        // A server whose last pane has just ended would be on its way out when the next one comes.
        ...[";", "set-option", "-s", "exit-empty", "off"],
      );
      const screen = () => tmux("capture-pane", "-p", "-t", id);
      const shows = async (what: string | RegExp) => {
        const giveUpMs = performance.now() + SHOWN_MS_MAX;
        for (;;) {
          const shown = screen();
          if (typeof what === "string" ? shown.includes(what) : what.test(shown)) return;
          if (performance.now() > giveUpMs) throw new Error(`the pane never showed ${what}, but:\n${shown}`);
          await pause();
        }
      };
      return {
        id,
        tmuxFolder: temp,
        screen,
        shows,
        tmux,
        async say(text) {
          tmux("send-keys", "-t", id, "-l", "--", text);
          // Enter at once would be taken for a part of a paste.
          await shows(`› ${text}`);
          tmux("send-keys", "-t", id, "Enter");
        },
        keys(...names) {
          tmux("send-keys", "-t", id, ...names);
        },
        async answer(question, key) {
          await shows(question);
          const asks = () =>
            typeof question === "string" ? screen().includes(question) : question.test(screen());
          while (asks()) {
            tmux("send-keys", "-t", id, key);
            for (let looks = 0; looks < 50 && asks(); looks += 1) await pause();
          }
        },
        alive() {
          const live = spawnSync("tmux", ["-L", "clients", "list-panes", "-a", "-F", "#{pane_id}"], {
            env: { ...env, TMUX_TMPDIR: temp },
            encoding: "utf8",
          });
          return live.stdout.split("\n").includes(id);
        },
      };
    },
    async close() {
      for (const one of clients) one.close();
      spawnSync("tmux", ["-L", "clients", "kill-server"], { env: { ...env, TMUX_TMPDIR: temp } });
      for (const pid of daemonsOf(codexHome)) kill(pid);
      await Promise.all(
        [...children].map((child) => {
          child.kill("SIGKILL");
          return ended(child);
        }),
      );
      rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** What a person would have been asked on the first start, and where the model is. */
function configOf({ modelUrl, config = "", untrusted }: CodexHouseOptions, project: string): string {
  const provider = `name = "mock"\nbase_url = "${modelUrl}"\nwire_api = "responses"\nenv_key = "MOCK_API_KEY"`;
  return [
    'model = "mock-model"\nmodel_provider = "mock"\n',
    `[model_providers.mock]\n${provider}\n`,
    ...(untrusted === true ? [] : [`[projects."${project}"]\ntrust_level = "trusted"\n`]),
    config,
  ].join("\n");
}

/** The background processes that a `codex` in a terminal started in this home. */
function daemonsOf(codexHome: string): readonly number[] {
  return ["daemon.pid", "daemon-updater.pid"].flatMap((name) => {
    const path = join(codexHome, "app-server-daemon", name);
    return existsSync(path) ? [JSON.parse(readFileSync(path, "utf8")).pid as number] : [];
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {}
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((settle) => {
    if (child.exitCode !== null || child.signalCode !== null) settle(child.exitCode);
    else child.once("close", settle);
  });
}

/** Settles once somebody listens there. */
async function answers(socket: string): Promise<void> {
  for (;;) {
    const up = await new Promise<boolean>((settle) => {
      const probe = connect(socket);
      probe.once("connect", () => {
        probe.destroy();
        settle(true);
      });
      probe.once("error", () => settle(false));
    });
    if (up) return;
    await pause();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
