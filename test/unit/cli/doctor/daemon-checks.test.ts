import { mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { daemonChecks } from "../../../../src/cli/doctor/daemon-checks.ts";
import { askLocalDaemons } from "../../../../src/cli/local-daemons.ts";
import type { Runtime } from "../../../../src/cli/runtime.ts";
import { homeAt, ipcPathOf, stateDirOf } from "../../../../src/host/home.ts";
import type { PathReport } from "../../../../src/surfaces/surface.ts";
import { daemonStatus, ipcStage } from "../../../support/ipc-stage.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const ADDRESS = { persona: "reviewer", project: "shop" };

/** What doctor says of a daemon with such ways, beside the daemon itself. */
async function surfaceCheck(paths: readonly PathReport[], open = 0) {
  const home = homeAt(tempDir());
  mkdirSync(stateDirOf(home, "local", ADDRESS), { recursive: true });
  const status = {
    ...daemonStatus,
    surface: { name: "codex", resumable: false, report: { paths, resume: null } },
    position: { through: 9, open, urgent: 0 },
  };
  await ipcStage({ path: ipcPathOf(home, "local", ADDRESS), handlers: { status: () => status } });
  const runtime = { home, version: "1", now: () => 10 } as Runtime;
  const checks = daemonChecks(await askLocalDaemons(runtime, "test"), runtime);
  return checks.find(({ name }) => name === "surface reviewer@shop");
}

const path = (name: string, state: PathReport["state"], reason: string | null = null): PathReport => ({
  ...{ name, state, reason },
  lastTakenAtMs: null,
});

describe("a surface with several ways", () => {
  it("is well while they are open, and says which have worked", async () => {
    expect(await surfaceCheck([path("queue", "works"), path("tmux", "untried")])).toMatchObject({
      ...{ verdict: "ok", finding: "rings codex by queue" },
    });
    expect(await surfaceCheck([path("queue", "untried")])).toMatchObject({
      finding: "rings codex in ways that were not tried yet",
    });
  });

  it("is worth a note while another way is left", async () => {
    const shut = path("queue", "unready", "Codex 0.144.0 has no working queue");
    expect(await surfaceCheck([shut, path("app-server", "works")])).toMatchObject({
      ...{ verdict: "note", finding: "queue: Codex 0.144.0 has no working queue" },
    });
  });

  it("is worth a warning when a way brought no receipt, or its hooks are not trusted", async () => {
    expect(await surfaceCheck([path("queue", "fails"), path("tmux", "works")], 1)).toMatchObject({
      ...{ verdict: "warn", finding: "queue: brought no receipt" },
    });
    const untrusted = path("turn boundary", "unready", "Codex skips hooks that nobody has trusted\u001b[2J");
    expect(await surfaceCheck([untrusted, path("queue", "works")])).toMatchObject({
      verdict: "warn",
      finding: "turn boundary: Codex skips hooks that nobody has trusted\\u001b[2J",
      remedy: expect.any(String),
    });
  });

  it("whose agent is not there is worth a warning only if something waits, and the reason is told once", async () => {
    const reason = "no session of it is known";
    const nobody = [path("turn boundary", "unready", reason), path("inbox", "unready", reason)];
    expect(await surfaceCheck(nobody)).toMatchObject({ verdict: "note" });
    expect(await surfaceCheck(nobody, 2)).toMatchObject({
      ...{ verdict: "warn", finding: `turn boundary, inbox: ${reason}` },
    });
  });
});
