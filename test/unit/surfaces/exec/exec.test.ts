import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Surface } from "../../../../src/surfaces/surface.ts";
import { bellOf } from "../../../support/ipc-stage.ts";
import { allEnded, isRunning } from "../../../support/process-ended.ts";
import { contextWith, openSurface } from "../../../support/surface-context.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const never = new AbortController().signal;

async function execIn(root: string, config: { [key: string]: unknown }): Promise<Surface> {
  const surface = await openSurface(
    "exec",
    config,
    contextWith({ root, env: { PATH: process.env["PATH"], PRISM_TOKEN: "s3cret" } }),
  );
  onTestFinished(() => surface.close());
  return surface;
}

function fifoIn(root: string, name: string): string {
  execFileSync("mkfifo", [join(root, name)]);
  return join(root, name);
}

describe("surface exec", () => {
  it("runs in the project's folder, without a secret and without anything to read", async () => {
    const root = tempDir();
    const surface = await execIn(root, { command: "pwd > where; env > env; cat > input" });
    expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "command" });
    expect(readFileSync(join(root, "where"), "utf8")).toBe(`${root}\n`);
    expect(readFileSync(join(root, "env"), "utf8")).not.toContain("s3cret");
    expect(readFileSync(join(root, "input"), "utf8")).toBe("");
  });

  it("gives a program its arguments as they are, past any shell", async () => {
    const root = tempDir();
    const surface = await execIn(root, {
      argv: ["sh", "-c", 'printf "%s|" "$@" > args', "sh", "a b", "$HOME", "", "*"],
    });
    expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
    expect(readFileSync(join(root, "args"), "utf8")).toBe("a b|$HOME||*|");
  });

  it("resumes by its own command, where there is one", async () => {
    const root = tempDir();
    const surface = await execIn(root, { command: "exit 1", resumeCommand: 'echo "$PRISM_PURPOSE" > said' });
    expect(await surface.resume?.(bellOf(1), never)).toMatchObject({ kind: "taken" });
    expect(readFileSync(join(root, "said"), "utf8")).toBe("resume\n");
    expect((await execIn(root, { command: "true" })).resume).toBeUndefined();
  });

  it("does not resume over a ring, and rings again once it has ended", async () => {
    const root = tempDir();
    const begun = fifoIn(root, "begun");
    const go = fifoIn(root, "go");
    const surface = await execIn(root, { command: "echo > begun; read _ < go", resumeCommand: "true" });
    const ringing = surface.ring(bellOf(1), never);
    await readFile(begun);
    expect(await surface.resume?.(bellOf(1), never)).toEqual({
      kind: "failed",
      reason: "the command of an earlier ring still runs",
    });
    execFileSync("sh", ["-c", `echo > '${go}'`]);
    expect(await ringing).toMatchObject({ kind: "taken" });
    expect(await surface.resume?.(bellOf(2), never)).toMatchObject({ kind: "taken" });
  });

  it("ends what a command leaves in its group, and leaves what it put elsewhere", async () => {
    const root = tempDir();
    const surface = await execIn(root, {
      command:
        "sleep 1000 & echo $! > inside; setsid sh -c 'echo $$ > outside; exec sleep 1000' & while ! test -s outside; do :; done",
    });
    expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
    const pidIn = (name: string) => Number(readFileSync(join(root, name), "utf8"));
    onTestFinished(() => void process.kill(pidIn("outside")));
    await allEnded([pidIn("inside")]);
    expect(isRunning(pidIn("outside"))).toBe(true);
  });

  it("makes a command end that will not be asked, and its children with it", async () => {
    const root = tempDir();
    const surface = await execIn(root, {
      command:
        "trap '' TERM; (trap '' TERM; sleep 1000; sleep 1000) & echo \"$$ $!\" > pids; while :; do sleep 1000; done",
      timeoutMs: 200,
    });
    expect(await surface.ring(bellOf(1), never)).toMatchObject({
      reason: expect.stringContaining("did not end within 200 ms"),
    });
    await allEnded(readFileSync(join(root, "pids"), "utf8").trim().split(" ").map(Number));
  });

  it("logs how a command ended", async () => {
    const lines: unknown[][] = [];
    const surface = await openSurface(
      "exec",
      { command: "echo hm >&2; exit 4" },
      contextWith({ root: tempDir(), log: (...line) => lines.push(line) }),
    );
    await surface.ring(bellOf(3), never);
    expect(lines).toEqual([
      [
        "debug",
        "commandEnded",
        { purpose: "ring", ring: 3, attempt: 1, ending: "exited", status: 4, said: "hm" },
      ],
    ]);
  });
});
