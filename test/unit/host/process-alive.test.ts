import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { isProcessAlive } from "../../../src/host/process-alive.ts";

describe("a process", () => {
  it("is alive while it runs", () => {
    expect(isProcessAlive(process.pid)).toBe(true);
    expect(isProcessAlive(1)).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 22 + 1])("is none by the number %s", (pid) => {
    expect(isProcessAlive(pid)).toBe(false);
  });

  it.runIf(process.platform === "linux")("that has ended is dead, though nobody has asked how", async () => {
    // What the shell became by exec knows nothing of the child that it inherited.
    const parent = spawn("/bin/sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void parent.kill("SIGKILL"));
    const pid = await new Promise<number>((told) => {
      createInterface({ input: parent.stdout }).once("line", (line) => told(Number(line)));
    });
    while (isProcessAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});
