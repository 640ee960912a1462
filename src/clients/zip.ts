/**
 * A zip archive of a few files, in memory. By hand, because Node brings all that is hard about it (deflate and
 * CRC-32, natively: a library of JavaScript takes four times as long for an executable) and what is left is two
 * tables. No zip64, no encryption, no reading.
 *
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (end).
 */
import { promisify } from "node:util";
import { crc32, deflateRaw } from "node:zlib";
import { PrismError } from "../domain/errors.ts";

export interface ZipEntry {
  /** Path in the archive, forward slashes. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

const VERSION_NEEDED = 20;
/** Upper byte 3: made on Unix, so that the attributes hold a mode. */
const VERSION_MADE_BY = (3 << 8) | VERSION_NEEDED;
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;
const REGULAR_FILE = 0o100000;
const BYTES_MAX = 0xffff_ffff;

interface Packed extends ZipEntry {
  readonly data: Uint8Array;
  readonly crc: number;
  readonly offset: number;
}

/**
 * @param atMs the time that every entry carries
 * @throws PrismError `too_large`
 */
export async function zipOf(entries: readonly ZipEntry[], atMs: number): Promise<Uint8Array> {
  const time = dosTime(atMs);
  const parts: Uint8Array[] = [];
  const packed: Packed[] = [];
  let offset = 0;
  for (const entry of entries) {
    const data = await promisify(deflateRaw)(entry.bytes);
    const row = { ...entry, data, crc: crc32(entry.bytes), offset };
    const header = localHeader(row, time);
    parts.push(header, data);
    packed.push(row);
    offset += header.length + data.length;
    if (offset > BYTES_MAX) throw new PrismError("too_large", "the bundle is longer than 4 GB");
  }
  const directory = packed.map((row) => centralHeader(row, time));
  const directoryBytes = directory.reduce((sum, row) => sum + row.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(packed.length, 8);
  end.writeUInt16LE(packed.length, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

function localHeader(row: Packed, time: number): Buffer {
  const name = Buffer.from(row.name);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x0403_4b50, 0);
  header.writeUInt16LE(VERSION_NEEDED, 4);
  writeFacts(header, row, { at: 6, time, nameBytes: name.length });
  return Buffer.concat([header, name]);
}

function centralHeader(row: Packed, time: number): Buffer {
  const name = Buffer.from(row.name);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x0201_4b50, 0);
  header.writeUInt16LE(VERSION_MADE_BY, 4);
  header.writeUInt16LE(VERSION_NEEDED, 6);
  writeFacts(header, row, { at: 8, time, nameBytes: name.length });
  header.writeUInt32LE(((REGULAR_FILE | row.mode) << 16) >>> 0, 38);
  header.writeUInt32LE(row.offset, 42);
  return Buffer.concat([header, name]);
}

/** What both headers hold in the same order, from the flags to the name's length. */
function writeFacts(
  header: Buffer,
  row: Packed,
  { at, time, nameBytes }: { readonly at: number; readonly time: number; readonly nameBytes: number },
): void {
  header.writeUInt16LE(UTF8_NAMES, at);
  header.writeUInt16LE(DEFLATED, at + 2);
  header.writeUInt32LE(time, at + 4);
  header.writeUInt32LE(row.crc, at + 8);
  header.writeUInt32LE(row.data.length, at + 12);
  header.writeUInt32LE(row.bytes.length, at + 16);
  header.writeUInt16LE(nameBytes, at + 20);
}

/** Date and time as MS-DOS had them, in this host's zone; two seconds are the finest step. */
function dosTime(atMs: number): number {
  const at = new Date(atMs);
  const date = ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
  return ((date << 16) | time) >>> 0;
}
