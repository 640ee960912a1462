/** Close codes by name, and which of them may cross the wire. Source: RFC 6455 section 7.4, IANA registry. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Never sent: a Close frame came without a code. */
  noStatus: 1005,
  /** Never sent: no Close frame came at all. */
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  extensionMissing: 1010,
  internalError: 1011,
} as const;

/**
 * True for a code that an endpoint may put into a Close frame: those defined by section 7.4.1 and by later
 * registrations (1012 to 1014), and those left to libraries and applications (3000 to 4999). 1004 is
 * reserved; 1005, 1006 and 1015 must not be sent; the rest up to 2999 is for future versions.
 */
export function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
