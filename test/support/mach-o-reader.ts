/**
 * Reads a finished macOS executable and checks what macOS would check before it runs it, since no Mac is at hand:
 * its segments, and the signature's hash of every page. Written from Apple's headers alone and sharing nothing
 * with the code that strips and signs, so that one mistake is not made twice.
 */
import { createHash } from "node:crypto";

const CPU_TYPES: { readonly [type: number]: string } = { 16777223: "x64", 16777228: "arm64" };
const EXECUTE = 2;

export interface MachO {
  readonly arch: string;
  readonly isExecutable: boolean;
  /** The oldest macOS that takes it: `13.5`. */
  readonly systemMin: string;
  /** What the loader must find for it. */
  readonly libraries: readonly string[];
  readonly segments: readonly MachOSegment[];
  readonly symbols: { readonly all: number; readonly local: number };
  readonly signature: CodeDirectory;
}

export interface MachOSegment {
  readonly name: string;
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly address: number;
  readonly memoryBytes: number;
  readonly sections: readonly { readonly name: string; readonly content: Buffer }[];
}

interface CodeDirectory {
  readonly identifier: string;
  readonly flags: number;
  /** What the signature covers, from the file's beginning. */
  readonly codeBytes: number;
  readonly pages: number;
  /** Numbers of the pages whose hash is another one; `[]` for a file that macOS would take. */
  readonly wrongPages: readonly number[];
}

class Cursor {
  readonly #file: Buffer;
  #at: number;

  constructor(file: Buffer, at: number) {
    this.#file = file;
    this.#at = at;
  }

  u32(): number {
    this.#at += 4;
    return this.#file.readUInt32LE(this.#at - 4);
  }

