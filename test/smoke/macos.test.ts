/**
 * The two macOS files, which nothing here can run: their form, their signature page by page, and what was put in.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readMachO } from "../support/mach-o-reader.ts";
import { releasedFile } from "./released.ts";

const ADHOC_BY_LINKER = 0x20002;

describe.each(["x64", "arm64"])("macos-%s, by structure alone", (arch) => {
  const file = readFileSync(releasedFile(`prism-macos-${arch}`));
  const read = readMachO(file);

  test("is an executable of its processor, with its segments in order and no local symbols", () => {
    expect(read).toMatchObject({ arch, isExecutable: true, symbols: { local: 0 } });
    expect(read.symbols.all).toBeGreaterThan(10_000);
    expect(read.segments.map(({ name }) => name)).toEqual([
      "__PAGEZERO",
      "__TEXT",
      "__DATA_CONST",
      "__DATA",
      "NODE_SEA",
      "__LINKEDIT",
    ]);
  });

  test("asks for nothing but what every macOS from 13.5 on has", () => {
    expect(read.systemMin).toBe("13.5");
    expect(read.libraries.toSorted()).toEqual([
      "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation",
      "/System/Library/Frameworks/Security.framework/Versions/A/Security",
      "/usr/lib/libSystem.B.dylib",
      "/usr/lib/libc++.1.dylib",
    ]);
  });

  test("is signed ad hoc, and every page has the hash that the signature tells", () => {
    expect(read.signature).toMatchObject({ identifier: "prism", flags: ADHOC_BY_LINKER, wrongPages: [] });
  });

  test("carries the bundle with the baked flags, and Node is told to look for it", () => {
    const sea = read.segments.find(({ name }) => name === "NODE_SEA")?.sections ?? [];
    expect(sea.map(({ name }) => name)).toEqual(["__NODE_SEA_BLOB"]);
    const content = sea[0]?.content ?? Buffer.alloc(0);
    for (const text of ["--disable-sigusr1", "./main.js", "../loader.cjs"]) {
      expect(content.includes(text)).toBe(true);
    }
    expect(file.includes("NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1")).toBe(true);
  });
});
