/**
 * Takes the publisher's signature from a Windows executable that is about to be changed: it would no longer fit,
 * and Windows and virus scanners hold a broken signature against a file more than none.
 */

const PE_OFFSET_AT = 0x3c;
const SIGNATURE = 0x4550;
const OPTIONAL_AT = 24;
const PE32_PLUS = 0x20b;
const CHECKSUM_AT = 64;
/** The fifth data directory; its address is an offset in the file, as in no other one. */
const CERTIFICATES_AT = 112 + 4 * 8;

/**
 * @returns the file without its certificate table; the same bytes when it has none
 * @throws Error when this is no 64-bit Windows executable, or when something lies behind the table
 * Source: Microsoft, PE Format, "The Attribute Certificate Table".
 */
export function unsignPe(file: Buffer): Buffer {
  const at = file.readUInt32LE(PE_OFFSET_AT);
  const optional = at + OPTIONAL_AT;
  if (file.readUInt32LE(at) !== SIGNATURE || file.readUInt16LE(optional) !== PE32_PLUS) {
    throw new Error("not a 64-bit Windows executable");
  }
  const tableAt = file.readUInt32LE(optional + CERTIFICATES_AT);
  const tableBytes = file.readUInt32LE(optional + CERTIFICATES_AT + 4);
  if (tableAt === 0) return file;
  if (tableAt + tableBytes !== file.length) {
    throw new Error("the Windows executable's certificates are not its last bytes");
  }
  const bare = Buffer.from(file.subarray(0, tableAt));
  bare.writeBigUInt64LE(0n, optional + CERTIFICATES_AT);
  // Windows checks it for drivers alone, and zero means that there is none.
  bare.writeUInt32LE(0, optional + CHECKSUM_AT);
  return bare;
}
