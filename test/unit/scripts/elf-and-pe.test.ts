/** Linux files without symbols, Windows files without a signature that no longer fits, runtimes made deaf. */
import { describe, expect, test } from "vitest";
import { deafTo } from "../../../scripts/build/deaf-to.ts";
import { stripElf } from "../../../scripts/build/elf-strip.ts";
import { unsignPe } from "../../../scripts/build/pe-unsign.ts";
import { smallElf, smallPe } from "../../support/small-executables.ts";

const TEXT = { name: ".text", isLoaded: true, content: "code that runs" };
const SYMBOLS = { name: ".symtab", isLoaded: false, content: "names that only a debugger reads" };

describe("an ELF file", () => {
  test("keeps what is loaded, with its name, and loses the rest", () => {
    const file = smallElf([TEXT, SYMBOLS]);
    const stripped = stripElf(file);
    expect(sectionsOf(stripped)).toEqual([
      { name: "", content: "" },
      { name: ".text", content: "code that runs" },
      { name: ".shstrtab", content: "\0.text\0.symtab\0.shstrtab\0" },
    ]);
    expect(stripped.includes(SYMBOLS.content)).toBe(false);
    expect(file.equals(smallElf([TEXT, SYMBOLS]))).toBe(true);
  });

  test("is the same when it is stripped again", () => {
    const once = stripElf(smallElf([TEXT, SYMBOLS]));
    expect(stripElf(once).equals(once)).toBe(true);
  });

  test("is refused when something loaded lies behind what is not, or it is none", () => {
    expect(() => stripElf(smallElf([SYMBOLS, TEXT]))).toThrow("not the first ones");
    expect(() => stripElf(Buffer.alloc(64))).toThrow("not a 64-bit little-endian ELF");
  });
});

describe("a Windows file", () => {
  test("loses its certificates, what points at them, and the checksum", () => {
    const bare = unsignPe(smallPe("signed by somebody"));
    const unsigned = smallPe("");
    unsigned.writeUInt32LE(0, 0x40 + 24 + 64);
    expect(bare.equals(unsigned)).toBe(true);
  });

  test("without certificates stays as it is", () => {
    const file = smallPe("");
    expect(unsignPe(file)).toBe(file);
  });

  test("is refused when something lies behind them, or it is none", () => {
    const longer = Buffer.concat([smallPe("signed"), Buffer.from("more")]);
    expect(() => unsignPe(longer)).toThrow("not its last bytes");
    expect(() => unsignPe(Buffer.alloc(0x200))).toThrow("not a 64-bit Windows executable");
  });
});

describe("a runtime made deaf to variables", () => {
  const asked = "some text\0A_NAME\0A_NAME_LONGER\0";
  const ofJavaScript = "xxxx\x06\0\0\0A_NAME\0";

  test("asks for no name instead, and keeps all else", () => {
    const deaf = deafTo(["A_NAME"], Buffer.from(ofJavaScript + asked));
    expect(deaf.toString("latin1")).toBe(`${ofJavaScript}some text\0\0_NAME\0A_NAME_LONGER\0`);
  });

  test("is made so to each of several, and a longer name that begins alike is another", () => {
    const deaf = deafTo(["A_NAME", "A_NAME_LONGER"], Buffer.from(asked));
    expect(deaf.toString("latin1")).toBe("some text\0\0_NAME\0\0_NAME_LONGER\0");
  });

  test("is refused when it asks nowhere or twice", () => {
    expect(() => deafTo(["A_NAME"], Buffer.from(ofJavaScript))).toThrow("in 0 places");
    expect(() => deafTo(["A_NAME"], Buffer.from(asked + asked))).toThrow("in 2 places");
  });
});

function sectionsOf(file: Buffer): { name: string; content: string }[] {
  const table = Number(file.readBigUInt64LE(40));
  const rows = Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const row = file.subarray(table + index * 64, table + index * 64 + 64);
    const at = Number(row.readBigUInt64LE(24));
    return {
      nameAt: row.readUInt32LE(0),
      content: file.toString("latin1", at, at + Number(row.readBigUInt64LE(32))),
    };
  });
  const names = rows[file.readUInt16LE(62)]?.content ?? "";
  return rows.map(({ nameAt, content }) => ({
    name: names.slice(nameAt, names.indexOf("\0", nameAt)),
    content,
  }));
}
