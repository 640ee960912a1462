/**
 * Masking in place, a word at a time. Source: RFC 6455 section 5.3: octet i of the payload is XORed with octet
 * i mod 4 of the key. Here the key's octet 0 is the number's lowest byte, whatever the machine's byte order.
 */
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Masks `bytes[start, end)`.
 *
 * @param words the same memory as `bytes`, from the same offset, so that `words[i]` covers `bytes[4i, 4i + 4)`
 * @param key 32 bits
 */
export function maskInPlace(
  bytes: Uint8Array,
  words: Int32Array,
  range: { readonly start: number; readonly end: number },
  key: number,
): void {
  const { start, end } = range;
  let at = start;
  let octets = key;
  for (; at < end && (at & 3) !== 0; at += 1) {
    bytes[at] = (bytes[at] as number) ^ octets;
    octets = rotated(octets);
  }
  const word = LITTLE_ENDIAN ? octets : swapped(octets);
  const lastWord = end >> 2;
  let index = at >> 2;
  for (; index < lastWord; index += 1) words[index] = (words[index] as number) ^ word;
  for (at = Math.max(at, index << 2); at < end; at += 1) {
    bytes[at] = (bytes[at] as number) ^ octets;
    octets = rotated(octets);
  }
}

/** The next octet moves into the lowest byte. */
function rotated(octets: number): number {
  return (octets >>> 8) | (octets << 24);
}

function swapped(octets: number): number {
  return (octets << 24) | ((octets & 0xff00) << 8) | ((octets >>> 8) & 0xff00) | ((octets >>> 24) & 0xff);
}
