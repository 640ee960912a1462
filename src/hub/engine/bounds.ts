/** Bounds of the engine, each with its unit and its reason. */
export const engineBounds = {
  /** Commands in one batch: some 5 ms of work, so that no caller waits long behind others. */
  batchCommandsMax: 512,
  /** Texts in one batch: what a disk takes in a few milliseconds. */
  batchBytesMax: 4 * 1024 * 1024,
  /** Commands waiting: two seconds of work on a slow disk; what comes on top would only time out. */
  queueCommandsMax: 20_000,
  queueBytesMax: 64 * 1024 * 1024,
  /** Deliveries and signs of life wait this long for a batch to join: nobody waits for them. */
  companyDelayMs: 4,
  /** After a failed commit writes are refused at once for this long: a full disk is not asked each time. */
  refusalMs: 500,
  /** Expiries are looked for at least this often: the host's clock may jump while a timer sleeps. */
  wakeMsMax: 30_000,
  upkeepIntervalMs: 30_000,
  /** While there is more to forget: steps of a millisecond or two, twenty a second. */
  upkeepStepMs: 50,
  upkeepRowsMax: 400,
  /** UTF-16 units of text at hand: what a busy second brings. */
  textCacheCharsMax: 16 * 1024 * 1024,
} as const;
