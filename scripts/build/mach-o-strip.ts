/**
 * Takes from a macOS executable the names that only a debugger reads: 900,000 local symbols of a Node, 38 MB.
 * What other programs and the loader look up by name stays.
 *
 * By hand, because Debian's `strip` does not read this form, and `llvm-strip` brings 200 MB of packages for it.
 */
import { layoutOf, resizeSegment, withoutSignature } from "./mach-o.ts";

const SYMBOL_BYTES = 16;
/** Marks of an indirect symbol that names none. */
const NO_SYMBOL = 0xc0000000;

/**
 * @returns the same program without its local symbols, and without its signature, which would no longer fit
 * @throws Error when this is no 64-bit Mach-O whose symbols, indirect symbols and names end it, in that order
 * Source: Apple's `mach-o/loader.h` and `mach-o/nlist.h`.
 */
export function stripMachO(signed: Buffer): Buffer {
  const file = withoutSignature(signed);
  const { linkEdit, symbols: symbolsCommand, dynamicSymbols } = layoutOf(file);
  if (symbolsCommand === undefined || dynamicSymbols === undefined) {
    throw new Error("the Mach-O file has no symbols to strip");
  }
  const word = (at: number): number => file.readUInt32LE(at);
  const symbolsAt = word(symbolsCommand + 8);
  const symbols = word(symbolsCommand + 12);
  const namesAt = word(symbolsCommand + 16);
  const namesEnd = namesAt + word(symbolsCommand + 20);
  const locals = word(dynamicSymbols + 12);
  const indirectAt = word(dynamicSymbols + 56);
  const indirect = word(dynamicSymbols + 60);
  const isInOrder =
    word(dynamicSymbols + 8) === 0 &&
    symbolsAt + symbols * SYMBOL_BYTES <= indirectAt &&
    indirectAt + indirect * 4 <= namesAt &&
    namesEnd <= file.length &&
    file.length - namesEnd < 16;
  if (!isInOrder) throw new Error("the Mach-O file's symbols do not lie as expected");

  const kept = Buffer.from(
    file.subarray(symbolsAt + locals * SYMBOL_BYTES, symbolsAt + symbols * SYMBOL_BYTES),
  );
  const names = renamed(kept, file.subarray(namesAt, namesEnd));
  const indirects = Buffer.from(file.subarray(indirectAt, indirectAt + indirect * 4));
  for (let at = 0; at < indirects.length; at += 4) {
    const index = indirects.readUInt32LE(at);
    if ((index & NO_SYMBOL) !== 0) continue;
    if (index < locals) throw new Error("a Mach-O import names a local symbol");
    indirects.writeUInt32LE(index - locals, at);
  }
  const padding = Buffer.alloc(-indirects.length & 7);
  const stripped = Buffer.concat([file.subarray(0, symbolsAt), kept, indirects, padding, names]);

  const newIndirectAt = symbolsAt + kept.length;
  const newNamesAt = newIndirectAt + indirects.length + padding.length;
  stripped.writeUInt32LE(kept.length / SYMBOL_BYTES, symbolsCommand + 12);
  stripped.writeUInt32LE(newNamesAt, symbolsCommand + 16);
  stripped.writeUInt32LE(names.length, symbolsCommand + 20);
  stripped.writeUInt32LE(0, dynamicSymbols + 12);
  for (const at of [dynamicSymbols + 16, dynamicSymbols + 24]) stripped.writeUInt32LE(word(at) - locals, at);
  stripped.writeUInt32LE(newIndirectAt, dynamicSymbols + 56);
  resizeSegment(stripped, linkEdit, stripped.length);
  return stripped;
}

/** Lets the symbols point into a table of their own names alone; its first byte is the empty name. */
function renamed(symbols: Buffer, names: Buffer): Buffer {
  const found: Buffer[] = [Buffer.alloc(1)];
  let end = 1;
  for (let at = 0; at < symbols.length; at += SYMBOL_BYTES) {
    const from = symbols.readUInt32LE(at);
    if (from === 0) continue;
    const name = names.subarray(from, names.indexOf(0, from) + 1);
    symbols.writeUInt32LE(end, at);
    found.push(name);
    end += name.length;
  }
  found.push(Buffer.alloc(-end & 7));
  return Buffer.concat(found);
}
