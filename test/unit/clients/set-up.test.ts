import { chmodSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileState } from "../../../src/clients/change.ts";
import { placementPathOf, readPlacements } from "../../../src/clients/placement.ts";
import { isNothing } from "../../../src/clients/set-up.ts";
import { clientStage } from "../../support/client-stage.ts";
import { rejectedBy, thrownBy } from "../../support/thrown.ts";

const SETTINGS = "shop/.claude/settings.local.json";
const OWN = '{\r\n\t"model": "opus", // mine\r\n\t"hooks": {"Stop": []}\r\n}';

describe("set up and taken back", () => {
  it.each(["claude-code", "codex", "claude-desktop"] as const)(
    "%s: files and folders that were made are gone",
    async (surface) => {
      const stage = clientStage();
      await stage.add({ surface });
      expect(Object.keys(stage.files()).length).toBeGreaterThan(0);
      await stage.remove({ surface });
      expect(stage.files()).toEqual({});
      expect(readdirSync(stage.root)).toEqual([]);
      expect(readdirSync(stage.userDir)).toEqual([]);
      expect(readPlacements(stage.stateDirOf("reviewer"))).toEqual([]);
      expect(readdirSync(stage.stateDirOf("reviewer"))).toEqual([]);
    },
  );

  it("a file that was there is as it was, with its mode, and no copy is left", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    chmodSync(stage.path(SETTINGS), 0o640);
    await stage.add();
    expect(stage.read(SETTINGS)).not.toBe(OWN);
    expect(stage.modeOf(SETTINGS)).toBe(0o640);
    await stage.remove();
    expect(stage.read(SETTINGS)).toBe(OWN);
    expect(stage.modeOf(SETTINGS)).toBe(0o640);
    expect(readdirSync(stage.stateDirOf("reviewer"))).toEqual([]);
  });

  it("a copy is kept for its owner alone while it is set up, byte order mark included", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, `\ufeff${OWN}`);
    await stage.add();
    const [name = ""] = readdirSync(stage.path("state/reviewer/backups"));
    expect(stage.read(`state/reviewer/backups/${name}`)).toBe(`\ufeff${OWN}`);
    expect(stage.modeOf(`state/reviewer/backups/${name}`)).toBe(0o600);
    expect(stage.modeOf("state/reviewer/backups")).toBe(0o700);
    await stage.remove();
    expect(stage.read(SETTINGS)).toBe(`\ufeff${OWN}`);
  });

  it("a link stays a link, and what it leads to is written", async () => {
    const stage = clientStage();
    stage.write("dotfiles/settings.json", OWN);
    mkdirSync(stage.path("shop/.claude"));
    symlinkSync("../../dotfiles/settings.json", stage.path(SETTINGS));
    await stage.add();
    expect(readlinkSync(stage.path(SETTINGS))).toBe("../../dotfiles/settings.json");
    expect(stage.read("dotfiles/settings.json")).toContain("hook stop");
    await stage.remove();
    expect(stage.read("dotfiles/settings.json")).toBe(OWN);
  });

  it("a link to nowhere is named, and nothing is written", () => {
    const stage = clientStage();
    mkdirSync(stage.path("shop/.claude"));
    symlinkSync("gone.json", stage.path(SETTINGS));
    expect(thrownBy(() => stage.adding())).toMatchObject({
      code: "malformed",
      message: expect.stringContaining("is a link that leads nowhere"),
    });
  });
});

describe("again", () => {
  it("nothing is written", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    const before = stage.files();
    const again = stage.adding();
    expect(again.isDone).toBe(true);
    expect(again.changes.every(isNothing)).toBe(true);
    await again.commit();
    expect(stage.files()).toEqual(before);
  });

  it("with another program brings every command up to date, and still comes out", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    await stage.add({ program: "/usr/bin/prism" });
    const texts = Object.values(stage.files()).join("");
    expect(texts).toContain("/usr/bin/prism");
    expect(texts).not.toContain("/opt/prism");
    await stage.remove();
    expect(stage.files()).toEqual({ [SETTINGS]: OWN });
  });

  it("in another scope moves there", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    await stage.add({ scope: "user" });
    expect(Object.keys(stage.files())).toEqual([SETTINGS, "ann/.claude.json", "ann/.claude/settings.json"]);
    expect(stage.read(SETTINGS)).toBe(OWN);
    expect(stage.modeOf("ann/.claude.json")).toBe(0o600);
    await stage.remove();
    expect(stage.files()).toEqual({ [SETTINGS]: OWN });
  });

  it("after a death between any two writes finishes, and comes out to the byte", async () => {
    const whole = clientStage();
    whole.write(SETTINGS, OWN);
    await whole.add();
    const done = whole.files();
    for (const survivor of [".mcp.json", ".claude/settings.local.json"]) {
      const stage = clientStage();
      stage.write(SETTINGS, OWN);
      await stage.add();
      // As if only this file had been written before the end.
      if (survivor !== ".mcp.json") rmSync(join(stage.root, ".mcp.json"));
      if (survivor !== ".claude/settings.local.json") stage.write(SETTINGS, OWN);
      await stage.add();
      const texts = (files: object): string => JSON.stringify(files).replaceAll(/prism-t-\w+/g, "");
      expect(texts(stage.files())).toBe(texts(done));
      await stage.remove();
      expect(stage.files()).toEqual({ [SETTINGS]: OWN });
    }
  });

  it("taking out goes on where a death ended it, and twice is once", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    stage.write(SETTINGS, OWN);
    await stage.remove();
    expect(stage.files()).toEqual({ [SETTINGS]: OWN });
    expect(stage.removing().isDone).toBe(true);
  });
});

