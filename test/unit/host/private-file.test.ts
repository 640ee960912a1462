import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPrivateFile, readTokenFile, writePrivateFile } from "../../../src/host/private-file.ts";
import { nodeProcess } from "../../support/node-process.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { rejectedBy, thrownBy } from "../../support/thrown.ts";

const isRoot = process.getuid?.() === 0;
const read = { what: "note", bytesMax: 100 };

function fileWith(content: string | Uint8Array, mode = 0o600): string {
  const path = join(tempDir(), "note");
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
}

describe("readPrivateFile", () => {
  it("gives the text, up to the last byte allowed", () => {
    expect(readPrivateFile(fileWith("\u00e9".repeat(50)), read)).toBe("\u00e9".repeat(50));
    expect(readPrivateFile(fileWith(""), read)).toBe("");
  });

  it.each([0o640, 0o604, 0o660, 0o644, 0o601])("refuses mode %o, and says how to close it", (mode) => {
    expect(thrownBy(() => readPrivateFile(fileWith("x", mode), read))).toMatchObject({
      code: "permission_denied",
      message: expect.stringMatching(/the note ".*" can be read by others/),
      hint: expect.stringContaining("chmod 600"),
    });
  });

  it("takes any mode for what is no secret", () => {
    expect(readPrivateFile(fileWith("x", 0o644), { ...read, shared: true })).toBe("x");
  });

  it.runIf(isRoot)("refuses another user's file", () => {
    const path = fileWith("x");
    chownSync(path, 65_534, 65_534);
    expect(thrownBy(() => readPrivateFile(path, read))).toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("uid 65534"),
    });
  });

  it.runIf(isRoot)("says that a file is unreadable", async () => {
    const path = fileWith("x");
    chmodSync(join(path, ".."), 0o755);
    const child = nodeProcess(`
      import { readPrivateFile } from "#src/host/private-file.ts";
      process.setegid(65534); process.seteuid(65534);
      try { readPrivateFile(${JSON.stringify(path)}, { what: "token", bytesMax: 10 }); } catch (error) { console.log(error.code, error.message); }
    `);
    expect(await child.line()).toMatch(
      /^permission_denied could not read the token ".*": permission denied$/,
    );
  });

  it("refuses what is no plain file, without waiting for it", () => {
    const dir = tempDir();
    execFileSync("mkfifo", ["-m", "600", join(dir, "fifo")]);
    expect(thrownBy(() => readPrivateFile(join(dir, "fifo"), read)).code).toBe("malformed");
    expect(thrownBy(() => readPrivateFile(dir, read)).code).toBe("malformed");
    expect(thrownBy(() => readPrivateFile("/dev/null", read)).code).toBe("malformed");
  });

  it("judges the file behind a link", () => {
    const path = fileWith("x", 0o644);
    symlinkSync(path, `${path}.link`);
    expect(thrownBy(() => readPrivateFile(`${path}.link`, read)).code).toBe("permission_denied");
  });

  it.each([
    ["too long", "x".repeat(101), "too_large"],
    ["binary", new Uint8Array([0xff, 0xfe, 0]), "malformed"],
    ["cut in a character", new Uint8Array([0xe2, 0x82]), "malformed"],
  ])("refuses what is %s", (_what, content, code) => {
    expect(thrownBy(() => readPrivateFile(fileWith(content), read)).code).toBe(code);
  });

  it("says that a file is absent", () => {
    expect(thrownBy(() => readPrivateFile(join(tempDir(), "absent"), read))).toMatchObject({
      code: "not_found",
      message: expect.stringContaining("could not read the note"),
    });
  });
});

describe("readTokenFile", () => {
  it("gives the word alone", () => {
    expect(readTokenFile(fileWith("  secret-Token_1\r\n"))).toBe("secret-Token_1");
  });

  it.each(["", " \n", "two words", "line\nline", "t\u0000x", "t\u00f6ken"])(
    "refuses %j, quoting nothing",
    (content) => {
      const error = thrownBy(() => readTokenFile(fileWith(content)));
      expect(error.code).toBe("malformed");
      if (content.trim() !== "") expect(error.message).not.toContain(content.trim());
    },
  );
});

