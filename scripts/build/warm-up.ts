/**
 * Lets the bundle do its work once, on the very runtime and flags that it will be packaged with, and keeps the
 * code that V8 compiled meanwhile: a daemon starts in 20 % less processor time when it need not compile.
 *
 * What runs is the whole path, for real: a hub, a daemon, a signal, its ring, a drain, an agent's hooks. Later
 * processes write over the code of parts that earlier ones had loaded too, so the daemon, of which there are many,
 * ends last.
 */
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { WARM_UP_LOADER } from "./loader.ts";

export interface WarmUp {
  /** Where the bundle's parts lie; the code is left beside them. */
  readonly workDir: string;
  readonly parts: ReadonlyMap<string, string>;
  readonly runtime: string;
  readonly flags: readonly string[];
}

const STEP_MS_MAX = 30_000;

/** The persona that is warmed up, and its project's folder below the home. */
const PERSONA = "warm";

interface OneShot {
  readonly words: readonly string[];
  readonly stdin?: string;
  /** What the daemon says thereupon. */
  readonly rings?: string;
}

/** What ends by itself, in this order, while a hub and a daemon stand. What is to start fast belongs in here. */
function oneShots(project: string): readonly OneShot[] {
  const place = ["--persona", PERSONA, "--project", project];
  const hook = (event: string, name: string, more: object): OneShot => ({
    words: ["hook", event, "--client", "claude-code", ...place],
    stdin: JSON.stringify({ session_id: PERSONA, cwd: project, hook_event_name: name, ...more }),
  });
  return [
    { words: ["--version"] },
    { words: ["signal", `${PERSONA}@${PERSONA}`, "up", "--json"], rings: "1 signal waits" },
    // The one that an agent waits for most often is the last, so that its code is what stays.
    hook("session-start", "SessionStart", { source: "startup" }),
    hook("stop", "Stop", { stop_hook_active: false }),
    hook("post-tool-use", "PostToolUse", { tool_name: "Read" }),
    hook("user-prompt-submit", "UserPromptSubmit", { prompt: "up" }),
    { words: ["drain", ...place, "--json"] },
    { words: ["status", "--json"] },
  ];
}

/**
 * @returns the files with the code, by the part's name; a part that was not loaded has none
 * @throws Error when the path does not work: then nothing should be packaged either
 */
export async function warmUp({ workDir, parts, runtime, flags }: WarmUp): Promise<Map<string, string>> {
  const loader = join(workDir, "warm-up.cjs");
  await writeFile(loader, WARM_UP_LOADER);
  // Of its own, and owner-only: the build's folder may be readable for others, and then no token goes there.
  const home = await mkdtemp(join(tmpdir(), "prism-warm-"));
  const project = join(home, PERSONA);
  await mkdir(project);
  const command = [runtime, ...flags, loader] as const;
  const env = { PRISM_HOME: home };
  const once = async ({ words, stdin }: OneShot): Promise<void> => {
    const [node, ...before] = command;
    const running = promisify(execFile)(node, [...before, ...words], { env, timeout: STEP_MS_MAX });
    running.child.stdin?.end(stdin);
    await running;
  };
  const hub = startLasting([...command, "hub", "--listen", "127.0.0.1:0", "--json"], env);
  try {
    await hub.said('"url"');
    const place = ["--persona", PERSONA, "--project", project];
    const daemon = startLasting([...command, "daemon", ...place, "--surface", "terminal"], env);
    try {
      await daemon.said("stands watch");
      for (const shot of oneShots(project)) {
        await once(shot);
        if (shot.rings !== undefined) await daemon.said(shot.rings);
      }
      await hub.end();
    } finally {
      await daemon.end();
    }
  } finally {
    await hub.end();
    await rm(home, { recursive: true, force: true });
  }
  return codeOf(parts);
}

async function codeOf(parts: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const code = new Map<string, string>();
  for (const [name, file] of parts) {
    const found = await stat(`${file}.code`).catch(() => null);
    if (found !== null) code.set(name, `${file}.code`);
  }
  return code;
}

interface Lasting {
  /** Settles when a line of its output holds this; a line that came before counts. */
  said(text: string): Promise<void>;
  end(): Promise<void>;
}

function startLasting(command: readonly string[], env: Record<string, string>): Lasting {
  const [node = "", ...args] = command;
  const child = spawn(node, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const hear of heard) hear();
    });
  }
  const ended = new Promise<void>((settle) => child.once("close", () => settle()));
  return {
    said(text) {
      return new Promise((settle, fail) => {
        const done = (outcome: () => void): void => {
          clearTimeout(timer);
          heard.delete(look);
          outcome();
        };
        const look = (): void => {
          if (lines.some((line) => line.includes(text))) done(settle);
        };
        const timer = setTimeout(() => {
          done(() =>
            fail(new Error(`the warm-up waited in vain for "${text}"; it heard: ${lines.join(" | ")}`)),
          );
        }, STEP_MS_MAX);
        heard.add(look);
        look();
      });
    },
    async end() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STEP_MS_MAX);
      await ended;
      clearTimeout(timer);
    },
  };
}
