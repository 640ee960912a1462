import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { allEnded } from "../support/process-ended.ts";
import { contextWith, openSurface } from "../support/surface-context.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type SurfaceOnStage, surfaceContract } from "./surface-contract.ts";

async function running(config: { [key: string]: unknown }, root = tempDir()): Promise<SurfaceOnStage> {
  const surface = await openSurface("exec", config, contextWith({ root }));
  const seen = join(root, "seen");
  const rung = () => (existsSync(seen) ? readFileSync(seen, "utf8").split("--\n").slice(0, -1) : []);
  return { surface, rung };
}

surfaceContract("exec", {
  taking: () => running({ command: "{ env | grep '^PRISM_' | sort; echo --; } >> seen" }),
  failing: {
    "a status": {
      make: () => running({ command: "echo first >&2; printf 'no pane\\033[2J\\n\\n' >&2; exit 3" }),
      reason: /^the command ended with status 3: no pane\\u001b\[2J$/,
    },
    "a status without a word": {
      make: () => running({ command: "exit 1" }),
      reason: /^the command ended with status 1$/,
    },
    "a signal": {
      make: () => running({ command: "kill -9 $$" }),
      reason: /^the command was ended by SIGKILL$/,
    },
    "too long": {
      make: () => running({ command: "echo waiting >&2; exec sleep 1000", timeoutMs: 100 }),
      reason: /^the command did not end within 100 ms and was ended: waiting$/,
    },
    "no such program for the shell": {
      make: () => running({ command: "no-such-program-here" }),
      reason: /^the command ended with status 127: .*no-such-program-here.*not found/,
    },
    "no such program": {
      make: () => running({ argv: ["no-such-program-here"] }),
      reason: /^the command could not be started: "no-such-program-here" was not found$/,
    },
    "a program that may not be executed": {
      make: async () => {
        const root = tempDir();
        writeFileSync(join(root, "ring"), "#!/bin/sh\n");
        chmodSync(join(root, "ring"), 0o600);
        return running({ argv: [join(root, "ring")] }, root);
      },
      reason: /may not be executed by this user$/,
    },
    "no project folder": {
      make: () => running({ command: "true" }, "/nowhere/at/all"),
      reason: /^the project's folder "\/nowhere\/at\/all" does not exist$/,
    },
    "a megabyte on standard error": {
      make: () => running({ command: "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo why >&2; exit 1" }),
      reason: /^the command ended with status 1: \.\.\.x{197}why$/,
    },
  },
  async stuck() {
    const root = tempDir();
    execFileSync("mkfifo", [join(root, "begun")]);
    const stage = await running({ command: 'sleep 1000 & echo "$$ $!" > pids; echo > begun; wait' }, root);
    const pids = () => readFileSync(join(root, "pids"), "utf8").trim().split(" ").map(Number);
    return {
      ...stage,
      begun: async () => {
        await readFile(join(root, "begun"));
      },
      left: () => allEnded(pids()),
    };
  },
});
