import { describe, expect, it } from "vitest";
import { outputOf, reportOf } from "../../../../src/cli/hook/report.ts";
import { bellWords } from "../../../../src/domain/bell-words.ts";
import type { HookEvent } from "../../../../src/ipc/hook.ts";
import { bellOf } from "../../../support/ipc-stage.ts";

const address = { persona: "reviewer", project: "shop" };
const world = (event: HookEvent, env: { [name: string]: string } = {}) => ({
  ...{ address, event, env },
  client: "claude-code",
  parent: null,
});
const stdin = (more: object = {}) =>
  JSON.stringify({ session_id: "s-1", transcript_path: "/t.jsonl", cwd: "/shop", ...more });

describe("what a hook reports", () => {
  it("is the session, with what its environment tells of it", () => {
    const env = {
      CLAUDE_CODE_MESSAGING_SOCKET: "/tmp/cc-socks/7.sock",
      CLAUDE_CODE_MESSAGING_TOKEN: "t0ken",
      CLAUDE_PID: "7",
      AI_AGENT: "claude-code_2-1-329_harness",
    };
    expect(reportOf(stdin({ source: "startup" }), world("session-start", env))).toEqual({
      ...{ event: "session-start", client: "claude-code", session: "s-1", cwd: "/shop" },
      ...{ transcript: "/t.jsonl", pid: 7, version: "2.1.329", reason: "startup" },
      ...{ inboxPath: "/tmp/cc-socks/7.sock", inboxToken: "t0ken" },
    });
  });

  it("tells the doorbell's own words from what a person types, and by which way they came", () => {
    const words = bellWords(bellOf(1));
    const prompt = (text: string) =>
      reportOf(stdin({ prompt: text }), world("user-prompt-submit")) as { isBell?: true; via?: string };
    expect(prompt(words)).toMatchObject({ isBell: true });
    expect(prompt(words).via).toBeUndefined();
    expect(
      prompt(`<cross-session-message from="uds:/x" from-name="prism">\n${words}\n</cross-session-message>`),
    ).toMatchObject({ isBell: true, via: "inbox" });
    expect(prompt("Prism: please look at it").isBell).toBeUndefined();
    expect(prompt(bellWords(bellOf(1, { persona: "other" }))).isBell).toBeUndefined();
    expect(prompt(bellWords(bellOf(1, { project: "shop-2" }))).isBell).toBeUndefined();
  });

  it("is nothing where no session is named, or where a session's own helper runs a tool", () => {
    expect(reportOf("", world("stop"))).toBeNull();
    expect(reportOf("no json", world("stop"))).toBeNull();
    expect(reportOf("[]", world("stop"))).toBeNull();
    expect(reportOf(stdin({ agent_id: "a-1" }), world("post-tool-use"))).toBeNull();
  });

  it("is nothing of a hook that would block a session without a person, which waits for its hooks", () => {
    const headless = { CLAUDE_CODE_ENTRYPOINT: "sdk-cli", CLAUDE_CODE_SESSION_ATTENDED: "0" };
    expect(reportOf(stdin(), world("wait", headless))).toBeNull();
    expect(reportOf(stdin(), world("session-start", headless))).toMatchObject({ session: "s-1" });
    const attended = { CLAUDE_CODE_ENTRYPOINT: "cli", CLAUDE_CODE_SESSION_ATTENDED: "1" };
    for (const hook_event_name of ["SessionStart", "Stop"]) {
      const given = stdin({ permission_mode: "plan", hook_event_name });
      expect(reportOf(given, world("wait", attended))).toMatchObject({ event: "wait", mode: "plan" });
      expect(reportOf(given, world("wait"))).toBeNull();
      expect(reportOf(given, world("wait", { CLAUDE_CODE_ENTRYPOINT: "claude-vscode" }))).toBeNull();
    }
  });

  it("is nothing of a hook that blocks where it was set up by mistake: at Codex, or in a prompt's way", () => {
    const attended = { CLAUDE_CODE_ENTRYPOINT: "cli", CLAUDE_CODE_SESSION_ATTENDED: "1" };
    const atStop = stdin({ hook_event_name: "Stop" });
    expect(reportOf(atStop, { ...world("wait", attended), client: "codex" })).toBeNull();
    for (const hook_event_name of ["UserPromptSubmit", "PostToolUse", undefined]) {
      expect(reportOf(stdin({ hook_event_name }), world("wait", attended))).toBeNull();
    }
  });

  it("finds the session in an input that was cut off at its bound", () => {
    const cut = stdin({ tool_response: "x".repeat(1000) }).slice(0, 200);
    expect(reportOf(cut, world("post-tool-use"))).toMatchObject({ session: "s-1" });
    const helpers = stdin({ agent_id: "a-1", tool_response: "x".repeat(1000) }).slice(0, 200);
    expect(reportOf(helpers, world("post-tool-use"))).toBeNull();
  });

  it("leaves out what is too long or of the wrong kind instead of failing", () => {
    const report = reportOf(stdin({ cwd: 7, transcript_path: "x".repeat(5000) }), world("stop"));
    expect(report).toEqual({ event: "stop", client: "claude-code", session: "s-1" });
  });
});

describe("what a hook hands to its client", () => {
  const say = { say: "Prism: 1 signal waits", hold: false };
  it("is context within a turn", () => {
    expect(JSON.parse(outputOf("post-tool-use", say) ?? "")).toEqual({
      hookSpecificOutput: { hookEventName: "PostToolUse", additionalContext: say.say },
    });
    expect(outputOf("user-prompt-submit", say)).toContain("UserPromptSubmit");
  });
  it("holds a turn's end only if told so", () => {
    expect(outputOf("stop", say)).toBeNull();
    expect(JSON.parse(outputOf("stop", { ...say, hold: true }) ?? "")).toEqual({
      decision: "block",
      reason: say.say,
    });
  });
  it("is nothing where nothing is to be said, and at a session's end", () => {
    expect(outputOf("stop", { say: null, hold: true })).toBeNull();
    expect(outputOf("session-end", say)).toBeNull();
  });
});
