import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keptSurface } from "../../../src/cli/kept-surface.ts";
import { fakeRuntime, typed } from "../../support/fake-runtime.ts";
import { tempDir } from "../../support/temp-dir.ts";

const SETTINGS = "shop/.claude/settings.local.json";

function place() {
  const dir = tempDir();
  for (const name of ["shop", "ann"]) mkdirSync(join(dir, name));
  const env = { PRISM_HOME: join(dir, "home"), HOME: join(dir, "ann") };
  const who = ["--persona", "reviewer", "--project", join(dir, "shop")];
  return {
    dir,
    env,
    path: (name: string) => join(dir, name),
    run: (verb: string, ...words: string[]) =>
      typed(["surface", verb, ...words, ...(verb === "list" ? [] : who)], { env, cwd: dir }),
    /** As data. */
    async ask(verb: string, ...words: string[]) {
      const { out } = await this.run(verb, ...words, "--json");
      return JSON.parse(out);
    },
    shown: (text: string) => text.replaceAll(dir, "DIR").replaceAll(process.execPath, "PRISM"),
  };
}

describe("surface add", () => {
  it("tells what it wrote, what to do next, and the second time that nothing was to do", async () => {
    const here = place();
    const first = await here.run("add", "codex");
    expect(here.shown(first.out)).toBe(`set up reviewer@shop in Codex
  created    DIR/shop/.codex/config.toml
  created    DIR/shop/.codex/hooks.json
next
  start codex anew in DIR/shop, as a project that you trust
  it asks "Hooks need review": choose "Trust all and continue", or review them
    there; until then Codex runs none of them, and says nothing
  start its daemon:
    prism daemon --persona reviewer --project 'DIR/shop'
`);
    expect((await here.run("add", "codex")).out).toContain(
      "was set up in Codex already; nothing was written",
    );
  });

  it("--dry-run shows the difference and writes nothing, not even a folder", async () => {
    const here = place();
    const { out } = await here.run("add", "claude-desktop", "--dry-run");
    expect(here.shown(out)).toBe(`--- /dev/null
+++ DIR/ann/.config/Claude/claude_desktop_config.json
@@ -0,0 +1,17 @@
+{
+  "mcpServers": {
+    "prism": {
+      "command": "PRISM",
+      "args": [
+        "mcp",
+        "--persona",
+        "reviewer",
+        "--project",
+        "DIR/shop"
+      ],
+      "env": {
+        "PRISM_HOME": "DIR/home"
+      }
+    }
+  }
+}
nothing was written; without --dry-run it is
`);
    expect(existsSync(here.path("home"))).toBe(false);
    expect(existsSync(here.path("ann/.config"))).toBe(false);
  });

  it("shows no secret that stands beside", async () => {
    const here = place();
    mkdirSync(here.path("shop/.claude"));
    writeFileSync(here.path(SETTINGS), '{\n  "env": {"ANTHROPIC_AUTH_TOKEN": "sk-ant-1"}\n}\n');
    const { out } = await here.run("add", "claude-code", "--dry-run");
    expect(out).toContain('"ANTHROPIC_AUTH_TOKEN": "***"');
    expect(out).not.toContain("sk-ant-1");
  });

  it("says what keeps a client from seeing it", async () => {
    const here = place();
    mkdirSync(here.path("shop/.claude"));
    mkdirSync(here.path("shop/.git"));
    writeFileSync(
      here.path(SETTINGS),
      '{"disableAllHooks": true, // for now\n"disabledMcpjsonServers": ["prism"], "permissions": {"deny": ["mcp__prism"]}}',
    );
    const { notes } = await here.ask("add", "claude-code");
    expect(notes.map((note: string) => note.replace(/^.*?(?=holds|"disa|"perm|\.mcp)/, ""))).toEqual([
      "holds comments or closing commas, and its client reads plain JSON only: take them out, or it passes over the whole file",
      '"disableAllHooks" is true: no hook runs',
      '"disabledMcpjsonServers" names "prism": its tools are off',
      '"permissions" denies "mcp__prism" or asks for it: an agent can\'t drain by itself',
      ".mcp.json in the project now holds paths of this host: keep that out of version control",
    ]);
  });

  it.each([
    [["codex", "--scope", "user"], "--scope is for claude-code, not for codex"],
    [["tmux"], "surface tmux needs --tmux-target TARGET"],
    [["claude-code", "--tty", "/dev/tty"], "--tty is for surface terminal, not for claude-code"],
    [["claude-desktop", "--bundle", "x", "--config", "y"], "--config and --bundle contradict each other"],
    [["claude-cod"], 'SURFACE must be claude-code, codex, claude-desktop or tmux, not "claude-cod"'],
  ])("%j is refused", async (words, message) => {
    const { status, err } = await place().run("add", ...words);
    expect([status, err.split("\n")[0]]).toEqual([64, `prism: ${message}`]);
  });

  it("puts a bundle together only from the built executable", async () => {
    expect(await place().run("add", "claude-desktop", "--bundle", "x.mcpb")).toMatchObject({ status: 69 });
  });

  it("writes where --config says", async () => {
    const here = place();
    await here.run("add", "claude-desktop", "--config", "my.json");
    expect(JSON.parse(readFileSync(here.path("my.json"), "utf8")).mcpServers.prism.command).toBe(
      process.execPath,
    );
    await here.run("remove", "claude-desktop");
    expect(existsSync(here.path("my.json"))).toBe(false);
  });
});

