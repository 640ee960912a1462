/** Installing and removing on real files, cut short after each step and done again. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { currentVersion, versionOf } from "../../../../src/cli/install/pieces.ts";
import { isOfSystem, placesOf } from "../../../../src/cli/install/places.ts";
import { removalOf } from "../../../../src/cli/install/removal.ts";
import type { Services } from "../../../../src/cli/install/services.ts";
import { mustBeFree, programPieces, textPieces } from "../../../../src/cli/install/whole.ts";
import { putPieces } from "../../../../src/cli/install.ts";
import { removeAll } from "../../../../src/cli/uninstall.ts";
import { VERB_GROUPS } from "../../../../src/cli/verbs.ts";
import { sha256Of } from "../../../../src/host/whole-file.ts";
import { fakeRuntime } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";

class Crash extends Error {}

async function place() {
  const userDir = tempDir();
  const places = placesOf({ platform: "linux", userDir, env: {} });
  const from = join(userDir, "download");
  writeFileSync(from, "the program, version 1");
  const piecesOf = async (file: string, version: string) => [
    ...programPieces(places, versionOf(places, version, sha256Of(file)), file),
    ...(await textPieces(places, VERB_GROUPS, version)),
  ];
  return { userDir, places, from, piecesOf, pieces: await piecesOf(from, "1.0.0") };
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const NO_SERVICES: Services = {
  list: [],
  silence: null,
  isRunning: async () => false,
  async restart() {},
  async remove() {},
};

describe("install", () => {
  it("puts all in its place, and has nothing to do the second time", async () => {
    const { places, pieces, userDir } = await place();
    expect(new Set(putPieces(pieces).map(({ change }) => change))).toEqual(new Set(["created"]));
    expect(readFileSync(places.program, "utf8")).toBe("the program, version 1");
    expect(readlinkSync(places.daemon)).toBe(readlinkSync(places.program));
    const files = filesIn(userDir);
    expect(new Set(putPieces(pieces).map(({ change }) => change))).toEqual(new Set(["unchanged"]));
    expect(filesIn(userDir)).toEqual(files);
  });

  it("cut short after any piece, is finished by the same command", async () => {
    const whole = await place();
    putPieces(whole.pieces);
    const wanted = filesIn(whole.userDir).map((path) => path.slice(whole.userDir.length));
    for (let cut = 0; cut < whole.pieces.length; cut++) {
      const { userDir, pieces } = await place();
      let left = cut;
      const crash = (): void => {
        if (left-- === 0) throw new Crash();
      };
      expect(() => putPieces(pieces, crash)).toThrow(Crash);
      putPieces(pieces);
      expect(filesIn(userDir).map((path) => path.slice(userDir.length))).toEqual(wanted);
    }
  });

  it("takes up what a writer that died has left half done", async () => {
    const { places, pieces } = await place();
    mkdirSync(places.versionsDir, { recursive: true });
    const [version] = pieces;
    const half = join(places.versionsDir, `.${version?.path.split("/").at(-1)}.999999999-1.new`);
    writeFileSync(half, "the prog");
    writeFileSync(version?.path ?? "", "the prog");
    putPieces(pieces);
    expect(existsSync(half)).toBe(false);
    expect(readFileSync(places.program, "utf8")).toBe("the program, version 1");
  });

  it("replaces an older version, link and all", async () => {
    const { places, pieces, piecesOf, userDir } = await place();
    putPieces(pieces);
    const next = join(userDir, "next");
    writeFileSync(next, "the program, version 2");
    const changes = putPieces(await piecesOf(next, "2.0.0")).map(({ change }) => change);
    expect(changes.slice(0, 3)).toEqual(["created", "changed", "changed"]);
    expect(new Set(changes.slice(3))).toEqual(new Set(["changed"]));
    expect(readFileSync(places.program, "utf8")).toBe("the program, version 2");
    expect(currentVersion(places)).toMatch(/prism-2\.0\.0-[0-9a-f]{16}$/);
  });

  it("refuses a place that another program has, and leaves another's completions", async () => {
    const { places, pieces } = await place();
    mkdirSync(places.binDir, { recursive: true });
    symlinkSync("/usr/bin/true", places.program);
    expect(() => mustBeFree(pieces)).toThrow(`another program stands at ${places.program}`);
    const theirs = places.completions[0]?.path ?? "";
    mkdirSync(dirname(theirs), { recursive: true });
    writeFileSync(theirs, "complete -W something prism\n");
    const reports = putPieces(pieces);
    expect(reports.filter(({ change }) => change === "left").map(({ path }) => path)).toEqual([
      places.program,
      theirs,
    ]);
    expect(readFileSync(theirs, "utf8")).toBe("complete -W something prism\n");
  });
});

describe("uninstall", () => {
  async function installed() {
    const here = await place();
    putPieces(here.pieces);
    const runtime = fakeRuntime({ env: { HOME: here.userDir, PRISM_HOME: join(here.userDir, ".prism") } });
    const { home } = runtime;
    for (const dir of [home.root, home.stateDir, home.hubDataDir]) mkdirSync(dir, { recursive: true });
    writeFileSync(home.tokenPath, "t");
    writeFileSync(join(home.root, "mine.txt"), "not Prism's");
    const removal = (purge: boolean) =>
      removalOf(here.places, { services: NO_SERVICES, groups: VERB_GROUPS, purge, runtime });
    return { ...here, home, removal };
  }

  it("leaves the data, and nothing else", async () => {
    const { userDir, from, home, removal } = await installed();
    await removeAll((await removal(false)).steps);
    expect(filesIn(userDir)).toEqual([join(home.root, "mine.txt"), home.tokenPath, from].sort());
    expect((await removal(false)).steps).toEqual([]);
  });

  it("purged takes the data by name, and no more", async () => {
    const { userDir, from, home, removal } = await installed();
    await removeAll((await removal(true)).steps);
    expect(filesIn(userDir)).toEqual([join(home.root, "mine.txt"), from].sort());
    expect(readdirSync(home.root)).toEqual(["mine.txt"]);
  });

  it("cut short after any step, is finished by the same command", async () => {
    const count = (await (await installed()).removal(true)).steps.length;
    expect(count).toBeGreaterThan(9);
    for (let cut = 0; cut < count; cut++) {
      const { userDir, from, home, removal } = await installed();
      let left = cut;
      const did = (): void => {
        if (left-- === 0) throw new Crash();
      };
      await expect(removeAll((await removal(true)).steps, { did })).rejects.toThrow(Crash);
      await removeAll((await removal(true)).steps);
      expect(filesIn(userDir)).toEqual([join(home.root, "mine.txt"), from].sort());
    }
  });

  it("keeps the program until all else is gone, so that it can be run again", async () => {
    const { removal, places } = await installed();
    const order = (await removal(true)).steps.map(({ what }) => what);
    const version = currentVersion(places) ?? "";
    expect(order.slice(-4)).toEqual([places.daemon, places.program, version, places.versionsDir]);
  });
});

describe("places", () => {
  it.each([
    ["linux", { XDG_DATA_HOME: "/data" }, "/home/ann/.local/bin/prism", "/data/prism/versions"],
    [
      "linux",
      { XDG_DATA_HOME: "data" },
      "/home/ann/.local/bin/prism",
      "/home/ann/.local/share/prism/versions",
    ],
    ["darwin", {}, "/home/ann/.local/bin/prism", "/home/ann/Library/Application Support/Prism/versions"],
  ] as const)("on %s with %j", (platform, env, program, versionsDir) => {
    expect(placesOf({ platform, env, userDir: "/home/ann" })).toMatchObject({ program, versionsDir });
  });

  it("on Windows are all in one folder", () => {
    const env = { LOCALAPPDATA: "D:\\Local" };
    expect(placesOf({ platform: "win32", env, userDir: "C:\\Users\\ann" })).toEqual({
      versionsDir: "D:\\Local\\Programs\\Prism\\versions",
      binDir: "D:\\Local\\Programs\\Prism",
      program: "D:\\Local\\Programs\\Prism\\prism.exe",
      daemon: "D:\\Local\\Programs\\Prism\\prism-daemon.exe",
      completions: [{ shell: "powershell", path: "D:\\Local\\Programs\\Prism\\prism-completions.ps1" }],
      manual: null,
    });
  });

  it("know a package's program from a user's", () => {
    expect(
      ["/usr/bin/prism", "/opt/prism/prism", "/usr/local/bin/prism", "/home/a/prism"].map(isOfSystem),
    ).toEqual([true, true, false, false]);
  });
});
