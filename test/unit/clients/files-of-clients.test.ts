import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { claudeCodePlan } from "../../../src/clients/claude-code.ts";
import { desktopConfigPath } from "../../../src/clients/claude-desktop.ts";
import type { Placed, Surroundings } from "../../../src/clients/client.ts";
import { codexPlan } from "../../../src/clients/codex.ts";
import { desktopBundle, desktopManifest } from "../../../src/clients/desktop-bundle.ts";
import { unifiedDiff, withoutSecrets } from "../../../src/clients/text/unified-diff.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { thrownBy } from "../../support/thrown.ts";

const placed: Placed = {
  program: ["/opt/prism"],
  persona: "reviewer",
  root: "/w/shop",
  scope: "local",
  bellFlagPath: "/r/reviewer@shop.bell",
};
const linux: Surroundings = { platform: "linux", env: {}, userDir: "/home/ann" };

describe("where Claude Desktop has its configuration", () => {
  it.each([
    ["darwin", {}, "/Users/ann", "/Users/ann/Library/Application Support/Claude/claude_desktop_config.json"],
    [
      "win32",
      { APPDATA: "C:\\Users\\ann\\AppData\\Roaming" },
      "C:\\Users\\ann",
      "C:\\Users\\ann\\AppData\\Roaming\\Claude\\claude_desktop_config.json",
    ],
    ["win32", {}, "C:\\Users\\ann", "C:\\Users\\ann\\AppData\\Roaming\\Claude\\claude_desktop_config.json"],
    ["linux", {}, "/home/ann", "/home/ann/.config/Claude/claude_desktop_config.json"],
    ["linux", { XDG_CONFIG_HOME: "/x" }, "/home/ann", "/x/Claude/claude_desktop_config.json"],
  ] as const)("%s %j", (platform, env, userDir, path) => {
    expect(desktopConfigPath({ platform, env, userDir })).toBe(path);
  });
});

describe("what is written into an empty file", () => {
  it("Claude Code's settings", () => {
    const plan = claudeCodePlan({ ...placed, home: "/srv/p" }, linux);
    expect(plan.files.map(({ path }) => path)).toEqual([
      "/w/shop/.mcp.json",
      "/w/shop/.claude/settings.local.json",
    ]);
    expect(plan.files.map(({ editing }) => editing.add(""))).toMatchSnapshot();
  });

  it("of the user, or of all who share the project", () => {
    const paths = (scope: Placed["scope"], env = {}) =>
      claudeCodePlan({ ...placed, scope }, { ...linux, env }).files.map(({ path }) => path);
    expect(paths("project")).toEqual(["/w/shop/.mcp.json", "/w/shop/.claude/settings.json"]);
    expect(paths("user")).toEqual(["/home/ann/.claude.json", "/home/ann/.claude/settings.json"]);
    expect(paths("user", { CLAUDE_CONFIG_DIR: "/c" })).toEqual(["/c/.claude.json", "/c/settings.json"]);
  });

  it("on Windows without a shell, since there may be two", () => {
    const [, settings] = claudeCodePlan(
      { ...placed, program: ["C:\\p.exe"], root: "C:\\w" },
      { ...linux, platform: "win32" },
    ).files;
    expect(JSON.parse(settings?.editing.add("") ?? "").hooks.Stop[0].hooks[0]).toEqual({
      type: "command",
      command: "C:\\p.exe",
      args: ["hook", "stop", "--client", "claude-code", "--persona", "reviewer", "--project", "C:\\w"],
      timeout: 10,
    });
  });

  it("Codex's hooks and configuration", () => {
    const plan = codexPlan({ ...placed, root: "/w/it's", home: "/srv/p" }, linux);
    expect(plan.files.map(({ editing }) => editing.add(""))).toMatchSnapshot();
  });
});

