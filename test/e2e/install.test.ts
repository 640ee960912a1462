/**
 * The built executable installs, replaces and removes itself, in a home of its own: what a person finds there
 * afterwards, and that nothing is left.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXECUTABLE, endStarted, run, scratch, start } from "../support/prism-process.ts";

const place = scratch();
const user = place.folder("ann");
const home = join(user, ".prism");
const shop = place.folder("shop");
const bin = join(user, ".local", "bin");
const prism = join(bin, "prism");
const env = { HOME: user, PATH: `${bin}:${process.env["PATH"] ?? ""}`, XDG_RUNTIME_DIR: place.folder("run") };
const typed = (command: string, ...words: string[]) => run(home, [...words, "--json"], { env, command });
const answer = async (command: string, ...words: string[]) => {
  const ran = await typed(command, ...words);
  expect(ran.status, ran.err).toBe(0);
  return JSON.parse(ran.out);
};

/** Another build, as far as anybody can tell: an executable that runs, of other bytes. */
function otherBuild(name: string): { readonly path: string; readonly sha256: string } {
  const path = join(place.folder(name), "prism-linux-x64");
  copyFileSync(EXECUTABLE, path);
  appendFileSync(path, `\n${name}\n`);
  return { path, sha256: createHash("sha256").update(readFileSync(path)).digest("hex") };
}

function files(): readonly string[] {
  return readdirSync(user, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

beforeAll(() => {
  mkdirSync(home, { mode: 0o700 });
});

afterAll(() => {
  endStarted();
  place.remove();
});

describe("install", () => {
  test("--dry-run says where all will be, and does nothing", async () => {
    const { changed, files: planned } = await answer(EXECUTABLE, "install", "--dry-run");
    expect(changed).toBe(true);
    expect(planned.map(({ path }: { path: string }) => path)).toContain(prism);
    expect(files()).toEqual([]);
  });

  test("makes prism and prism-daemon commands of this user, with completions and manual", async () => {
    await answer(EXECUTABLE, "install");
    expect((await answer("prism", "version")).runtime.packaged).toBe(true);
    expect((await run(home, ["--help"], { env, command: "prism-daemon" })).out).toContain("prism daemon");
    const manual = join(user, ".local/share/man/man1/prism.1");
    const found = spawnSync("man", ["-w", "prism"], { env, encoding: "utf8" });
    if (found.error === undefined) expect(found.stdout.trim()).toBe(manual);
    else expect(existsSync(manual)).toBe(true);
    expect(readFileSync(join(user, ".local/share/bash-completion/completions/prism"), "utf8")).toContain(
      "complete -F",
    );
    expect(await answer(EXECUTABLE, "install")).toMatchObject({ changed: false, notes: [] });
    expect(await answer("prism", "install")).toMatchObject({ changed: false });
  });
});

describe("upgrade", () => {
  test("takes nothing whose sum is another, that is no program, or that is no Prism", async () => {
    const before = realpathSync(prism);
    const { path } = otherBuild("changed");
    writeFileSync(join(path, "../SHA256SUMS"), `${"0".repeat(64)}  prism-linux-x64\n`);
    const script = join(place.path, "script");
    writeFileSync(script, "#!/bin/sh\ntouch ran\n", { mode: 0o755 });
    for (const [words, message] of [
      [[path], "is not what"],
      [[path, "--sha256", "1".repeat(64)], "is not what --sha256 says"],
      [[script], "is no program of this system"],
      [["/bin/true"], "it is no Prism"],
      [[join(place.path, "none")], "it does not exist"],
    ] as const) {
      const ran = await typed("prism", "upgrade", ...words);
      expect([65, 66]).toContain(ran.status);
      expect(ran.err).toContain(message);
    }
    expect(realpathSync(prism)).toBe(before);
    expect(readdirSync(join(before, "..")).filter((name) => name.startsWith("candidate"))).toEqual([]);
  });

  test("takes the place in one step, keeps the former version, and names what was started by hand", async () => {
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const daemon = await start(home, [
      "daemon",
      "--persona",
      "ann",
      "--project",
      shop,
      "--surface",
      "terminal",
    ]);
    const before = realpathSync(prism);
    const { path, sha256 } = otherBuild("next");
    writeFileSync(join(path, "../SHA256SUMS"), `${sha256} *prism-linux-x64\n`);
    const report = await answer("prism", "upgrade", path);
    expect(report).toMatchObject({
      changed: true,
      sha256,
      checkedBy: join(path, "../SHA256SUMS"),
      notes: [],
    });
    expect(report.byHand).toEqual([{ what: "ann@shop", pid: daemon.pid }]);
    expect(readFileSync(prism).equals(readFileSync(path))).toBe(true);
    expect(existsSync(before)).toBe(true);
    expect(await answer("prism", "upgrade", path)).toMatchObject({ changed: false });
    await daemon.kill("SIGTERM");
    await hub.kill("SIGTERM");
  });

  test("of what is not installed says what to do instead", async () => {
    const ran = await run(place.folder("nobody"), ["upgrade", EXECUTABLE], {
      env: { HOME: place.folder("nobody") },
    });
    expect(ran.status).toBe(66);
    expect(ran.err).toContain("install the new one: ");
  });
});

describe("uninstall", () => {
  test("ends what runs, takes back what was set up, and leaves the data alone", async () => {
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const who = ["--persona", "ann", "--project", shop];
    const daemon = await start(home, ["daemon", ...who, "--surface", "terminal"]);
    const ends = [hub, daemon].map(({ child }) => new Promise((resolve) => child.once("exit", resolve)));
    await answer("prism", "surface", "add", "claude-code", ...who);
    expect(readdirSync(shop)).toContain(".mcp.json");
    const plan = await answer("prism", "uninstall", "--dry-run");
    expect(new Set(plan.taken.map(({ kind }: { kind: string }) => kind))).toEqual(
      new Set(["process", "surface", "file"]),
    );
    const { data } = await answer(prism, "uninstall");
    expect(await Promise.all(ends)).toEqual([0, 0]);
    expect(data).toBe(home);
    expect(readdirSync(shop)).toEqual([]);
    expect(files().filter((path) => !path.startsWith(home))).toEqual([]);
    expect(statSync(join(home, "token")).mode & 0o777).toBe(0o600);
    expect((await answer(EXECUTABLE, "uninstall")).taken).toEqual([]);
  });

  test("--purge takes the data too", async () => {
    await answer(EXECUTABLE, "install");
    await answer("prism", "uninstall", "--purge");
    expect(files()).toEqual([]);
    expect(existsSync(home)).toBe(false);
  });
});