describe("a file that somebody changed since", () => {
  it("keeps their changes, and loses exactly ours", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    stage.write(SETTINGS, stage.read(SETTINGS).replace('"opus"', '"sonnet"'));
    await stage.remove();
    expect(stage.files()).toEqual({ [SETTINGS]: OWN.replace("opus", "sonnet") });
  });

  it("keeps them through another setting up as well", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    stage.write(SETTINGS, stage.read(SETTINGS).replace('"opus"', '"sonnet"'));
    await stage.add({ program: "/usr/bin/prism" });
    expect(stage.read(SETTINGS)).toContain('"sonnet"');
    await stage.remove();
    expect(stage.files()).toEqual({ [SETTINGS]: OWN.replace("opus", "sonnet") });
  });

  it("that we had made stays, with what is theirs", async () => {
    const stage = clientStage();
    await stage.add();
    const settings = JSON.parse(stage.read(SETTINGS));
    stage.write(SETTINGS, JSON.stringify({ ...settings, model: "opus" }));
    await stage.remove();
    expect(JSON.parse(stage.read(SETTINGS))).toEqual({ model: "opus" });
    expect(stage.has("shop/.mcp.json")).toBe(false);
  });

  it("a folder that we had made stays while something is in it", async () => {
    const stage = clientStage();
    await stage.add();
    stage.write("shop/.claude/commands/mine.md", "x");
    await stage.remove();
    expect(stage.files()).toEqual({ "shop/.claude/commands/mine.md": "x" });
  });

  it("that they removed is not made again by taking out", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    rmSync(stage.path(SETTINGS));
    await stage.remove();
    expect(stage.files()).toEqual({});
  });

  it("is told from one that stands as written, and from one that has to be set up again", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    await stage.add();
    const [, record] = readPlacements(stage.stateDirOf("reviewer"))[0]?.files ?? [];
    const file = stage.adding().changes[1]?.file;
    if (record === undefined || file === undefined) throw new Error("two files were written");
    const whole = stage.read(SETTINGS);
    const states: [string, string][] = [
      ["asWritten", whole],
      ["changed", whole.replace("opus", "sonnet")],
      ["incomplete", whole.replace("hook session-end", "hook bogus")],
      ["incomplete", OWN],
      ["unreadable", "{"],
    ];
    for (const [state, text] of states) {
      stage.write(SETTINGS, text);
      expect(fileState(file, record), text).toBe(state);
    }
    rmSync(stage.path(SETTINGS));
    expect(fileState(file, record)).toBe("gone");
  });
});

