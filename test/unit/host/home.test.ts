import { chmodSync, chownSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  ensureHome,
  ensurePrivateDir,
  fileNameOf,
  hashOf,
  homeAt,
  ipcPathOf,
  SOCKET_PATH_BYTES_MAX,
  stateDirOf,
  verifyPrivateDir,
} from "../../../src/host/home.ts";
import { nodeProcess } from "../../support/node-process.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { thrownBy } from "../../support/thrown.ts";

const isRoot = process.getuid?.() === 0;
const reviewer = { persona: "reviewer", project: "shop" };
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe("homeAt", () => {
  it("is ~/.prism unless it is told", () => {
    expect(homeAt(undefined).root).toBe(join(homedir(), ".prism"));
    expect(homeAt("").root).toBe(join(homedir(), ".prism"));
  });

  it.each([
    ["/srv/prism", "/srv/prism"],
    ["/srv/../srv/prism/", "/srv/prism"],
    ["here", resolve("here")],
    ["~/elsewhere", join(homedir(), "elsewhere")],
    ["~", homedir()],
    ["~other", resolve("~other")],
  ])("takes %j for %j", (configured, root) => {
    expect(homeAt(configured).root).toBe(root);
  });

  it("keeps everything below its root", () => {
    const { root, ...paths } = homeAt("/srv/prism");
    for (const path of Object.values(paths)) expect(path.startsWith(`${root}/`)).toBe(true);
  });

  it("refuses a NUL", () => {
    expect(thrownBy(() => homeAt("/srv/\0"))).toMatchObject({ code: "invalid_argument" });
  });
});

describe("fileNameOf", () => {
  it.each([
    ["reviewer@shop", "reviewer@shop"],
    ["a.b_c-d@e", "a.b_c-d@e"],
    ["trailing.", "trailing%2e"],
    [".hidden", "%2ehidden"],
    ["..", "%2e%2e"],
    [".", "%2e"],
    ["", "%"],
    ["Con", "%43on"],
    ["con", "%63on"],
    ["nul.x@shop", "%6eul.x@shop"],
    ["console@shop", "console@shop"],
    ["a/b\\c", "a%2fb%5cc"],
    ["\u00e9", "%c3%a9"],
    ["100%", "100%25"],
  ])("writes %j as %j", (text, name) => {
    expect(fileNameOf(text)).toBe(name);
  });

  it("cuts a long text, and still tells two of one beginning apart", () => {
    const one = fileNameOf(`${"x".repeat(4000)}1`);
    expect(one.length).toBeLessThanOrEqual(180);
    expect(one).not.toBe(fileNameOf(`${"x".repeat(4000)}2`));
  });
});

describe("hashOf", () => {
  it("is FNV-1a with 64 bits", () => {
    const hex = (text: string) => {
      let value = 0n;
      for (const digit of hashOf(text)) value = value * 36n + BigInt(Number.parseInt(digit, 36));
      return value.toString(16).padStart(16, "0");
    };
    // Source: the test vectors of draft-eastlake-fnv.
    expect(hex("")).toBe("cbf29ce484222325");
    expect(hex("a")).toBe("af63dc4c8601ec8c");
    expect(hex("foobar")).toBe("85944171f73967e8");
  });
});

