import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { open } from "../../../../src/surfaces/claude-code/claude-code.ts";
import type { SurfaceContext } from "../../../../src/surfaces/surface.ts";
import { FakeAgentSide, keptMemory, sessionOf } from "../../../support/fake-agent-side.ts";
import { bellOf } from "../../../support/ipc-stage.ts";
import { allEnded } from "../../../support/process-ended.ts";
import { contextWith } from "../../../support/surface-context.ts";
import { tempDir } from "../../../support/temp-dir.ts";
import { until } from "../../../support/until.ts";

const never = new AbortController().signal;
const ANSWERS = `echo '{"type":"assistant","message":{}}'`;

interface Staging {
  /** After it has noted how it was called. */
  readonly script?: string;
  readonly config?: object;
  readonly context?: Partial<SurfaceContext>;
  readonly memory?: SurfaceContext["memory"];
}

/** A surface that may start a program named claude, which notes how it was called. */
function staged({ script = ANSWERS, config = {}, context = {}, memory = keptMemory() }: Staging = {}) {
  const folder = tempDir();
  const program = join(folder, "claude");
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$*" >> ${folder}/calls; env > ${folder}/env; pwd > ${folder}/where\n${script}\n`,
  );
  chmodSync(program, 0o700);
  const agent = new FakeAgentSide();
  const surface = open(
    { resume: "headless", program, ...config },
    contextWith({
      agent,
      memory,
      root: folder,
      env: { PATH: process.env["PATH"], HOME: folder },
      ...context,
    }),
  );
  onTestFinished(() => surface.close());
  const read = (name: string): string =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
  return { agent, surface, folder, memory, read, calls: () => read("calls").split("\n").slice(0, -1) };
}

describe("an agent that is brought back", () => {
  it("goes on with the conversation that was open last, also after a restart of the daemon", async () => {
    const first = staged();
    first.agent.become(sessionOf("s-1"));
    await until(() => first.memory.load() !== null);
    first.agent.become();
    await first.surface.close();
    const second = staged({ memory: first.memory });
    expect(await second.surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "headless" });
    expect(second.calls()[0]).toMatch(
      /^-p Prism: 1 signal waits .* --output-format stream-json --verbose --resume s-1$/,
    );
  });

  it("begins a new one where that is not there any more", async () => {
    const gone = `case "$*" in *--resume*) echo 'No conversation found with session ID: s-1' >&2; exit 1;; esac`;
    const { surface, agent, calls, memory } = staged({ script: `${gone}\n${ANSWERS}` });
    agent.become(sessionOf("s-1"));
    await until(() => memory.load() !== null);
    agent.become();
    expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "headless" });
    expect(calls().map((call) => call.includes("--resume"))).toEqual([true, false]);
  });

  it("gets a cleaned environment with what attach-time work adds, in the project's folder", async () => {
    const secret = { CLAUDECODE: "1", CLAUDE_CODE_MESSAGING_TOKEN: "x", PRISM_TOKEN: "x", CODEX_HOME: "/x" };
    const env = { PATH: process.env["PATH"], KEPT: "1", PYTHONHOME: "/x", ...secret };
    const attached = () => ({ VIRTUAL_ENV: "/shop/.venv", PYTHONHOME: undefined });
    const { surface, read, folder } = staged({ context: { env, attached } });
    await surface.ring(bellOf(1), never);
    expect(read("where")).toBe(`${folder}\n`);
    expect(read("env")).toMatch(/^KEPT=1$/m);
    expect(read("env")).toMatch(/^VIRTUAL_ENV=\/shop\/\.venv$/m);
    for (const name of [...Object.keys(secret), "PYTHONHOME"]) {
      expect(read("env")).not.toMatch(new RegExp(`^${name}=`, "m"));
    }
  });

  it("is not started before attach-time work is over", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { surface, calls } = staged({ context: { attachDone: () => promise } });
    const ringing = surface.ring(bellOf(1), never);
    await new Promise((soon) => setImmediate(soon));
    expect(calls()).toEqual([]);
    resolve();
    expect(await ringing).toMatchObject({ kind: "taken" });
  });

  it("has the autonomy of the configuration", async () => {
    const config = { permissionMode: "plan", allowedTools: "Edit", model: "opus" };
    const { surface, calls } = staged({ config });
    await surface.ring(bellOf(1), never);
    expect(calls()[0]).toMatch(/--verbose --permission-mode plan --model opus --allowedTools Edit$/);
  });
});

