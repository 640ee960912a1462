/** Base64 of a few bytes: the handshake's nonce and digest, a proxy's credentials. Source: RFC 4648 section 4. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const chars = Math.min(3, bytes.length - at) + 1;
    for (let index = 0; index < 4; index += 1) {
      text += index < chars ? ALPHABET.charAt((group >> (18 - index * 6)) & 63) : "=";
    }
  }
  return text;
}
