/** The Debian package: unpacked it holds a program that runs, with what belongs to it, and it is the same twice. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { EXECUTABLE, run, scratch } from "../support/prism-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const place = scratch();

afterAll(() => place.remove());

/** Without compression, which takes two minutes. */
function build(name: string): string {
  const out = place.folder(name);
  const words = [
    "scripts/pinned.mjs",
    "scripts/build-deb.ts",
    "--from",
    EXECUTABLE,
    "--out",
    out,
    "--compress",
    "none",
  ];
  execFileSync(process.execPath, words, { cwd: ROOT, encoding: "utf8" });
  const [file = ""] = readdirSync(out);
  expect(file).toMatch(/^prism_\d+\.\d+\.\d+.*_amd64\.deb$/);
  return join(out, file);
}

describe.skipIf(spawnSync("dpkg-deb", ["--version"]).status !== 0)("the package", () => {
  test("holds a program that runs under both names, manual, completions and papers", async () => {
    const deb = build("one");
    const root = place.folder("root");
    execFileSync("dpkg-deb", ["-x", deb, root]);
    expect(
      (await run(place.folder("home"), ["version"], { command: join(root, "usr/bin/prism") })).status,
    ).toBe(0);
    expect(readlinkSync(join(root, "usr/bin/prism-daemon"))).toBe("prism");
    expect(statSync(join(root, "usr/bin/prism")).mode & 0o777).toBe(0o755);
    const manual = gunzipSync(readFileSync(join(root, "usr/share/man/man1/prism.1.gz"))).toString("utf8");
    expect(manual).toContain(".TH PRISM 1");
    for (const path of [
      "bash-completion/completions/prism",
      "zsh/vendor-completions/_prism",
      "fish/vendor_completions.d/prism.fish",
      "doc/prism/copyright",
      "doc/prism/THIRD-PARTY-LICENSES.txt.gz",
      "doc/prism/changelog.gz",
    ])
      expect(existsSync(join(root, "usr/share", path)), path).toBe(true);
    const field = (name: string): string =>
      execFileSync("dpkg-deb", ["-f", deb, name], { encoding: "utf8" }).trim();
    expect(field("Architecture")).toBe("amd64");
    expect(field("Depends")).toContain("libc6 (>= 2.28)");
    // Nothing to tell where nothing runs: at a first installation, and at a removal.
    execFileSync("dpkg-deb", ["-e", deb, join(root, "DEBIAN")]);
    for (const [script, ...words] of [
      ["postinst", "configure", ""],
      ["postinst", "configure", "0.0.1"],
      ["prerm", "upgrade", "9"],
    ] as const)
      expect(execFileSync(join(root, "DEBIAN", script), words, { encoding: "utf8" })).toBe("");
    expect(readFileSync(build("two")).equals(readFileSync(deb))).toBe(true);
  });
});