describe("the bounds of bringing back", () => {
  it("after a failure it cools off, and only a person may ask again", async () => {
    const { surface, calls } = staged({ script: "exit 3" });
    expect(await surface.ring(bellOf(1), never)).toMatchObject({ reason: "claude ended with status 3" });
    expect(await surface.ring(bellOf(2), never)).toMatchObject({
      reason: expect.stringMatching(/^cooling off after a failed start: claude ended with status 3$/),
    });
    expect(calls()).toHaveLength(1);
    expect(surface.report?.().resume).toMatchObject({
      attempts: 1,
      coolingUntilMs: expect.any(Number),
      lastReason: "claude ended with status 3",
    });
    expect(await surface.resume?.(bellOf(2), never)).toMatchObject({ reason: "claude ended with status 3" });
    expect(calls()).toHaveLength(2);
  });

  it("a failure is remembered over a restart, and forgotten once the agent shows itself", async () => {
    const first = staged({ script: "exit 3" });
    await first.surface.ring(bellOf(1), never);
    await first.surface.close();
    const second = staged({ memory: first.memory });
    expect(await second.surface.ring(bellOf(2), never)).toMatchObject({ kind: "failed" });
    second.agent.receive({ by: "drain" });
    await new Promise((soon) => setImmediate(soon));
    expect(await second.surface.ring(bellOf(3), never)).toEqual({ kind: "taken", path: "headless" });
  });

  it("its own hooks' receipt is no proof: it may still not be logged in", async () => {
    const { surface, agent, read } = staged({
      script: `while [ ! -e go ]; do sleep 0.02; done; echo '{"type":"assistant","error":"authentication_failed"}'; exit 1`,
    });
    const ringing = surface.ring(bellOf(1), never);
    await until(() => read("where") !== "");
    agent.receive({ by: "prompt" });
    writeFileSync(join(read("where").trim(), "go"), "");
    expect(await ringing).toMatchObject({ reason: "claude ended with status 1: authentication_failed" });
    expect(surface.report?.().resume).toMatchObject({ attempts: 1 });
  });

  it("one that is at work is not started again, and ends with the surface", async () => {
    const { surface, read, calls } = staged({ script: `${ANSWERS}; echo $$ > pid; sleep 60` });
    expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
    expect(await surface.ring(bellOf(2), never)).toEqual({
      kind: "failed",
      reason: "an agent that was started headless is still at work",
    });
    expect(calls()).toHaveLength(1);
    await until(() => read("pid") !== "");
    await surface.close();
    await allEnded([Number(read("pid"))]);
  });

  it("a turn that has begun is left to go on when its doorbell becomes moot: it may be the drain itself", async () => {
    const { surface, read } = staged({ script: "while [ ! -e go ]; do sleep 0.02; done; touch done" });
    const cancel = new AbortController();
    const ringing = surface.ring(bellOf(1), cancel.signal);
    await until(() => read("where") !== "");
    cancel.abort();
    expect(await ringing).toMatchObject({ kind: "failed", reason: expect.stringContaining("moot") });
    const folder = read("where").trim();
    writeFileSync(join(folder, "go"), "");
    await until(() => existsSync(join(folder, "done")));
  });

  it("nobody is started beside an agent that is there", async () => {
    const { surface, agent, calls } = staged();
    agent.become(sessionOf("s-1"));
    expect(await surface.resume?.(bellOf(1), never)).toEqual({
      kind: "failed",
      reason: "Claude Code is there already; notify_surface rings it",
    });
    expect(calls()).toEqual([]);
  });
});

describe("the configuration", () => {
  it("allows no start unless it says so", () => {
    expect(open({}, contextWith()).resume).toBeUndefined();
    expect(open({ resume: "off" }, contextWith()).resume).toBeUndefined();
  });

  it.each([
    [{ resume: "tmux" }, /"tmuxTarget" names no session/],
    [{ resume: "tmux", tmuxTarget: "a:1" }, /"tmuxTarget" names no session/],
    [{ resume: "always" }, /must be one of|off/],
    [{ permissionMode: "yolo" }, /permissionMode/],
    [{ allowedTools: "--dangerously-skip-permissions" }, /no tool/],
    [{ tmuxTarget: "a", tmuxSocket: "../x" }, /"tmuxSocket" of surface claude-code is not a name/],
    [{ tmuxTarget: "a", tmuxPrompt: " " }, /"tmuxPrompt" of surface claude-code is blank/],
    [{ tmuxTarget: "a\u0007" }, /control character/],
    [{ programme: "claude" }, /unknown.*programme|programme/],
  ])("refuses %j", (config, message) => {
    expect(() => open(config, contextWith())).toThrow(message);
  });
});