describe("Codex's configuration", () => {
  const [file] = codexPlan(placed, linux).files;
  const add = (text: string): string => file?.editing.add(text) ?? "";

  it.each([
    ["a =", "is not TOML at line 1, column 4"],
    ['mcp_servers = {a = {command = "x"}}\n', "has no place for [mcp_servers.prism]"],
    ['[mcp_servers]\nprism = {command = "x"}\n', "has a table [mcp_servers.prism] that Prism did not write"],
    ["# <<< prism <<<\n", "holds half of Prism's block, at line 1"],
  ])("%j is refused", (text, message) => {
    expect(thrownBy(() => add(text)).message).toContain(message);
  });

  it("keys that somebody put behind our block are not lost with it", () => {
    const text = `${add('model = "x"\n')}more = 1\n`;
    // They would belong to another table then, or to none.
    expect(thrownBy(() => file?.editing.takeOut(text, 'model = "x"\n'))).toMatchObject({ code: "malformed" });
  });
});

describe("the difference", () => {
  it("of nothing is nothing; of a file that goes, and of one without a last line end, as diff prints it", () => {
    expect(unifiedDiff({ path: "/a", before: "x\n", after: "x\n" })).toBe("");
    expect(unifiedDiff({ path: "/a", before: "x", after: null })).toBe(
      "--- /a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n\\ No newline at end of file\n",
    );
  });

  it.each([
    ['  "API_KEY": "a\\"b", "x": 1', '  "API_KEY": "***", "x": 1'],
    ["bearer_token = 'abc'", "bearer_token = '***'"],
    ['"Authorization": "Bearer x"', '"Authorization": "***"'],
    ['"tokens": 5', '"tokens": 5'],
    ['"model": "opus"', '"model": "opus"'],
  ])("%s", (line, shown) => {
    expect(withoutSecrets(line)).toBe(shown);
  });
});

describe("a bundle for Claude Desktop", () => {
  const bundle = {
    placed,
    project: "shop",
    executable: "",
    version: "1.2.3",
    platform: "linux" as const,
    nowMs: 1_795_000_000_000,
  };

  it("has a manifest that starts the executable inside, and no secret", () => {
    expect(desktopManifest({ ...bundle, placed: { ...placed, home: "/srv/p" } })).toMatchObject({
      manifest_version: "0.3",
      name: "prism-reviewer-shop",
      version: "1.2.3",
      server: {
        type: "binary",
        entry_point: "server/prism",
        mcp_config: {
          command: `\${__dirname}/server/prism`,
          args: ["mcp", "--persona", "reviewer", "--project", "/w/shop"],
          env: { PRISM_HOME: "/srv/p" },
        },
      },
      compatibility: { platforms: ["linux"] },
    });
    expect(desktopManifest({ ...bundle, platform: "win32" })).toMatchObject({
      server: { entry_point: "server/prism.exe" },
    });
    expect(
      thrownBy(() => desktopManifest({ ...bundle, placed: { ...placed, root: `/w/\${HOME}` } })),
    ).toMatchObject({
      code: "invalid_argument",
    });
  });

  it("is a zip of both, the executable executable", async () => {
    const executable = join(tempDir(), "prism");
    writeFileSync(executable, "#!/bin/sh\n".repeat(1000));
    const files = unzipped(await desktopBundle({ ...bundle, executable }));
    expect(files.map(({ name, mode }) => [name, mode])).toEqual([
      ["manifest.json", 0o100644],
      ["server/prism", 0o100755],
    ]);
    expect(files[1]?.text).toBe("#!/bin/sh\n".repeat(1000));
    expect(JSON.parse(files[0]?.text ?? "").name).toBe("prism-reviewer-shop");
  });

  it("of an executable that is not there is refused", async () => {
    await expect(desktopBundle({ ...bundle, executable: "/no/such" })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

/** Reads the central directory, as every reader does, and each file through its own header. */
function unzipped(archive: Uint8Array): { name: string; mode: number; text: string }[] {
  const bytes = Buffer.from(archive);
  const end = bytes.length - 22;
  expect(bytes.readUInt32LE(end)).toBe(0x06054b50);
  const files = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, size, nameLength] = [
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 24),
      bytes.readUInt16LE(at + 28),
    ];
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const header = bytes.readUInt32LE(at + 42);
    expect(bytes.readUInt32LE(header)).toBe(0x04034b50);
    const data = header + 30 + bytes.readUInt16LE(header + 26);
    const text = inflateRawSync(bytes.subarray(data, data + packed)).toString("utf8");
    expect(Buffer.byteLength(text)).toBe(size);
    files.push({ name, mode: bytes.readUInt32LE(at + 38) >>> 16, text });
    at += 46 + nameLength;
  }
  return files;
}
