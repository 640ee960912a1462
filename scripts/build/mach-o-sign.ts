/**
 * Gives a macOS executable an ad-hoc signature: the hash of every page, and nobody's name. Apple's processors
 * run nothing without one, and what Node's makers signed no longer fits once the bundle is inside.
 *
 * By hand, because neither `codesign` nor a free signer can be had on Linux from npm or Debian. It is what a
 * linker writes: no entitlements, no hardened runtime, no notarisation.
 */
import { createHash } from "node:crypto";
import {
  LC_CODE_SIGNATURE,
  layoutOf,
  resizeSegment,
  type Segment,
  SIGNATURE_COMMAND_BYTES,
  withoutSignature,
} from "./mach-o.ts";

const SUPER_BLOB = 0xfade0cc0;
const SUPER_BLOB_BYTES = 20;
const CODE_DIRECTORY = 0xfade0c02;
const CODE_DIRECTORY_BYTES = 88;
/** The version that first tells the executable segment, which the kernel asks for. */
const CODE_DIRECTORY_VERSION = 0x20400;
const FLAGS = { adhoc: 0x2, linkerSigned: 0x20000 } as const;
const HASH = { sha256: 2, bytes: 32 } as const;
const PAGE_BITS = 12;
const PAGE_BYTES = 1 << PAGE_BITS;
const MAIN_EXECUTABLE = 1n;
/**
 * @param file as the injection left it: its old signature gone, or the last thing in it
 * @param identifier what the signature calls the program, ASCII
 * @returns the file with its signature at the end
 * @throws Error when this is no 64-bit Mach-O, or has no room for the signature's load command
 * Source: Apple's `cs_blobs.h` and `mach-o/loader.h`.
 */
export function signMachO(file: Buffer, identifier: string): Buffer {
  const bare = withoutSignature(file);
  const { text, linkEdit, commandsEnd, contentAt } = layoutOf(bare);
  if (commandsEnd + SIGNATURE_COMMAND_BYTES > contentAt) {
    throw new Error("the Mach-O file has no room for the load command of a signature");
  }
  const codeBytes = alignUp(bare.length, 16);
  const size = sizeOf(identifier, codeBytes);
  const signed = Buffer.alloc(codeBytes + size);
  bare.copy(signed);
  signed.writeUInt32LE(bare.readUInt32LE(16) + 1, 16);
  signed.writeUInt32LE(bare.readUInt32LE(20) + SIGNATURE_COMMAND_BYTES, 20);
  const command = [LC_CODE_SIGNATURE, SIGNATURE_COMMAND_BYTES, codeBytes, size];
  command.forEach((value, index) => {
    signed.writeUInt32LE(value, commandsEnd + index * 4);
  });
  resizeSegment(signed, linkEdit, signed.length);
  // Last, since the first page holds the load commands that were just written.
  writeSignature(signed, { at: codeBytes, identifier, text });
  return signed;
}

function sizeOf(identifier: string, codeBytes: number): number {
  const hashes = Math.ceil(codeBytes / PAGE_BYTES) * HASH.bytes;
  return alignUp(SUPER_BLOB_BYTES + CODE_DIRECTORY_BYTES + identifier.length + 1 + hashes, 16);
}

interface Place {
  /** Where the signature begins: what lies before is what it covers. */
  readonly at: number;
  readonly identifier: string;
  readonly text: Segment;
}

/** All of its numbers are big-endian, on every processor. */
function writeSignature(file: Buffer, { at, identifier, text }: Place): void {
  const pages = Math.ceil(at / PAGE_BYTES);
  const hashesAt = CODE_DIRECTORY_BYTES + identifier.length + 1;
  const directoryBytes = hashesAt + pages * HASH.bytes;
  const words = (start: number, values: readonly number[]): void => {
    values.forEach((value, index) => {
      file.writeUInt32BE(value, start + index * 4);
    });
  };
  words(at, [SUPER_BLOB, SUPER_BLOB_BYTES + directoryBytes, 1, 0, SUPER_BLOB_BYTES]);
  const directory = at + SUPER_BLOB_BYTES;
  words(directory, [
    CODE_DIRECTORY,
    directoryBytes,
    CODE_DIRECTORY_VERSION,
    FLAGS.adhoc | FLAGS.linkerSigned,
    hashesAt,
    CODE_DIRECTORY_BYTES,
    0,
    pages,
    at,
  ]);
  file.set([HASH.bytes, HASH.sha256, 0, PAGE_BITS], directory + 36);
  file.writeBigUInt64BE(BigInt(text.fileOffset), directory + 64);
  file.writeBigUInt64BE(BigInt(text.fileBytes), directory + 72);
  file.writeBigUInt64BE(MAIN_EXECUTABLE, directory + 80);
  file.write(identifier, directory + CODE_DIRECTORY_BYTES, "latin1");
  for (let page = 0; page < pages; page++) {
    const content = file.subarray(page * PAGE_BYTES, Math.min((page + 1) * PAGE_BYTES, at));
    createHash("sha256")
      .update(content)
      .digest()
      .copy(file, directory + hashesAt + page * HASH.bytes);
  }
}

function alignUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
