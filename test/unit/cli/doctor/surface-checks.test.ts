import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { surfaceChecks } from "../../../../src/cli/doctor/surface-checks.ts";
import { doctorStage } from "../../../support/doctor-stage.ts";
import { typed } from "../../../support/fake-runtime.ts";

type Stage = ReturnType<typeof doctorStage>;

async function look({ runtime }: Stage) {
  return new Map((await surfaceChecks(runtime())).map((check) => [check.name, check]));
}

async function setUp(surface: string, ...more: string[]) {
  const stage = doctorStage();
  stage.folder("shop");
  const add = (...words: string[]) => typed(["surface", ...words], { env: stage.env, cwd: stage.dir });
  const ran = await add("add", surface, "--persona", "reviewer", "--project", "shop", ...more);
  expect(ran.status, ran.err).toBe(0);
  return { ...stage, add };
}

it("none is none", async () => {
  expect(await surfaceChecks(doctorStage().runtime())).toEqual([
    { name: "surfaces", verdict: "note", finding: "none is set up on this host" },
  ]);
});

describe.skipIf(process.platform === "win32")("what was set up", () => {
  it("stands, or is set up again by the command that is told", async () => {
    const stage = await setUp("codex");
    stage.program("codex", "echo codex-cli 0.169.0");
    expect([...(await look(stage)).values()].map(({ verdict, finding }) => [verdict, finding])).toEqual([
      ["ok", "codex stands as it was written"],
      ["ok", `Codex 0.169.0 at ${stage.dir}/bin/codex`],
    ]);
    const hooks = join(stage.dir, "shop/.codex/hooks.json");
    rmSync(hooks);
    const gone = (await look(stage)).get("setup reviewer@shop");
    expect(gone).toMatchObject({ verdict: "warn", finding: `codex is gone with its file: ${hooks}` });
    const words = gone?.remedy?.replace("set it up again: prism ", "").replaceAll("'", "").split(" ") ?? [];
    expect((await typed(words, { env: stage.env, cwd: "/" })).status).toBe(0);
    expect((await look(stage)).get("setup reviewer@shop")?.verdict).toBe("ok");
  });

  it("that somebody changed beside ours is well; ours itself is not", async () => {
    const stage = await setUp("codex");
    const config = join(stage.dir, "shop/.codex/config.toml");
    const written = readFileSync(config, "utf8");
    writeFileSync(config, `model = "x"\n${written}`);
    expect((await look(stage)).get("setup reviewer@shop")).toMatchObject({
      verdict: "ok",
      finding: "codex stands, in files that somebody changed since",
    });
    const hooks = join(stage.dir, "shop/.codex/hooks.json");
    const value = JSON.parse(readFileSync(hooks, "utf8"));
    writeFileSync(hooks, JSON.stringify({ hooks: { ...value.hooks, Stop: [] } }));
    expect((await look(stage)).get("setup reviewer@shop")).toMatchObject({
      verdict: "warn",
      finding: `codex is not as it must be any more: ${hooks}`,
    });
    writeFileSync(hooks, "{");
    expect((await look(stage)).get("setup reviewer@shop")).toMatchObject({
      verdict: "warn",
      finding: `codex is in a file that can't be read: ${hooks}`,
      remedy: expect.stringMatching(/--dry-run$/),
    });
  });

  it("keeps its settings in the command that sets it up again", async () => {
    const stage = await setUp("codex", "--codex-resume", "exec", "--tenant", "acme");
    rmSync(join(stage.dir, "shop/.codex"), { recursive: true });
    expect((await look(stage)).get("setup reviewer@shop")?.remedy).toBe(
      `set it up again: prism surface add codex --persona reviewer --project '${stage.dir}/shop' --tenant acme --codex-resume=exec`,
    );
  });

  it("for a project that is gone is taken out", async () => {
    const stage = await setUp("codex");
    rmSync(join(stage.dir, "shop"), { recursive: true });
    expect((await look(stage)).get("setup reviewer@shop")).toMatchObject({
      verdict: "warn",
      remedy: `take it out: prism surface remove codex --persona reviewer --project '${stage.dir}/shop'`,
    });
  });

  it("may be kept from working by the client's own file", async () => {
    const stage = await setUp("claude-code");
    const settings = join(stage.dir, "shop/.claude/settings.local.json");
    const value = JSON.parse(readFileSync(settings, "utf8"));
    writeFileSync(settings, JSON.stringify({ ...value, disableAllHooks: true }, null, 2));
    expect((await look(stage)).get("setup reviewer@shop")).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining(", but Claude Code's settings"),
      remedy: "change that in the client's file",
    });
  });

  it("whose record is broken is told by name", async () => {
    const stage = await setUp("codex");
    writeFileSync(join(stage.home, "state/local/reviewer@shop/surface.json"), "{");
    expect((await look(stage)).get("setup reviewer@shop")).toMatchObject({
      verdict: "warn",
      remedy: expect.stringContaining("prism surface add"),
    });
  });
});

describe.skipIf(process.platform === "win32")("a client's program", () => {
  it.each([
    ["echo codex-cli 0.142.0", "warn", "takes messages into its queue and never runs them"],
    ["echo codex-cli 0.168.0", "note", "is older than 0.169.0"],
    ["echo codex-cli 1.0.0", "ok", "Codex 1.0.0 at"],
    ["echo codex-cli", "note", "says no number as its version"],
    ["echo broken >&2; exit 3", "warn", "does not say its version: broken"],
  ])("%s", async (script, verdict, finding) => {
    const stage = await setUp("codex");
    stage.program("codex", script);
    expect((await look(stage)).get("client codex")).toMatchObject({
      verdict,
      finding: expect.stringContaining(finding),
    });
  });

  it("must be there if Prism is to start it", async () => {
    const one = await setUp("codex");
    one.env["PATH"] = `${one.dir}/bin`;
    expect((await look(one)).get("client codex")).toMatchObject({ verdict: "note" });
    const other = await setUp("codex", "--codex-resume", "exec");
    other.env["PATH"] = `${other.dir}/bin`;
    expect((await look(other)).get("client codex")).toMatchObject({
      verdict: "warn",
      remedy: expect.stringContaining("install it"),
    });
  });

  it("of tmux has a least version", async () => {
    const stage = await setUp("tmux", "--tmux-target", "ci");
    stage.program("tmux", 'echo "tmux 3.1c"');
    expect((await look(stage)).get("client tmux")).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining("is too old: 3.2 or later is needed"),
    });
    stage.program("tmux", 'echo "tmux next-3.6"');
    expect((await look(stage)).get("client tmux")).toMatchObject({ verdict: "ok" });
  });
});
