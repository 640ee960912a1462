/**
 * Takes from an ELF executable what only a debugger reads: its symbols and debugging sections, 14 to 22 MB of
 * a Node for Linux. Knows the 64-bit little-endian form alone, and no target.
 *
 * By hand, because `strip` reads foreign processors only with more packages, leaves other bytes from release to
 * release, and these sections lie at the end of the file: dropping them is a cut and a shorter table.
 */

const HEADER = { magic: 0x7f454c46, class64: 2, little: 1, bytes: 64 } as const;
const SECTION_BYTES = 64;
const SHF_ALLOC = 2n;
const SHT_NOBITS = 8;

interface Section {
  /** Its row of the table, as it stands. */
  readonly row: Buffer;
  readonly isLoaded: boolean;
  /** Where its content ends in the file. */
  readonly end: number;
}

/**
 * @returns the same program without what is not loaded into memory; the input is not changed
 * @throws Error when this is no such file, or when what is loaded does not lie before the rest
 * Source: ELF-64 Object File Format 1.5, "Sections".
 */
export function stripElf(file: Buffer): Buffer {
  if (file.readUInt32BE(0) !== HEADER.magic || file[4] !== HEADER.class64 || file[5] !== HEADER.little) {
    throw new Error("not a 64-bit little-endian ELF file");
  }
  const sections = sectionsOf(file);
  const namesIndex = file.readUInt16LE(62);
  const kept = sections.filter(({ isLoaded }, index) => isLoaded || index === 0);
  if (sections.slice(0, kept.length).some((section, index) => section !== kept[index])) {
    throw new Error("the ELF file's loaded sections are not the first ones");
  }
  const names = sections[namesIndex];
  if (names === undefined || names.isLoaded) throw new Error("the ELF file has no table of section names");
  const namesAt = offsetOf(names.row);
  const namesBytes = file.subarray(namesAt, names.end);
  // Segments may reach beyond the last section: what the loader maps stays.
  const cutAt = Math.max(...kept.map(({ end }) => end), ...segmentEnds(file));
  const namesRow = Buffer.from(names.row);
  namesRow.writeBigUInt64LE(BigInt(cutAt), 24);
  const padding = Buffer.alloc(-(cutAt + namesBytes.length) & 7);
  const head = Buffer.from(file.subarray(0, cutAt));
  head.writeBigUInt64LE(BigInt(cutAt + namesBytes.length + padding.length), 40);
  head.writeUInt16LE(kept.length + 1, 60);
  head.writeUInt16LE(kept.length, 62);
  return Buffer.concat([head, namesBytes, padding, ...kept.map(({ row }) => row), namesRow]);
}

function sectionsOf(file: Buffer): Section[] {
  const at = Number(file.readBigUInt64LE(40));
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const row = file.subarray(at + index * SECTION_BYTES, at + (index + 1) * SECTION_BYTES);
    const size = row.readUInt32LE(4) === SHT_NOBITS ? 0 : Number(row.readBigUInt64LE(32));
    return { row, isLoaded: (row.readBigUInt64LE(8) & SHF_ALLOC) !== 0n, end: offsetOf(row) + size };
  });
}

function offsetOf(row: Buffer): number {
  return Number(row.readBigUInt64LE(24));
}

function segmentEnds(file: Buffer): number[] {
  const at = Number(file.readBigUInt64LE(32));
  const bytes = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const row = at + index * bytes;
    return Number(file.readBigUInt64LE(row + 8) + file.readBigUInt64LE(row + 32));
  });
}