describe.each([true, false])("writePrivateFile, durable: %s", (durable) => {
  it("writes and replaces, for the owner alone, and leaves nothing beside it", async () => {
    const dir = tempDir();
    const path = join(dir, "state.json");
    expect(await writePrivateFile(path, "one", { durable })).toBe(true);
    chmodSync(path, 0o644);
    expect(await writePrivateFile(path, "two \u00e9", { durable })).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("two \u00e9");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["state.json"]);
  });

  it("replaces a link, not what it leads to", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "other"), "other's");
    symlinkSync(join(dir, "other"), join(dir, "state"));
    await writePrivateFile(join(dir, "state"), "mine", { durable });
    expect(readFileSync(join(dir, "other"), "utf8")).toBe("other's");
  });

  it("of many that want to be first, one is, whole", async () => {
    const dir = tempDir();
    const path = join(dir, "token");
    const texts = Array.from({ length: 20 }, (_, i) => `token-${i}`.repeat(100));
    const placed = await Promise.all(
      texts.map((text) => writePrivateFile(path, text, { ifAbsent: true, durable })),
    );
    expect(placed.filter(Boolean)).toHaveLength(1);
    expect(readFileSync(path, "utf8")).toBe(texts[placed.indexOf(true)]);
    expect(readdirSync(dir)).toEqual(["token"]);
  });

  it("two writers of one process at once leave one of the two, whole", async () => {
    const path = join(tempDir(), "state");
    const [a, b] = ["a".repeat(100_000), "b".repeat(100_000)];
    await Promise.all([writePrivateFile(path, a, { durable }), writePrivateFile(path, b, { durable })]);
    expect([a, b]).toContain(readFileSync(path, "utf8"));
  });

  it("says what is wrong with the folder", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "file"), "");
    mkdirSync(join(dir, "folder"));
    expect(await rejectedBy(writePrivateFile(join(dir, "absent/state"), "", { durable }))).toMatchObject({
      code: "not_found",
    });
    expect(await rejectedBy(writePrivateFile(join(dir, "file/state"), "", { durable }))).toMatchObject({
      code: "not_found",
    });
    expect((await rejectedBy(writePrivateFile(join(dir, "folder"), "", { durable }))).message).toContain(
      "could not write the file",
    );
    expect(readdirSync(dir).sort()).toEqual(["file", "folder"]);
  });
});

describe("writePrivateFile", () => {
  it("sweeps up after a writer that was killed, and not after one that lives", async () => {
    const dir = tempDir();
    const dead = execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }).trim();
    writeFileSync(join(dir, `.state.${dead}-1.tmp`), "half");
    writeFileSync(join(dir, `.state.1-1.tmp`), "another's");
    writeFileSync(join(dir, `.other.${dead}-1.tmp`), "half");
    await writePrivateFile(join(dir, "state"), "whole");
    expect(readdirSync(dir).sort()).toEqual([`.other.${dead}-1.tmp`, ".state.1-1.tmp", "state"].sort());
  });

  it.runIf(isRoot)("on a full disk keeps the old file, and says so", async () => {
    const dir = tempDir();
    const child = nodeProcess(
      `
      import { execFileSync } from "node:child_process";
      import { readFileSync, readdirSync } from "node:fs";
      import { writePrivateFile } from "#src/host/private-file.ts";
      const dir = ${JSON.stringify(dir)};
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", dir]);
      await writePrivateFile(dir + "/state", "old");
      try { await writePrivateFile(dir + "/state", "x".repeat(100000)); } catch (error) { console.log(error.code, error.message); }
      console.log(readFileSync(dir + "/state", "utf8"), readdirSync(dir).join());
      `,
      ["unshare", "-m"],
    );
    expect(await child.line()).toMatch(/^storage_full could not write the file ".*state": the disk is full$/);
    expect(await child.line()).toBe("old state");
  });

  it("killed at any moment leaves the old file or the new one", async () => {
    const dir = tempDir();
    const path = join(dir, "state");
    for (let round = 0; round < 4; round++) {
      const child = nodeProcess(`
        import { writePrivateFile } from "#src/host/private-file.ts";
        console.log("ready");
        for (let i = 0; ; i++) await writePrivateFile(${JSON.stringify(path)}, String(i % 10).repeat(20000));
      `);
      await child.line();
      // Any moment will do: the writer is always in the middle of something.
      for (let turns = 0; turns < round * 40; turns++) await new Promise(setImmediate);
      await child.kill("SIGKILL");
      const text = readdirSync(dir).includes("state") ? readFileSync(path, "utf8") : "";
      expect(text === "" || text === text.charAt(0).repeat(20_000)).toBe(true);
    }
    await writePrivateFile(path, "new");
    expect(readdirSync(dir)).toEqual(["state"]);
  });
});
