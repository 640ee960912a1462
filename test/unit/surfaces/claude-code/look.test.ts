import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AgentSession } from "../../../../src/surfaces/agent-side.ts";
import { lookAround } from "../../../../src/surfaces/claude-code/look.ts";
import { configFolderOf } from "../../../../src/surfaces/claude-code/session-file.ts";
import { FakeAgentSide, sessionOf } from "../../../support/fake-agent-side.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const NOW = 1_000_000;

function staged() {
  const home = tempDir();
  const sessions = join(home, ".claude", "sessions");
  mkdirSync(sessions, { recursive: true });
  const agent = new FakeAgentSide();
  const world = { agent, env: { HOME: home }, root: "/shop", nowMs: () => NOW };
  const fileOf = (pid: number) => join(sessions, `${pid}.json`);
  return {
    home,
    agent,
    look: () => lookAround(world),
    fileOf,
    writes(sessionId: string, status: string, more: object = {}, pid = process.pid) {
      writeFileSync(fileOf(pid), JSON.stringify({ pid, sessionId, cwd: "/shop", status, ...more }));
    },
    ends: (pid = process.pid) => rmSync(fileOf(pid)),
  };
}

const live = (id: string, more: Partial<AgentSession> = {}) => sessionOf(id, { pid: process.pid, ...more });

describe("what the agent is at", () => {
  it("is what hooks say, where the client says nothing of itself", () => {
    const { agent, look } = staged();
    agent.live = [live("s")];
    expect(look()).toMatchObject({ kind: "idle", target: { session: { id: "s" }, file: null } });
    agent.live = [live("s", { state: "busy" })];
    expect(look()).toMatchObject({ kind: "busy" });
  });

  it("is idle after a turn that a person interrupted, which no hook tells", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("s", { state: "busy", stateSinceMs: NOW - 5000 })];
    writes("s", "idle", { statusUpdatedAt: NOW - 100 });
    expect(look()).toMatchObject({ kind: "idle" });
  });

  it("is busy as a turn begins, before the client says so", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("s", { state: "busy", stateSinceMs: NOW - 50 })];
    writes("s", "idle", { statusUpdatedAt: NOW - 9000 });
    expect(look()).toMatchObject({ kind: "busy" });
  });

  it("is busy as long as the client says so, whatever its hooks said", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("s")];
    writes("s", "busy");
    expect(look()).toMatchObject({ kind: "busy", reason: expect.stringContaining("at work") });
  });

  it("is busy with a person while a dialog is open", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("s")];
    writes("s", "waiting", { waitingFor: "permission\u001b[31m prompt" });
    expect(look()).toMatchObject({
      kind: "busy",
      reason: expect.stringMatching(
        /^a dialog is open in Claude Code \(permission.* prompt\), which a person/,
      ),
    });
    expect(look()).not.toMatchObject({ reason: expect.stringContaining("\u001b") });
  });

  it("goes by hooks where a later version has a word of its own", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("s")];
    writes("s", "dreaming");
    expect(look()).toMatchObject({ kind: "idle" });
  });

  it("is not told by a file that is torn, or of another form", () => {
    const { agent, look, fileOf } = staged();
    agent.live = [live("s")];
    for (const text of ["", "{", "[]", "null", '{"pid":1}', '{"sessionId":7,"pid":"x"}']) {
      writeFileSync(fileOf(process.pid), text);
      expect(look()).toMatchObject({ kind: "idle", target: { file: null } });
    }
  });
});

describe("several windows", () => {
  it("the idle one that was heard from last is rung", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("a"), live("b", { pid: process.ppid }), live("c", { pid: 1 })];
    writes("a", "busy");
    writes("b", "idle", {}, process.ppid);
    writes("c", "idle", {}, 1);
    expect(look()).toMatchObject({ kind: "idle", target: { session: { id: "b" } } });
  });

  it("of one that has another conversation open now, the older is over", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("new", { heardAtMs: 9 }), live("old", { heardAtMs: 5 })];
    writes("new", "idle");
    expect(look()).toMatchObject({ kind: "idle", target: { session: { id: "new" } } });
    expect(agent.forgotten).toEqual(["old"]);
  });

  it("a conversation that has just begun is not over because the file is still the older one's", () => {
    const { agent, look, writes } = staged();
    agent.live = [live("new", { heardAtMs: 9 }), live("old", { heardAtMs: 5 })];
    writes("old", "busy");
    expect(look()).toMatchObject({ kind: "idle", target: { session: { id: "new" } } });
    expect(agent.forgotten).toEqual([]);
  });

  it("a session is found by its id where its process is not known", () => {
    const { agent, look, writes } = staged();
    agent.live = [sessionOf("s", { state: "busy", stateSinceMs: 1 })];
    writes("s", "idle", { statusUpdatedAt: 2 });
    expect(look()).toMatchObject({ kind: "idle", target: { file: { pid: process.pid } } });
  });
});

describe("nobody known", () => {
  it("is told from hooks that nobody heard", () => {
    const { look, writes, ends } = staged();
    expect(look()).toEqual({ kind: "none", reason: "no session of Claude Code is open in this project" });
    writes("s", "idle", { cwd: "/elsewhere" });
    expect(look()).toMatchObject({ reason: "no session of Claude Code is open in this project" });
    writes("s", "idle", { cwd: "/shop/api" });
    expect(look()).toMatchObject({ reason: expect.stringMatching(/\(process \d+\), but none of its hooks/) });
    ends();
    // One that was killed leaves its file; no process has a number that high.
    writes("s", "idle", {}, 2 ** 22 + 1);
    expect(look()).toMatchObject({ reason: "no session of Claude Code is open in this project" });
  });
});

it("the client's folder is where the transcript lies, else where the environment says", () => {
  expect(configFolderOf("/x/cfg/projects/-shop/s.jsonl", { HOME: "/h" })).toBe("/x/cfg");
  expect(configFolderOf("/somewhere/s.jsonl", { HOME: "/h", CLAUDE_CONFIG_DIR: "/c" })).toBe("/c");
  expect(configFolderOf(null, { HOME: "/h", CLAUDE_CONFIG_DIR: "" })).toBe("/h/.claude");
});
