/**
 * Where things lie in a 64-bit Mach-O file, as far as stripping and signing must know. What macOS maps is in
 * segments; the last one, __LINKEDIT, holds what the loader reads: fixups, symbols, the signature.
 */

const MAGIC_64 = 0xfeedfacf;
const HEADER_BYTES = 32;
const LC_SEGMENT_64 = 0x19;
const LC_SYMTAB = 0x2;
const LC_DYSYMTAB = 0xb;
export const LC_CODE_SIGNATURE = 0x1d;
export const SIGNATURE_COMMAND_BYTES = 16;
const SEGMENT_COMMAND_BYTES = 72;
const SECTION_BYTES = 80;
/** Apple's processors map 16 KiB at a time; Intel's are served by it as well. */
const SEGMENT_ALIGNMENT = 0x4000;

export interface Segment {
  /** Where its load command stands. */
  readonly at: number;
  readonly fileOffset: number;
  readonly fileBytes: number;
}

export interface Layout {
  readonly text: Segment;
  readonly linkEdit: Segment;
  /** Behind the last load command. */
  readonly commandsEnd: number;
  /** Where the content of the first section begins: load commands may grow up to here. */
  readonly contentAt: number;
  /** Where these load commands stand. */
  readonly symbols: number | undefined;
  readonly dynamicSymbols: number | undefined;
  readonly signature:
    | { readonly at: number; readonly dataAt: number; readonly dataBytes: number }
    | undefined;
}

/**
 * @throws Error when this is no 64-bit Mach-O with code and __LINKEDIT
 * Source: Apple's `mach-o/loader.h`.
 */
export function layoutOf(file: Buffer): Layout {
  if (file.readUInt32LE(0) !== MAGIC_64) throw new Error("not a 64-bit Mach-O file");
  const segments = new Map<string, Segment>();
  const standing = new Map<number, number>();
  let contentAt = file.length;
  let at = HEADER_BYTES;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const command = file.readUInt32LE(at);
    standing.set(command, at);
    if (command === LC_SEGMENT_64) {
      const name = file.toString("latin1", at + 8, at + 24).replace(/\0.*$/s, "");
      const fileOffset = Number(file.readBigUInt64LE(at + 40));
      segments.set(name, { at, fileOffset, fileBytes: Number(file.readBigUInt64LE(at + 48)) });
      contentAt = Math.min(contentAt, ...sectionOffsets(file, at));
    }
    at += file.readUInt32LE(at + 4);
  }
  const text = segments.get("__TEXT");
  const linkEdit = segments.get("__LINKEDIT");
  if (text === undefined || linkEdit === undefined) {
    throw new Error("the Mach-O file has no __TEXT or no __LINKEDIT");
  }
  const signed = standing.get(LC_CODE_SIGNATURE);
  return {
    text,
    linkEdit,
    commandsEnd: at,
    contentAt,
    symbols: standing.get(LC_SYMTAB),
    dynamicSymbols: standing.get(LC_DYSYMTAB),
    signature:
      signed === undefined
        ? undefined
        : {
            at: signed,
            dataAt: file.readUInt32LE(signed + 8),
            dataBytes: file.readUInt32LE(signed + 12),
          },
  };
}

/** Zero is the offset of a section that has no content in the file. */
function sectionOffsets(file: Buffer, segmentAt: number): number[] {
  const count = file.readUInt32LE(segmentAt + 64);
  return Array.from({ length: count }, (_, index) =>
    file.readUInt32LE(segmentAt + SEGMENT_COMMAND_BYTES + index * SECTION_BYTES + 48),
  ).filter((offset) => offset > 0);
}

/** Says in the load command of the last segment that it now reaches to the end of the file. */
export function resizeSegment(file: Buffer, { at, fileOffset }: Segment, end: number): void {
  const bytes = end - fileOffset;
  file.writeBigUInt64LE(BigInt(Math.ceil(bytes / SEGMENT_ALIGNMENT) * SEGMENT_ALIGNMENT), at + 32);
  file.writeBigUInt64LE(BigInt(bytes), at + 48);
}

/**
 * @returns the file without its signature; the same bytes when it has none
 * @throws Error when something lies behind the signature, in the file or among the load commands
 */
export function withoutSignature(file: Buffer): Buffer {
  const { linkEdit, commandsEnd, signature } = layoutOf(file);
  if (linkEdit.fileOffset + linkEdit.fileBytes !== file.length) {
    throw new Error("the Mach-O file's __LINKEDIT is not its last content");
  }
  if (signature === undefined) return file;
  if (
    signature.dataAt + signature.dataBytes !== file.length ||
    signature.at + SIGNATURE_COMMAND_BYTES !== commandsEnd
  ) {
    throw new Error("the Mach-O file's signature is not its last content and its last load command");
  }
  const bare = Buffer.from(file.subarray(0, signature.dataAt));
  bare.writeUInt32LE(file.readUInt32LE(16) - 1, 16);
  bare.writeUInt32LE(file.readUInt32LE(20) - SIGNATURE_COMMAND_BYTES, 20);
  bare.fill(0, signature.at, commandsEnd);
  resizeSegment(bare, linkEdit, bare.length);
  return bare;
}
