import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SurfacePorts } from "../../../src/daemon/options.ts";
import type { RingOutcome } from "../../../src/surfaces/surface.ts";
import { askDaemon, daemonStage, openSettled } from "../../support/daemon-stage.ts";
import { FakeSurface } from "../../support/fake-surface.ts";
import { tempDir } from "../../support/temp-dir.ts";

const posix = process.platform !== "win32";
const env = { PATH: process.env["PATH"] };
/** One that starts agents, and counts them. */
class StartingSurface extends FakeSurface {
  resumes = 0;
  async resume(): Promise<RingOutcome> {
    this.resumes += 1;
    return { kind: "taken", path: "started" };
  }
}

const off = { deps: "off", venv: "off", timeoutMs: 60_000 };

test("nothing configured: nothing is told", async () => {
  const stage = await daemonStage();
  const { daemon } = await openSettled(stage, { attach: off });
  expect(daemon.status().attach).toBeNull();
});

test.runIf(posix)("the watch does not wait for it; only starting the agent does", async () => {
  const stage = await daemonStage();
  const root = tempDir();
  const attach = { ...off, deps: "while [ ! -e go ]; do sleep 0.02; done" };
  const surface = new StartingSurface();
  const { daemon, ipcPath } = await openSettled(stage, { attach, root, env, surface });
  expect(daemon.status()).toMatchObject({ lifecycle: { state: "connected" }, attach: { state: "running" } });
  const client = await askDaemon(ipcPath);
  const resumed = client.call("resume_surface", {});
  // Answered in order behind it on the same connection, so that the resume was asked for by now.
  expect((await client.call("status", {})).attach).toMatchObject({ state: "running" });
  expect(surface.resumes).toBe(0);
  writeFileSync(join(root, "go"), "");
  expect((await resumed).kind).toBe("taken");
  expect(surface.resumes).toBe(1);
  expect(daemon.status().attach).toMatchObject({ state: "done" });
});

test.runIf(posix)("a failure is told by status, and the daemon stays", async () => {
  const stage = await daemonStage();
  const settled = openSettled(stage, {
    attach: { ...off, deps: "echo no such package >&2; exit 3" },
    root: tempDir(),
    env,
  });
  const { daemon, ipcPath } = await settled;
  const client = await askDaemon(ipcPath);
  let status = await client.call("status", {});
  while (status.attach?.state === "running") status = await client.call("status", {});
  expect(status.attach).toMatchObject({
    ...{ state: "failed", step: 1, steps: 1 },
    detail: "the command of attachDeps: it ended with status 3: no such package",
  });
  expect(daemon.status().lifecycle.state).toBe("connected");
});

test.runIf(posix)("what was activated is lent to the surface", async () => {
  const stage = await daemonStage();
  const root = tempDir();
  mkdirSync(join(root, ".venv", "bin"), { recursive: true });
  writeFileSync(join(root, ".venv", "pyvenv.cfg"), "");
  writeFileSync(join(root, ".venv", "bin", "python"), "");
  chmodSync(join(root, ".venv", "bin", "python"), 0o755);
  let lent: SurfacePorts | undefined;
  await openSettled(stage, {
    ...{ root, env: { PATH: "/bin" }, attach: { ...off, venv: "auto" } },
    surface: (ports) => {
      lent = ports;
      return new FakeSurface();
    },
  });
  await lent?.attachDone();
  expect(lent?.attached()).toMatchObject({
    VIRTUAL_ENV: join(root, ".venv"),
    PATH: `${join(root, ".venv", "bin")}:/bin`,
  });
});

test.runIf(posix)("who waits for it to start an agent hears of the daemon's end", async () => {
  const stage = await daemonStage();
  const root = tempDir();
  const surface = new StartingSurface();
  const attach = { ...off, deps: "sleep 1000" };
  const { daemon, ipcPath } = await openSettled(stage, { attach, root, env, surface });
  const client = await askDaemon(ipcPath);
  const resumed = client.call("resume_surface", {}).catch((error: Error) => error);
  await client.call("status", {});
  await daemon.close("the test ends it");
  await resumed;
  expect(surface.resumes).toBe(0);
});