describe("refused, with nothing written", () => {
  it.each([
    ["{\n  nope\n}", "is not JSON at line 2, column 3: invalid symbol"],
    ['{"hooks": []}', 'at line 1, column 11: "hooks" must be an object, not a list'],
    ['{"permissions": {"allow": {}}}', '"permissions.allow" must be a list, not an object'],
    ["[]", "the whole must be an object, not a list"],
    ['{"a": 1} {}', "is not JSON at line 1, column 10"],
  ])("%s", (text, message) => {
    const stage = clientStage();
    stage.write(SETTINGS, text);
    expect(thrownBy(() => stage.adding())).toMatchObject({
      code: "malformed",
      message: expect.stringContaining(message),
    });
    expect(stage.files()).toEqual({ [SETTINGS]: text });
    expect(stage.has("state")).toBe(false);
  });

  it("what is not UTF-8", () => {
    const stage = clientStage();
    mkdirSync(stage.path("shop/.claude"));
    writeFileSync(stage.path(SETTINGS), Buffer.from([0xff, 0xfe, 0x7b, 0]));
    expect(thrownBy(() => stage.adding()).message).toContain("is not UTF-8 text");
  });

  it.each(["claude-code", "codex", "claude-desktop"] as const)(
    "%s: a second persona hears who works there",
    async (surface) => {
      const stage = clientStage();
      await stage.add({ surface });
      const before = stage.files();
      const fault = thrownBy(() => stage.adding({ surface, persona: "planner" }));
      expect(fault).toMatchObject({
        code: "already_running",
        hint: expect.stringContaining("surface remove"),
      });
      expect(fault.message).toContain(`is set up for reviewer in ${stage.root}`);
      expect(stage.files()).toEqual(before);
      await stage.remove({ surface });
      await stage.add({ surface, persona: "planner" });
    },
  );

  it("hooks of another scope are found too", async () => {
    const stage = clientStage();
    await stage.add({ scope: "user" });
    expect(thrownBy(() => stage.adding({ persona: "planner" })).message).toContain(
      "ann/.claude/settings.json",
    );
  });

  it("a server of another kind by our name", () => {
    const stage = clientStage();
    stage.write("shop/.mcp.json", '{"mcpServers": {"prism": {"command": "prisma"}}}');
    expect(thrownBy(() => stage.adding())).toMatchObject({ code: "already_running" });
    stage.write("shop/.codex/config.toml", '[mcp_servers.prism]\ncommand = "prisma"\n');
    expect(thrownBy(() => stage.adding({ surface: "codex" }))).toMatchObject({ code: "already_running" });
  });

  it("a file that changes while it is written", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, OWN);
    const setUp = stage.adding();
    stage.write(SETTINGS, "{}");
    expect(await rejectedBy(setUp.commit())).toMatchObject({ code: "overloaded" });
    expect(stage.read(SETTINGS)).toBe("{}");
    await stage.add();
    await stage.remove();
    expect(stage.files()).toEqual({ [SETTINGS]: "{}" });
  });
});

describe("a record that is lost or broken", () => {
  it("is set aside, and the files themselves say what is ours", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, '{"model": "opus"}');
    await stage.add();
    const path = placementPathOf(stage.stateDirOf("reviewer"));
    writeFileSync(path, "{", { mode: 0o600 });
    expect(thrownBy(() => readPlacements(stage.stateDirOf("reviewer")))).toMatchObject({ code: "malformed" });
    await stage.remove();
    expect(stage.has("state/reviewer/surface.json.corrupt")).toBe(true);
    expect(JSON.parse(stage.read(SETTINGS))).toEqual({ model: "opus" });
  });

  it("lost: set up again, and taken out, there is nothing left of ours", async () => {
    const stage = clientStage();
    stage.write(SETTINGS, '{"model": "opus"}');
    await stage.add();
    rmSync(stage.path("state"), { recursive: true });
    await stage.add({ program: "/usr/bin/prism" });
    await stage.remove();
    expect(stage.read(SETTINGS)).toBe('{"model": "opus"}');
  });

  it("leftovers of a command that died while writing are swept away", async () => {
    const stage = clientStage();
    stage.write("shop/.claude/.settings.local.json.prism-999999999.tmp", "half");
    await stage.add();
    expect(stage.has("shop/.claude/.settings.local.json.prism-999999999.tmp")).toBe(false);
  });
});

describe("what was there and is ours too", () => {
  it("a rule and an approval of the user's own stay theirs", async () => {
    const stage = clientStage();
    const text = '{"permissions": {"allow": ["mcp__prism"]}, "enabledMcpjsonServers": ["prism"]}\n';
    stage.write(SETTINGS, text);
    await stage.add();
    stage.write(SETTINGS, `${stage.read(SETTINGS)}\n`);
    await stage.remove();
    expect(JSON.parse(stage.read(SETTINGS))).toEqual(JSON.parse(text));
  });

  it("a server that was set up by hand for the same persona is brought up to date, its own variables kept", async () => {
    const stage = clientStage();
    const args = ["mcp", "--persona", "reviewer", "--project", "."];
    stage.write(
      "shop/.mcp.json",
      JSON.stringify({ mcpServers: { prism: { command: "prism", args, env: { A: "1" } } } }, null, 2),
    );
    await stage.add();
    const { prism } = JSON.parse(stage.read("shop/.mcp.json")).mcpServers;
    expect(prism).toMatchObject({ type: "stdio", command: "/opt/prism", env: { A: "1" } });
    expect(stage.adding().isDone).toBe(true);
  });
});
