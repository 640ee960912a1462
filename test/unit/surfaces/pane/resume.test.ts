import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bellOf } from "../../../support/ipc-stage.ts";
import { hasTmux, tmuxStage } from "../../../support/tmux-stage.ts";
import { until } from "../../../support/until.ts";

const never = new AbortController().signal;
const AGENT = join(import.meta.dirname, "../../../support/pane-agent.ts");

describe.runIf(hasTmux)("a resume in tmux", () => {
  it("starts the agent in the project's folder, knowing who it is, and it can be rung", async () => {
    const stage = tmuxStage();
    const surface = await stage.surface({
      resumeCommand: `env > env; pwd > where; exec ${process.execPath} ${AGENT} plain .`,
    });
    expect(await surface.resume?.(bellOf(1), never)).toEqual({ kind: "taken", path: 'new session "agent"' });
    expect(readFileSync(join(stage.folder, "where"), "utf8")).toBe(`${stage.folder}\n`);
    expect(readFileSync(join(stage.folder, "env"), "utf8")).toMatch(/^PRISM_ADDRESS=reviewer@shop$/m);
    expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
    expect(readFileSync(join(stage.folder, "seen"), "utf8")).toMatch(/^Prism: 1 signal waits/);
  });

  it("hands on nothing by which a server's own agent is reached", async () => {
    const stage = tmuxStage();
    await stage.agent("plain", "other");
    for (const name of ["CLAUDECODE", "CLAUDE_CODE_MESSAGING_TOKEN", "PRISM_TOKEN"]) {
      stage.tmux("set-environment", "-g", name, "s3cret");
    }
    stage.tmux("set-environment", "-g", "KEPT", "1");
    const surface = await stage.surface({
      resumeCommand: `env > env; exec ${process.execPath} ${AGENT} plain .`,
    });
    expect(await surface.resume?.(bellOf(1), never)).toMatchObject({ kind: "taken" });
    const env = readFileSync(join(stage.folder, "env"), "utf8");
    expect(env).toMatch(/^KEPT=1$/m);
    expect(env).not.toContain("s3cret");
  });

  it("leaves a session alone that is there, and one that it started before", async () => {
    const stage = tmuxStage();
    const agent = await stage.agent("plain");
    const surface = await stage.surface({ resumeCommand: "exec cat" });
    for (const _ of [1, 2]) {
      expect(await surface.resume?.(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: 'a tmux session "agent" is there already and was left alone',
      });
    }
    expect(agent.seen()).toEqual([]);
  });

  it("says that the command ended, and that an agent is not up yet", async () => {
    const stage = tmuxStage();
    stage.tmux("new-session", "-d", "-s", "keeper", "/bin/sh");
    const ending = await stage.surface({ resumeCommand: "exit 3" });
    expect(await ending.resume?.(bellOf(1), never)).toEqual({
      kind: "failed",
      reason: 'the resume command ended before session "agent" was up',
    });
    const cancel = new AbortController();
    const starting = await stage.surface({ target: "late", resumeCommand: "exec sleep 1000" });
    const resuming = starting.resume?.(bellOf(1), cancel.signal);
    expect(await starting.ring(bellOf(1), never)).toMatchObject({
      reason: expect.stringContaining("under way"),
    });
    await until(() => stage.tmux("list-sessions").includes("late"));
    cancel.abort();
    expect(await resuming).toEqual({
      kind: "failed",
      reason: 'session "late" was started, and shows no input line yet',
    });
  });

  it("is offered only where a command is configured", async () => {
    expect((await tmuxStage().surface()).resume).toBeUndefined();
  });
});
