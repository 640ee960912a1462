import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bellOf } from "../support/ipc-stage.ts";
import { allEnded } from "../support/process-ended.ts";
import { contextWith, nobodyThere, openSurface } from "../support/surface-context.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type SurfaceOnStage, surfaceContract } from "./surface-contract.ts";

/** A notifier that does what a script says, in the folder that it is called from. */
async function notifying(
  script: string,
  config: object = {},
  listeners = 0,
  root = tempDir(),
): Promise<SurfaceOnStage> {
  const program = join(root, "notify");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o700);
  const agent = { ...nobodyThere, listeners: () => listeners };
  const surface = await openSurface("claude-desktop", { program, ...config }, contextWith({ root, agent }));
  const seen = join(root, "seen");
  const rung = () => (existsSync(seen) ? readFileSync(seen, "utf8").split("--\n").slice(0, -1) : []);
  return { surface, rung };
}

const never = new AbortController().signal;

surfaceContract("claude-desktop", {
  taking: () => notifying('printf "%s\\n" "$@" -- >> seen'),
  failing: {
    "a notifier that fails": {
      make: () => notifying("echo 'no display' >&2; exit 1"),
      reason: /^no notification could be shown, and no agent is attached: .* status 1: no display$/,
    },
    "no notifier": {
      make: () => notifying("", { program: "/nowhere/notify" }),
      reason: /"\/nowhere\/notify" was not found$/,
    },
    "one that hangs": {
      make: () => notifying("exec sleep 1000", { timeoutMs: 100 }),
      reason: /did not end within 100 ms$/,
    },
  },
  async stuck() {
    const root = tempDir();
    execFileSync("mkfifo", [join(root, "begun")]);
    const stage = await notifying("echo $$ > pid; echo > begun; exec sleep 1000", {}, 0, root);
    return {
      ...stage,
      begun: async () => {
        await readFile(join(root, "begun"));
      },
      left: () => allEnded([Number(readFileSync(join(root, "pid"), "utf8"))]),
    };
  },
});

describe("an application that can't be woken", () => {
  it("has its agent attached: the next answer of its tools counts where no notification can be shown", async () => {
    const { surface } = await notifying("exit 1", {}, 1);
    expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "next tool answer" });
    await surface.close();
  });
});