describe("surface remove", () => {
  it("says what it did, and that there is nothing to do", async () => {
    const here = place();
    mkdirSync(here.path("shop/.claude"));
    writeFileSync(here.path(SETTINGS), "{}");
    await here.run("add", "claude-code");
    expect((await here.run("remove", "claude-code", "--dry-run")).out).toContain('-  "hooks": {');
    expect(
      here.shown((await here.run("remove", "claude-code")).out),
    ).toBe(`took out reviewer@shop from Claude Code
  restored   DIR/${SETTINGS}
  removed    DIR/shop/.mcp.json
`);
    expect(readFileSync(here.path(SETTINGS), "utf8")).toBe("{}");
    expect((await here.run("remove", "claude-code")).out).toBe(
      "reviewer@shop is not set up in Claude Code; nothing was written\n",
    );
  });

  it("works when the project's folder is gone", async () => {
    const here = place();
    await here.run("add", "claude-desktop");
    rmSync(here.path("shop"), { recursive: true });
    expect((await here.ask("list")).surfaces).toMatchObject([{ state: "projectGone" }]);
    expect(await here.ask("remove", "claude-desktop")).toMatchObject({
      changed: true,
      files: [{ change: "removed" }],
    });
    expect((await here.run("list")).out).toContain("no surface is set up on this host");
  });
});

describe("surface list", () => {
  it("names what is set up, and which one the daemon rings", async () => {
    const here = place();
    await here.run("add", "codex");
    await here.run("add", "tmux", "--tmux-target", "work:1");
    const { out } = await here.run("list");
    expect(here.shown(out)).toBe(`  ADDRESS         SURFACE   DAEMON   STATE        PROJECT
  reviewer@shop   codex              as written   DIR/shop
  reviewer@shop   tmux      rings    as written   DIR/shop
`);
    writeFileSync(here.path("shop/.codex/hooks.json"), "{}");
    const { surfaces } = await here.ask("list");
    expect(surfaces).toMatchObject([
      { address: "reviewer@shop", tenant: "local", surface: "codex", isDaemons: false, state: "incomplete" },
      { surface: "tmux", isDaemons: true, settings: { tmuxTarget: "work:1" }, files: [] },
    ]);
  });

  it("goes on where one record can't be read", async () => {
    const here = place();
    await here.run("add", "tmux", "--tmux-target", "a");
    const record = here.path("home/state/local/reviewer@shop/surface.json");
    writeFileSync(record, '{"version": 2}');
    chmodSync(record, 0o600);
    const { broken, surfaces } = await here.ask("list");
    expect(surfaces).toEqual([]);
    expect(broken).toMatchObject([{ address: "reviewer@shop", error: { code: "malformed" } }]);
    expect((await here.run("list")).out).toContain("can't be read");
  });
});

describe("a daemon that is told no surface", () => {
  const kept = async (
    here: ReturnType<typeof place>,
    more: { surface?: string; env?: { [name: string]: string } } = {},
  ) => {
    const runtime = fakeRuntime({ env: { ...here.env, ...more.env } });
    const flags = {
      persona: "reviewer",
      project: here.path("shop"),
      tenant: undefined,
      surface: more.surface,
    };
    const isTyped = more.surface !== undefined && more.env === undefined;
    return (await keptSurface(flags, new Set(isTyped ? ["surface"] : []), runtime))?.config;
  };

  it("takes the last one that was set up, with its settings; a named one its own", async () => {
    const here = place();
    expect(await kept(here)).toBeUndefined();
    await here.run("add", "tmux", "--tmux-target", "work", "--tmux-timeout", "3s");
    await here.run("add", "codex");
    expect(await kept(here)).toEqual({ surface: "codex" });
    const tmux = { surface: "tmux", tmuxTarget: "work", tmuxTimeout: "3s" };
    expect(await kept(here, { surface: "tmux" })).toEqual(tmux);
    expect(await kept(here, { surface: "terminal" })).toBeUndefined();
    expect(await kept(here, { surface: "tmux", env: { PRISM_SURFACE: "tmux" } })).toEqual(tmux);
    // A surface in config.json is for all personas: what was set up is nearer.
    expect(await kept(here, { surface: "terminal", env: {} })).toEqual({ surface: "codex" });
    await here.run("remove", "codex");
    expect(await kept(here)).toEqual(tmux);
  });

  it("hears what is wrong with the record, unless it was told a surface", async () => {
    const here = place();
    await here.run("add", "tmux", "--tmux-target", "work");
    writeFileSync(here.path("home/state/local/reviewer@shop/surface.json"), "{");
    await expect(kept(here)).rejects.toMatchObject({ code: "malformed" });
    expect(await kept(here, { surface: "tmux" })).toBeUndefined();
  });

  it("is told to name one, or to set one up", async () => {
    const here = place();
    const words = ["daemon", "--persona", "reviewer", "--project", here.path("shop")];
    const { status, err } = await typed(words, { env: here.env });
    expect(status).toBe(64);
    expect(err).toContain("daemon needs --surface NAME: none is set up for reviewer here");
    expect(err).toContain("prism surface add");
  });
});
