/**
 * The smallest files of each system's form that stripping and signing can work on, since a real one is 100 MB.
 */

export interface SmallMachO {
  /** Room behind the load commands, in bytes. */
  readonly room?: number;
}

const LINK_EDIT_AT = 0x4000;
/** Three names of a debugger's, two of the program's own, one that it asks for. */
const NAMES = ["_local_a", "_local_b", "_local_c", "_main", "_napi_open", "_malloc"];
const LOCALS = 3;
const NO_SYMBOL = 0x80000000;

/** Unsigned, with six symbols, three of them local, and two indirect ones: `_malloc`, and one that names none. */
export function smallMachO({ room = 64 }: SmallMachO = {}): Buffer {
  const names = Buffer.from(`\0${NAMES.join("\0")}\0`);
  const symbols = Buffer.alloc(NAMES.length * 16);
  NAMES.forEach((name, index) => {
    symbols.writeUInt32LE(names.indexOf(`${name}\0`), index * 16);
  });
  const indirect = Buffer.alloc(8);
  indirect.writeUInt32LE(NAMES.indexOf("_malloc"));
  indirect.writeUInt32LE(NO_SYMBOL, 4);
  const linkEdit = Buffer.concat([symbols, indirect, names]);
  const symbolsAt = LINK_EDIT_AT;
  const indirectAt = symbolsAt + symbols.length;
  const commands = [
    segment("__TEXT", 0, LINK_EDIT_AT, 1),
    segment("__LINKEDIT", LINK_EDIT_AT, linkEdit.length, 0),
    words([0x2, 24, symbolsAt, NAMES.length, indirectAt + indirect.length, names.length]),
    words([0xb, 80, 0, LOCALS, LOCALS, 2, 5, 1, 0, 0, 0, 0, 0, 0, indirectAt, 2, 0, 0, 0, 0]),
  ];
  const bytes = Buffer.concat(commands).length;
  const head = Buffer.concat([
    words([0xfeedfacf, 0x0100000c, 0, 2, commands.length, bytes, 0, 0]),
    ...commands,
  ]);
  // The only section begins where the room for load commands ends.
  head.writeUInt32LE(head.length + room, 32 + 72 + 48);
  const text = Buffer.alloc(LINK_EDIT_AT, 0x90);
  text.fill(0, 0, head.length + room);
  head.copy(text);
  return Buffer.concat([text, linkEdit]);
}

function segment(name: string, at: number, bytes: number, sections: number): Buffer {
  const command = Buffer.alloc(72 + sections * 80);
  command.writeUInt32LE(0x19);
  command.writeUInt32LE(command.length, 4);
  command.write(name, 8, "latin1");
  command.writeBigUInt64LE(0x100000000n + BigInt(at), 24);
  command.writeBigUInt64LE(BigInt(Math.ceil(bytes / 0x4000) * 0x4000), 32);
  command.writeBigUInt64LE(BigInt(at), 40);
  command.writeBigUInt64LE(BigInt(bytes), 48);
  command.writeUInt32LE(sections, 64);
  return command;
}

function words(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32LE(value, index * 4);
  });
  return buffer;
}

interface ElfSection {
  readonly name: string;
  readonly isLoaded: boolean;
  readonly content: string;
}

/** One loaded segment over the head, and these sections one after the other, then their names and their table. */
export function smallElf(sections: readonly ElfSection[]): Buffer {
  const HEAD = 64 + 56;
  const all = [...sections, { name: ".shstrtab", isLoaded: false, content: "" }];
  const names = Buffer.from(`\0${all.map(({ name }) => `${name}\0`).join("")}`);
  let at = HEAD;
  const rows = all.map(({ name, isLoaded, content }) => {
    const bytes = name === ".shstrtab" ? names.length : content.length;
    const row = Buffer.alloc(64);
    row.writeUInt32LE(names.indexOf(`${name}\0`), 0);
    row.writeUInt32LE(1, 4);
    row.writeBigUInt64LE(isLoaded ? 2n : 0n, 8);
    row.writeBigUInt64LE(BigInt(at), 24);
    row.writeBigUInt64LE(BigInt(bytes), 32);
    at += bytes;
    return row;
  });
  const head = Buffer.alloc(HEAD);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  head.writeBigUInt64LE(64n, 32);
  head.writeBigUInt64LE(BigInt(at), 40);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt16LE(all.length + 1, 60);
  head.writeUInt16LE(all.length, 62);
  head.writeUInt32LE(1, 64);
  head.writeBigUInt64LE(BigInt(HEAD), 64 + 32);
  return Buffer.concat([
    head,
    ...sections.map(({ content }) => Buffer.from(content)),
    names,
    Buffer.alloc(64),
    ...rows,
  ]);
}

/** @param certificates what lies at the end, as the publisher's signature does; empty for an unsigned file */
export function smallPe(certificates: string): Buffer {
  const AT = 0x40;
  const content = Buffer.alloc(0x200, 0x90);
  content.fill(0, 0, AT + 24 + 240);
  content.writeUInt32LE(AT, 0x3c);
  content.write("PE\0\0", AT, "latin1");
  content.writeUInt16LE(0x20b, AT + 24);
  content.writeUInt32LE(0xc0ffee, AT + 24 + 64);
  if (certificates !== "") {
    content.writeUInt32LE(content.length, AT + 24 + 112 + 32);
    content.writeUInt32LE(certificates.length, AT + 24 + 112 + 36);
  }
  return Buffer.concat([content, Buffer.from(certificates)]);
}
