/**
 * A project's folder with a home of Prism's beside it, and a PATH of made-up tools: scripts that write down how they
 * were called and then do what a test wants of them. The real `sh` and what scripts need stay on that PATH.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type AttachSettings, type AttachWork, openAttach } from "../../src/attach/attach.ts";
import { ensureHome, type Home, homeAt } from "../../src/host/home.ts";
import { tempDir } from "./temp-dir.ts";
import { type WatchedLog, watchedLog } from "./watched-log.ts";

export interface AttachStage {
  readonly home: Home;
  readonly root: string;
  readonly bin: string;
  readonly env: { readonly [name: string]: string };
  /** Puts files into the project's folder. */
  write(files: { readonly [name: string]: string }): void;
  /** Puts a tool on the PATH; `body` is shell. What it was called with stands in `calls`. */
  tool(name: string, body?: string): void;
  /** One line for each call of a tool, in order: its name and arguments. */
  calls(): readonly string[];
  open(
    settings: Partial<AttachSettings>,
    more?: { readonly persona?: string; readonly env?: object },
  ): OpenedAttach;
}

export interface OpenedAttach extends AttachWork {
  readonly log: WatchedLog;
}

/** What the scripts themselves call. */
const NEEDED = ["sh", "cat", "sleep", "mkdir", "touch", "rm", "env", "yes", "head", "printf", "seq", "kill"];

export function attachStage(): AttachStage {
  const dir = tempDir();
  const folder = (name: string): string => {
    const path = join(dir, name);
    mkdirSync(path);
    return realpathSync(path);
  };
  const [root, bin] = [folder("shop"), folder("bin")];
  for (const name of NEEDED) {
    const real = [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path));
    if (real !== undefined) symlinkSync(real, join(bin, name));
  }
  const home = homeAt(folder("home"));
  ensureHome(home);
  const callsPath = join(dir, "calls");
  const stage: AttachStage = {
    ...{ home, root, bin },
    env: { PATH: bin, HOME: dir },
    write(files) {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    },
    tool(name, body = "") {
      const path = join(bin, name);
      writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "\${0##*/} $*" >> '${callsPath}'\n${body}\n`);
      chmodSync(path, 0o755);
    },
    calls: () => (existsSync(callsPath) ? readFileSync(callsPath, "utf8").trimEnd().split("\n") : []),
    open(settings, more = {}) {
      const log = watchedLog();
      const work = openAttach({
        settings: { deps: "off", venv: "off", timeoutMs: 60_000, ...settings },
        ...{ home, root, tenant: "local", host: "testhost" },
        ...{ persona: more.persona ?? "reviewer", project: "shop" },
        env: { ...stage.env, ...more.env },
        nowMs: Date.now,
        log: log.log,
      });
      onTestFinished(() => work.close());
      return { ...work, log };
    },
  };
  return stage;
}
