/**
 * A daemon's last 24 hours as bytes: a ring of 1440 records of one size, one a minute, each in the place that its minute
 * has in the day. A record is written in place as a whole; it carries its minute and a checksum, so that one that was
 * torn, never written, or is of another day or another build is recognised and skipped. Knows no file and no clock.
 *
 *   bytes  0     version, 0 for a place that was never written
 *          1     state, an index into `LIFECYCLE_STATES`
 *          2..3  nothing
 *          4     minute: minutes since the epoch
 *          8     pending, the most at once      12  rung       16  failed     20  drains
 *         24     reconnects                     28  errors     32  rings that a latency is known of
 *         36     the longest latency, in ms     40  sum of latencies, in ms, as a float of 8 bytes
 *         48..59 nothing                        60  CRC-32 of the 60 bytes before
 *
 * All little-endian; counts are of 32 bits, and stay at the highest one rather than begin again.
 */

import { LIFECYCLE_STATES } from "../ipc.ts";
import type { MinuteSample } from "./overview.ts";

/** The file's name within a daemon's state folder. */
export const MINUTE_FILE = "minutes";

export const MINUTE_MS = 60_000;
/** One day. */
export const MINUTES_KEPT = 1440;
/** Eight to a sector of most disks: none lies in two. */
export const MINUTE_RECORD_BYTES = 64;
export const MINUTE_FILE_BYTES = MINUTES_KEPT * MINUTE_RECORD_BYTES;

const VERSION = 1;
const COUNT_MAX = 0xffff_ffff;

/** A minute as it is kept: latencies as sums, so that two parts of one minute can be put together. */
export interface MinuteRecord {
  /** Minutes since the epoch. */
  readonly minute: number;
  /** Index into `LIFECYCLE_STATES`: a higher one is better, but for the last two, which are as good. */
  readonly state: number;
  readonly pending: number;
  readonly rung: number;
  readonly failed: number;
  readonly drains: number;
  readonly reconnects: number;
  readonly errors: number;
  readonly latencies: number;
  readonly latencyMsSum: number;
  readonly latencyMsMax: number;
}

/** Where the record of a minute stands in the file, in bytes. */
export function placeOfMinute(minute: number): number {
  return (minute % MINUTES_KEPT) * MINUTE_RECORD_BYTES;
}

export function encodeMinute(record: MinuteRecord): Uint8Array {
  const bytes = new Uint8Array(MINUTE_RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes[1] = record.state;
  const counts = [
    record.minute,
    record.pending,
    record.rung,
    record.failed,
    record.drains,
    record.reconnects,
    record.errors,
    record.latencies,
    record.latencyMsMax,
  ];
  for (const [index, count] of counts.entries()) {
    view.setUint32(4 + 4 * index, Math.min(COUNT_MAX, Math.max(0, Math.round(count))), true);
  }
  view.setFloat64(40, record.latencyMsSum, true);
  view.setUint32(CHECKED_BYTES, checksumOf(bytes), true);
  return bytes;
}

/** @param bytes one record's; of any length and content. Null if it is no whole record of this version */
export function decodeMinute(bytes: Uint8Array): MinuteRecord | null {
  if (bytes.length !== MINUTE_RECORD_BYTES || bytes[0] !== VERSION) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(CHECKED_BYTES, true) !== checksumOf(bytes)) return null;
  const count = (at: number): number => view.getUint32(at, true);
  const state = bytes[1] ?? 0;
  const latencyMsSum = view.getFloat64(40, true);
  if (state >= LIFECYCLE_STATES.length || !(latencyMsSum >= 0 && Number.isFinite(latencyMsSum))) return null;
  return {
    minute: count(4),
    state,
    pending: count(8),
    rung: count(12),
    failed: count(16),
    drains: count(20),
    reconnects: count(24),
    errors: count(28),
    latencies: count(32),
    latencyMsMax: count(36),
    latencyMsSum,
  };
}

/** Two parts of one minute, as of a daemon that was started again within it. */
export function mergedMinute(one: MinuteRecord, other: MinuteRecord): MinuteRecord {
  return {
    minute: one.minute,
    state: Math.min(one.state, other.state),
    pending: Math.max(one.pending, other.pending),
    rung: one.rung + other.rung,
    failed: one.failed + other.failed,
    drains: one.drains + other.drains,
    reconnects: one.reconnects + other.reconnects,
    errors: one.errors + other.errors,
    latencies: one.latencies + other.latencies,
    latencyMsSum: one.latencyMsSum + other.latencyMsSum,
    latencyMsMax: Math.max(one.latencyMsMax, other.latencyMsMax),
  };
}

/**
 * The samples of the last 24 hours, oldest first. A minute that was not written is not among them, nor is one that has
 * not come yet: somebody set the clock back.
 *
 * @param bytes the file; of any length and content
 * @param nowMs epoch milliseconds
 */
export function minutesIn(bytes: Uint8Array, nowMs: number): readonly MinuteSample[] {
  const last = Math.floor(nowMs / MINUTE_MS);
  const samples: MinuteSample[] = [];
  for (let minute = last - MINUTES_KEPT + 1; minute <= last; minute++) {
    const at = placeOfMinute(minute);
    const record = decodeMinute(bytes.subarray(at, at + MINUTE_RECORD_BYTES));
    if (record?.minute === minute) samples.push(sampleOf(record));
  }
  return samples;
}

function sampleOf(record: MinuteRecord): MinuteSample {
  const { minute, state, latencies, latencyMsSum, latencyMsMax, ...counts } = record;
  return {
    atMs: minute * MINUTE_MS,
    state: LIFECYCLE_STATES[state] ?? "disconnected",
    ...counts,
    latencyMs: latencies === 0 ? null : Math.round(latencyMsSum / latencies),
    latencyMsMax: latencies === 0 ? null : latencyMsMax,
  };
}

const CHECKED_BYTES = MINUTE_RECORD_BYTES - 4;

/** CRC-32 (ISO 3309), four bits a step: 16 words of table instead of 256, since each daemon holds them. */
const CRC_TABLE = Uint32Array.from({ length: 16 }, (_, nibble) => {
  let crc = nibble;
  for (let bit = 0; bit < 4; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function checksumOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < CHECKED_BYTES; i++) {
    crc ^= bytes[i] ?? 0;
    crc = (CRC_TABLE[crc & 15] ?? 0) ^ (crc >>> 4);
    crc = (CRC_TABLE[crc & 15] ?? 0) ^ (crc >>> 4);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
