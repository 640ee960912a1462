/** How surface `codex` is configured, and what exactly it starts: words, environment, folder. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { configSchema, open } from "../../../../src/surfaces/codex/codex.ts";
import { bellOf } from "../../../support/ipc-stage.ts";
import { contextWith } from "../../../support/surface-context.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const never = new AbortController().signal;
const THREAD = "01a1fdfe-4a3d-75e0-bec1-e33e0516aaaa";

describe("the configuration", () => {
  test.each([
    [{ resume: "tmux" }, /has no tmux session to resume its agent in/],
    [{ resume: "tmux", tmuxTarget: "work:1.0" }, /has no tmux session to resume its agent in/],
    [{ resume: "always" }, /resume/],
    [{ sandbox: "none" }, /sandbox/],
    [{ approvalPolicy: "yolo" }, /approvalPolicy/],
    [{ program: "codex\n" }, /control character/],
    [{ threads: 1 }, /threads/],
  ])("%j is refused", (config, why) => {
    expect(() => open(config, contextWith())).toThrow(why);
  });

  test("allows no resume unless it says so", async () => {
    for (const config of [{}, { resume: "off" }]) {
      const surface = open(config, contextWith());
      onTestFinished(() => surface.close());
      expect(surface.resume).toBeUndefined();
      expect(surface.report?.().resume).toBeNull();
    }
  });

  test("bounds a ring above the longest turn that is waited for", () => {
    const surface = open({}, contextWith());
    onTestFinished(() => surface.close());
    expect(surface.ringMsMax).toBeGreaterThan(600_000);
    expect(JSON.stringify(configSchema)).toContain("workspace-write");
  });
});

/** A program in Codex's place that writes down how it was started, and takes its turn. */
function recorder() {
  const folder = tempDir();
  const program = join(folder, "codex");
  writeFileSync(
    program,
    `#!/bin/sh
env > '${folder}/env'; pwd > '${folder}/cwd'
for word in "$@"; do printf '%s\\n' "$word"; done > '${folder}/words'
echo '{"type":"thread.started","thread_id":"${THREAD}"}'
echo 'not JSON'
echo '{"type":"turn.started"}'
echo '{"type":"turn.completed","usage":{}}'
`,
  );
  chmodSync(program, 0o700);
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
  return { folder, program, read };
}

async function started(config: object, more: Parameters<typeof contextWith>[0] = {}) {
  const at = recorder();
  const saved: unknown[] = [];
  const context = contextWith({
    root: at.folder,
    memory: { load: () => null, save: (value) => void saved.push(value) },
    ...more,
    env: { PATH: process.env["PATH"], HOME: at.folder, ...more.env },
  });
  const surface = open({ program: at.program, resume: "exec", ...config }, context);
  expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "exec resume" });
  await surface.close();
  return { ...at, saved };
}

describe("what is started", () => {
  test("without a thread is a new one, with the words as its last argument and nothing that is not configured", async () => {
    const { read, folder, saved } = await started({});
    expect(read("words")).toEqual(["exec", "--json", expect.stringMatching(/^Prism: 1 signal waits for /)]);
    expect(read("cwd")).toEqual([folder]);
    expect(saved.at(-1)).toMatchObject({ thread: THREAD });
  });

  test("goes on in its thread, with the autonomy that is configured, word for word", async () => {
    const { read } = await started(
      { approvalPolicy: "on-request", sandbox: "danger-full-access" },
      { memory: { load: () => ({ thread: THREAD }), save() {} } },
    );
    expect(read("words")).toEqual([
      ...["exec", "resume", "--json", "-c", 'approval_policy="on-request"'],
      ...["-c", 'sandbox_mode="danger-full-access"', THREAD, expect.stringMatching(/^Prism: /)],
    ]);
  });

  test.each(["--dangerously-bypass-approvals-and-sandbox", "../../x", "", 7])(
    "never takes %j for a thread",
    async (thread) => {
      const { read } = await started({}, { memory: { load: () => ({ thread }), save() {} } });
      expect(read("words")[1]).toBe("--json");
    },
  );

  test("has what attaching adds, Codex's own folder, and no key of another session's", async () => {
    const { read } = await started(
      { home: "/srv/codex" },
      {
        env: { CODEX_HOME: "/other", CODEX_API_KEY: "s3cret", CLAUDECODE: "1", GONE: "x", KEPT: "y" },
        attached: () => ({ VIRTUAL_ENV: "/venv", GONE: undefined }),
      },
    );
    const env = read("env");
    expect(env).toEqual(expect.arrayContaining(["CODEX_HOME=/srv/codex", "VIRTUAL_ENV=/venv", "KEPT=y"]));
    expect(env.filter((line) => /^(CODEX_API_KEY|CLAUDECODE|GONE)=/.test(line))).toEqual([]);
  });

  test("is not started before attaching is over", async () => {
    const attached = Promise.withResolvers<void>();
    const at = recorder();
    const context = contextWith({
      root: at.folder,
      env: { PATH: process.env["PATH"], HOME: at.folder },
      attachDone: () => attached.promise,
    });
    const surface = open({ program: at.program, resume: "exec" }, context);
    onTestFinished(() => surface.close());
    const ringing = surface.ring(bellOf(1), never);
    expect(surface.report?.().resume?.attempts).toBe(0);
    attached.resolve();
    expect(await ringing).toMatchObject({ kind: "taken" });
  });
});
