/** macOS files stripped and signed, seen by a reader that shares nothing with the code under test. */
import { describe, expect, test } from "vitest";
import { signMachO } from "../../../scripts/build/mach-o-sign.ts";
import { stripMachO } from "../../../scripts/build/mach-o-strip.ts";
import { readMachO } from "../../support/mach-o-reader.ts";
import { smallMachO } from "../../support/small-executables.ts";

describe("signing", () => {
  test("covers every page with its hash, ad hoc, under a name", () => {
    const { signature, arch, isExecutable } = readMachO(signMachO(smallMachO(), "prism"));
    expect(signature).toMatchObject({ identifier: "prism", flags: 0x20002, pages: 5, wrongPages: [] });
    expect({ arch, isExecutable }).toEqual({ arch: "arm64", isExecutable: true });
  });

  test("a byte changed afterwards shows in its page, load commands included", () => {
    const signed = signMachO(smallMachO(), "prism");
    const FLAGS_OF_HEADER = 24;
    for (const [at, page] of [
      [FLAGS_OF_HEADER, 0],
      [0x2345, 2],
      [0x4003, 4],
    ] as const) {
      const changed = Buffer.from(signed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(readMachO(changed).signature.wrongPages).toEqual([page]);
    }
  });

  test("replaces a signature that is there: twice gives the same as once", () => {
    const once = signMachO(smallMachO(), "prism");
    expect(signMachO(once, "prism").equals(once)).toBe(true);
    expect(readMachO(signMachO(once, "another")).signature).toMatchObject({
      identifier: "another",
      wrongPages: [],
    });
  });

  test("refuses a file without room for the load command, and one that is no Mach-O", () => {
    expect(() => signMachO(smallMachO({ room: 8 }), "prism")).toThrow("no room");
    expect(() => signMachO(Buffer.alloc(64), "prism")).toThrow("not a 64-bit Mach-O");
  });

  test("refuses a file with something behind its last segment", () => {
    const longer = Buffer.concat([smallMachO(), Buffer.from("more")]);
    expect(() => signMachO(longer, "prism")).toThrow("__LINKEDIT is not its last content");
  });
});

describe("stripping", () => {
  test("drops the local symbols and their names, and keeps what is looked up by name", () => {
    const stripped = stripMachO(smallMachO());
    expect(stripped.includes("_local")).toBe(false);
    const read = readMachO(signMachO(stripped, "prism"));
    expect(read.symbols).toEqual({ all: 3, local: 0 });
    expect(namesOf(stripped)).toEqual(["_main", "_napi_open", "_malloc"]);
  });

  test("an import still names its symbol, and one that names none still does not", () => {
    const stripped = stripMachO(smallMachO());
    const at = stripped.readUInt32LE(commandAt(stripped, 0xb) + 56);
    expect([stripped.readUInt32LE(at), stripped.readUInt32LE(at + 4)]).toEqual([2, 0x80000000]);
  });

  test("takes off a signature, and changes nothing the second time", () => {
    const stripped = stripMachO(smallMachO());
    expect(stripMachO(signMachO(stripped, "prism")).length).toBeLessThan(signMachO(stripped, "prism").length);
    expect(stripMachO(stripped).equals(stripped)).toBe(true);
  });

  test("does not change its input", () => {
    const file = smallMachO();
    stripMachO(file);
    signMachO(file, "prism");
    expect(file.equals(smallMachO())).toBe(true);
  });
});

function commandAt(file: Buffer, type: number): number {
  let at = 32;
  while (file.readUInt32LE(at) !== type) at += file.readUInt32LE(at + 4);
  return at;
}

function namesOf(file: Buffer): string[] {
  const command = commandAt(file, 0x2);
  const [symbolsAt = 0, count = 0, namesAt = 0] = [8, 12, 16].map((offset) =>
    file.readUInt32LE(command + offset),
  );
  return Array.from({ length: count }, (_, index) => {
    const at = namesAt + file.readUInt32LE(symbolsAt + index * 16);
    return file.toString("latin1", at, file.indexOf(0, at));
  });
}