describe("ipcPathOf", () => {
  const rootOf = (bytes: number) => homeAt(`/${"r".repeat(bytes - 1)}`);

  it("is readable where that fits", () => {
    expect(ipcPathOf(homeAt("/home/ann/.prism"), "local", reviewer, "linux")).toBe(
      "/home/ann/.prism/run/local/reviewer@shop.sock",
    );
  });

  it("never exceeds the system's bound, however long the home and the names", () => {
    const long = { persona: "p".repeat(64), project: "q".repeat(64) };
    for (let bytes = 2; bytes < 300; bytes++) {
      for (const address of [reviewer, long]) {
        const path = ipcPathOf(rootOf(bytes), "local", address, "linux");
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(SOCKET_PATH_BYTES_MAX);
      }
    }
  });

  it("falls back to a hash, then to this user's folder under /tmp", () => {
    expect(ipcPathOf(rootOf(70), "local", reviewer, "linux")).toMatch(/^\/r+\/run\/local\//);
    expect(ipcPathOf(rootOf(80), "local", reviewer, "linux")).toMatch(/^\/r+\/run\/[0-9a-z]{13}\.sock$/);
    expect(ipcPathOf(rootOf(200), "local", reviewer, "linux")).toMatch(
      /^\/tmp\/prism-[0-9]+\/[0-9a-z]{13}\.sock$/,
    );
  });

  it("differs by home, tenant, persona and project", () => {
    const paths = [
      ipcPathOf(rootOf(200), "local", reviewer),
      ipcPathOf(rootOf(201), "local", reviewer),
      ipcPathOf(rootOf(200), "other", reviewer),
      ipcPathOf(rootOf(200), "local", { persona: "reviewers", project: "hop" }),
    ];
    expect(new Set(paths).size).toBe(4);
  });

  it("is a pipe's name on Windows, the same for any spelling of the case", () => {
    const name = ipcPathOf(homeAt("/Home/Ann"), "local", reviewer, "win32");
    expect(name).toMatch(/^\\\\\.\\pipe\\prism-[0-9a-z]{13}$/);
    expect(ipcPathOf(homeAt("/home/ann"), "local", reviewer, "win32")).toBe(name);
  });
});

describe("ensurePrivateDir", () => {
  it("makes the folder and its parents for the owner alone, whatever the mask", () => {
    const before = tempDir();
    ensurePrivateDir(join(before, "a/b/c"));
    for (const part of ["a", "a/b", "a/b/c"]) expect(modeOf(join(before, part))).toBe(0o700);
    ensurePrivateDir(join(before, "a/b/c"));
  });

  it("closes a folder of ours that others could enter", () => {
    const dir = tempDir();
    chmodSync(dir, 0o755);
    ensurePrivateDir(dir);
    expect(modeOf(dir)).toBe(0o700);
  });

  it("follows a link of ours to a folder of ours", () => {
    const dir = tempDir();
    mkdirSync(join(dir, "real"));
    symlinkSync(join(dir, "real"), join(dir, "link"));
    ensurePrivateDir(join(dir, "link"));
    expect(lstatSync(join(dir, "link")).isSymbolicLink()).toBe(true);
    expect(modeOf(join(dir, "real"))).toBe(0o700);
  });

  it("says that a file is in the way", () => {
    const dir = tempDir();
    writeFileSync(join(dir, "file"), "");
    expect(thrownBy(() => ensurePrivateDir(join(dir, "file")))).toMatchObject({
      code: "not_found",
      message: expect.stringContaining("is not a folder"),
    });
    expect(thrownBy(() => ensurePrivateDir(join(dir, "file/below")))).toMatchObject({ code: "not_found" });
  });

  it("refuses a link that leads nowhere or in a circle", () => {
    const dir = tempDir();
    symlinkSync(join(dir, "nowhere"), join(dir, "dangling"));
    symlinkSync(join(dir, "circle"), join(dir, "circle"));
    expect(thrownBy(() => ensurePrivateDir(join(dir, "dangling"))).code).toBe("not_found");
    expect(thrownBy(() => ensurePrivateDir(join(dir, "dangling/a/b"))).code).toBe("not_found");
    expect(["invalid_argument", "not_found"]).toContain(
      thrownBy(() => ensurePrivateDir(join(dir, "circle"))).code,
    );
  });

  it.runIf(isRoot)("refuses another user's folder, and a way there through a link", () => {
    const dir = tempDir();
    mkdirSync(join(dir, "foreign"));
    chownSync(join(dir, "foreign"), 65_534, 65_534);
    symlinkSync(join(dir, "foreign"), join(dir, "link"));
    for (const path of ["foreign", "link"]) {
      expect(thrownBy(() => ensurePrivateDir(join(dir, path)))).toMatchObject({
        code: "permission_denied",
        message: expect.stringContaining("another user (uid 65534)"),
        hint: expect.stringContaining("PRISM_HOME"),
      });
    }
    expect(modeOf(join(dir, "foreign"))).not.toBe(0o700);
  });

  it.runIf(isRoot)("says which folder can't be used: unreadable, read-only or full", async () => {
    const dir = tempDir();
    const child = nodeProcess(
      `
      import { execFileSync } from "node:child_process";
      import { mkdirSync, chmodSync, writeFileSync } from "node:fs";
      import { ensurePrivateDir } from "#src/host/home.ts";
      const dir = ${JSON.stringify(dir)};
      const tried = (path) => { try { ensurePrivateDir(path); return "made"; } catch (error) { return error.code + ": " + error.message; } };
      for (const name of ["ro", "full", "closed"]) mkdirSync(dir + "/" + name);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,nr_inodes=4", "tmpfs", dir + "/full"]);
      for (const name of ["1", "2", "3"]) try { writeFileSync(dir + "/full/" + name, ""); } catch {}
      execFileSync("mount", ["-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", dir + "/ro"]);
      console.log(tried(dir + "/full/home"));
      console.log(tried(dir + "/ro/home"));
      console.log(tried(dir + "/ro"));
      chmodSync(dir, 0o755);
      chmodSync(dir + "/closed", 0o700);
      process.setegid(65534); process.seteuid(65534);
      console.log(tried(dir + "/closed/home"));
      `,
      ["unshare", "-m"],
    );
    expect(await child.line()).toMatch(
      /^storage_full: could not make the folder .*full\/home": the disk is full$/,
    );
    expect(await child.line()).toMatch(/^permission_denied: .*the file system is read-only$/);
    expect(await child.line()).toMatch(/^permission_denied: .*the file system is read-only$/);
    expect(await child.line()).toMatch(/^permission_denied: could not make the folder .*permission denied$/);
  });
});

describe("verifyPrivateDir", () => {
  it("mends nothing", () => {
    const dir = tempDir();
    chmodSync(dir, 0o750);
    expect(thrownBy(() => verifyPrivateDir(dir))).toMatchObject({
      code: "permission_denied",
      hint: expect.stringContaining("chmod 700"),
    });
    expect(modeOf(dir)).toBe(0o750);
    chmodSync(dir, 0o700);
    verifyPrivateDir(dir);
    expect(thrownBy(() => verifyPrivateDir(join(dir, "absent"))).code).toBe("not_found");
  });
});

it("ensureHome closes the root itself, and stateDirOf lies in it", () => {
  const dir = tempDir();
  const home = homeAt(join(dir, "home"));
  mkdirSync(home.root, { mode: 0o777 });
  ensureHome(home);
  for (const path of [home.root, home.runDir, home.stateDir, home.logDir]) expect(modeOf(path)).toBe(0o700);
  expect(stateDirOf(home, "local", reviewer)).toBe(join(home.stateDir, "local", "reviewer@shop"));
});
