/** The words of RFC 6455 section 5.2 in numbers. */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** First byte of a frame: FIN, three reserved bits, opcode. */
export const FIN = 0x80;
/** Set on a message's first frame if the message is compressed (RFC 7692 section 6). */
export const RSV1 = 0x40;
export const RSV2_RSV3 = 0x30;
export const OPCODE_BITS = 0x0f;
/** Opcodes with this bit are control frames (section 5.5). */
export const CONTROL = 0x08;
/** Second byte of a frame: MASK and the 7-bit length. */
export const MASK = 0x80;
export const LENGTH_BITS = 0x7f;
/** Values of the 7-bit length that announce a 16-bit and a 64-bit length. */
export const LENGTH_16 = 126;
export const LENGTH_64 = 127;
/** Section 5.5: a control frame's payload, which is never fragmented. */
export const CONTROL_BYTES_MAX = 125;
