/**
 * SHA-1, for `Sec-WebSocket-Accept` (RFC 6455 section 4.1), where it proves that the server read the request, and to
 * tell whether a lockfile has changed: it guards no secret. By hand, because `node:crypto` costs every daemon
 * 1.1 MB. Source: FIPS 180-4 section 6.1.
 */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  const view = new DataView(blocks.buffer);
  const hash = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const schedule = new Int32Array(80);
  for (let at = 0; at < blocks.length; at += 64) compress(hash, schedule, view, at);
  const digest = new Uint8Array(20);
  const out = new DataView(digest.buffer);
  hash.forEach((word, index) => {
    out.setInt32(index * 4, word);
  });
  return digest;
}

/** The message, a 1 bit, zeros, and its length in bits: a multiple of 64 bytes (section 5.1.1). */
function padded(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  blocks.set(message);
  blocks[message.length] = 0x80;
  new DataView(blocks.buffer).setBigUint64(blocks.length - 8, BigInt(message.length) * 8n);
  return blocks;
}

function compress(hash: Int32Array, schedule: Int32Array, view: DataView, at: number): void {
  const word = (index: number) => schedule[index] as number;
  for (let t = 0; t < 16; t += 1) schedule[t] = view.getInt32(at + t * 4);
  for (let t = 16; t < 80; t += 1) {
    schedule[t] = rotated(word(t - 3) ^ word(t - 8) ^ word(t - 14) ^ word(t - 16), 1);
  }
  let [a, b, c, d, e] = hash as unknown as [number, number, number, number, number];
  for (let t = 0; t < 80; t += 1) {
    const next = (rotated(a, 5) + mixed(t, b, c, d) + e + word(t)) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  [a, b, c, d, e].forEach((value, index) => {
    hash[index] = ((hash[index] as number) + value) | 0;
  });
}

/** The round's function and constant (sections 4.1.1 and 4.2.1). */
function mixed(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) ^ (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
