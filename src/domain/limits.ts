/**
 * Every bound that both sides of a wire must agree on, in one place, each with its unit and its reason.
 * A bound that only one module needs stands in that module.
 */
export const limits = {
  /** A signal's text: a page or two. Larger matters belong in a file that the text names. */
  signalTextBytesMax: 64 * 1024,
  /** A drain's default and largest count: what a model can read in one turn, and one bounded answer. */
  drainSignalsDefault: 20,
  drainSignalsMax: 500,
  /** A drain's largest sum of texts; at least one signal is always handed over. */
  drainBytesMax: 256 * 1024,
  historySignalsMax: 500,
  /** Open signals for one address: beyond it the sender is told, instead of the hub growing without end. */
  mailboxSignalsMax: 20_000,
  /** Senders named in a mailbox view and a doorbell; the rest are counted. */
  mailboxSendersMax: 8,
  /**
   * One line on the IPC socket, one message on the hub's socket. The largest answer is a full drain of
   * control characters, each six bytes in JSON (1.5 MiB), with 500 envelopes around them.
   */
  messageBytesMax: 2 * 1024 * 1024,
  /** Nesting of a message: ours need 5. */
  messageDepthMax: 16,
  /** Idempotency and drain keys, session and instance ids. */
  keyBytesMax: 128,
  nameCharsMax: 64,
  /** Time to live of a signal: a day by default, and never beyond a year. */
  signalTtlMsDefault: 24 * 3_600_000,
  signalTtlMsMin: 1,
  signalTtlMsMax: 365 * 24 * 3_600_000,
  /** How long an address stays on duty without a word: a laptop closed over a long weekend still takes signals. */
  leaseMsDefault: 7 * 24 * 3_600_000,
  /** Drained and expired signals can be read from history this long. */
  retentionMsDefault: 7 * 24 * 3_600_000,
} as const;