  u64(): number {
    this.#at += 8;
    return Number(this.#file.readBigUInt64LE(this.#at - 8));
  }

  name(bytes: number): string {
    this.#at += bytes;
    return this.#file
      .subarray(this.#at - bytes, this.#at)
      .toString("latin1")
      .replaceAll("\0", "");
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }
}

/** @throws Error that names the first thing that macOS would not take */
export function readMachO(file: Buffer): MachO {
  const header = new Cursor(file, 0);
  if (header.u32() !== 0xfeedfacf) throw new Error("no 64-bit Mach-O");
  const arch = CPU_TYPES[header.u32()];
  if (arch === undefined) throw new Error("a processor that is not known");
  header.skip(4);
  const isExecutable = header.u32() === EXECUTE;
  const count = header.u32();
  const commandBytes = header.u32();

  const segments: MachOSegment[] = [];
  const libraries: string[] = [];
  let systemMin = "";
  const symbols = { all: 0, local: 0 };
  let signed: { at: number; bytes: number } | undefined;
  let at = 32;
  for (let index = 0; index < count; index++) {
    const command = new Cursor(file, at);
    const type = command.u32();
    const bytes = command.u32();
    if (type === 0x19) segments.push(segmentAt(file, command));
    if (type === 0xc || type === 0x80000018) {
      const nameAt = command.u32();
      libraries.push(file.toString("latin1", at + nameAt, at + bytes).replace(/\0.*$/s, ""));
    }
    if (type === 0x32) {
      command.skip(4);
      const version = command.u32();
      systemMin = `${version >>> 16}.${(version >>> 8) & 0xff}`;
    }
    if (type === 0x2) {
      command.skip(4);
      symbols.all = command.u32();
    }
    if (type === 0xb) {
      command.skip(4);
      symbols.local = command.u32();
    }
    if (type === 0x1d) signed = { at: command.u32(), bytes: command.u32() };
    at += bytes;
  }
  if (at !== 32 + commandBytes)
    throw new Error("the load commands do not have the size that the header says");
  const firstContent = segments
    .flatMap(({ sections }) => sections)
    .map(({ content }) => content.byteOffset - file.byteOffset);
  if (Math.min(...firstContent) < at) throw new Error("the load commands reach into the first section");
  expectInOrder(file, segments);
  if (signed === undefined) throw new Error("no signature");
  if (signed.at + signed.bytes !== file.length) throw new Error("the signature does not end the file");
  const signature = codeDirectory(file, signed.at);
  return { arch, isExecutable, systemMin, libraries, segments, symbols, signature };
}

function segmentAt(file: Buffer, command: Cursor): MachOSegment {
  const name = command.name(16);
  const address = command.u64();
  const memoryBytes = command.u64();
  const fileOffset = command.u64();
  const fileBytes = command.u64();
  command.skip(8);
  const count = command.u32();
  command.skip(4);
  const sections = Array.from({ length: count }, () => {
    const section = command.name(16);
    command.skip(24);
    const bytes = command.u64();
    const offset = command.u32();
    command.skip(28);
    return { name: section, content: file.subarray(offset, offset + bytes), offset };
  }).filter(({ offset }) => offset > 0);
  return { name, address, memoryBytes, fileOffset, fileBytes, sections };
}

/** Each mapped part on pages of its own, none over another, and the last one to the end of the file. */
function expectInOrder(file: Buffer, segments: readonly MachOSegment[]): void {
  let fileEnd = 0;
  let memoryEnd = 0;
  for (const segment of segments) {
    const { name, fileOffset, fileBytes, address, memoryBytes } = segment;
    if (address < memoryEnd) throw new Error(`segment ${name} lies over the one before it in memory`);
    memoryEnd = address + memoryBytes;
    if (fileBytes === 0) continue;
    if (fileOffset < fileEnd) throw new Error(`segment ${name} lies over the one before it in the file`);
    if (fileOffset % 4096 !== 0) throw new Error(`segment ${name} does not begin a page`);
    if (fileBytes > memoryBytes) throw new Error(`segment ${name} is larger in the file than in memory`);
    fileEnd = fileOffset + fileBytes;
  }
  if (segments.at(-1)?.name !== "__LINKEDIT") throw new Error("__LINKEDIT is not the last segment");
  if (fileEnd !== file.length) throw new Error("the segments do not reach to the end of the file");
}

function codeDirectory(file: Buffer, at: number): CodeDirectory {
  const big = (offset: number): number => file.readUInt32BE(at + offset);
  if (big(0) !== 0xfade0cc0) throw new Error("the signature is no super blob");
  if (big(4) > file.length - at) throw new Error("the signature is cut");
  if (big(8) !== 1 || big(12) !== 0) throw new Error("the signature does not hold one code directory");
  const start = at + big(16);
  const word = (offset: number): number => file.readUInt32BE(start + offset);
  if (word(0) !== 0xfade0c02) throw new Error("the code directory has another magic number");
  const hashesAt = start + word(16);
  const identifierAt = start + word(20);
  const pages = word(28);
  const codeBytes = word(32);
  const [hashBytes, hashKind, , pageBits] = file.subarray(start + 36, start + 40);
  if (hashBytes !== 32 || hashKind !== 2 || pageBits !== 12) throw new Error("not SHA-256 of 4 KiB pages");
  if (codeBytes !== at) throw new Error("the signature does not cover all that lies before it");
  if (pages !== Math.ceil(codeBytes / 4096)) throw new Error("the signature has not one hash a page");
  const wrongPages: number[] = [];
  for (let page = 0; page < pages; page++) {
    const hash = createHash("sha256");
    hash.update(file.subarray(page * 4096, Math.min(codeBytes, page * 4096 + 4096)));
    const told = file.subarray(hashesAt + page * 32, hashesAt + page * 32 + 32);
    if (!hash.digest().equals(told)) wrongPages.push(page);
  }
  const identifier = file.toString("latin1", identifierAt, file.indexOf(0, identifierAt));
  return { identifier, flags: word(12), codeBytes, pages, wrongPages };
}
