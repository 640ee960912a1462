/** A daemon's day as bytes: what is written is read, what is torn is skipped, and no day lends another its minutes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeMinute,
  encodeMinute,
  MINUTE_FILE_BYTES,
  MINUTE_MS,
  MINUTE_RECORD_BYTES,
  MINUTES_KEPT,
  type MinuteRecord,
  mergedMinute,
  minutesIn,
  placeOfMinute,
} from "../../src/domain/minute-file.ts";

const count = fc.nat({ max: 0xffff_ffff });
const minute = fc.nat({ max: 100_000_000 });

function recordAt(at: fc.Arbitrary<number>): fc.Arbitrary<MinuteRecord> {
  return fc.record({
    minute: at,
    state: fc.nat({ max: 3 }),
    pending: count,
    rung: count,
    failed: count,
    drains: count,
    reconnects: count,
    errors: count,
    latencies: count,
    latencyMsSum: fc.double({ min: 0, max: 1e15, noNaN: true }),
    latencyMsMax: count,
  });
}

function fileOf(records: readonly MinuteRecord[]): Uint8Array {
  const file = new Uint8Array(MINUTE_FILE_BYTES);
  for (const record of records) file.set(encodeMinute(record), placeOfMinute(record.minute));
  return file;
}

describe("a minute's record", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(recordAt(minute), (record) => {
        const bytes = encodeMinute(record);
        expect(bytes.length).toBe(MINUTE_RECORD_BYTES);
        expect(decodeMinute(bytes)).toEqual({ ...record, latencyMsSum: record.latencyMsSum });
      }),
    );
  });

  it("is nothing once any of its bits is another, or any part of it is an older record's", () => {
    fc.assert(
      fc.property(
        recordAt(minute),
        recordAt(minute),
        fc.nat({ max: MINUTE_RECORD_BYTES * 8 - 1 }),
        fc.integer({ min: 1, max: MINUTE_RECORD_BYTES - 1 }),
        (record, older, bit, torn) => {
          const flipped = encodeMinute(record);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(decodeMinute(flipped)).toBeNull();
          const mixed = encodeMinute(older);
          mixed.set(encodeMinute(record).subarray(0, torn));
          const read = decodeMinute(mixed);
          // Where the two agree in what was not written any more, nothing was lost.
          if (read !== null) expect([record, older]).toContainEqual(read);
        },
      ),
    );
  });

  it("is read from no bytes at all without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeMinute(bytes);
        minutesIn(bytes, 1_000_000_000_000);
      }),
    );
    expect(decodeMinute(new Uint8Array(MINUTE_RECORD_BYTES))).toBeNull();
  });

  it("in two parts is their sum, whichever came first", () => {
    const small = fc.nat({ max: 0xffff });
    const part = recordAt(fc.constant(7)).chain((record) =>
      fc.tuple(small, small, small).map(([rung, drains, errors]) => ({ ...record, rung, drains, errors })),
    );
    fc.assert(
      fc.property(part, part, (one, other) => {
        const both = mergedMinute(one, other);
        expect(mergedMinute(other, one)).toEqual(both);
        expect(both).toMatchObject({
          rung: one.rung + other.rung,
          pending: Math.max(one.pending, other.pending),
        });
        expect(both.state).toBe(Math.min(one.state, other.state));
      }),
    );
  });
});

describe("the last 24 hours", () => {
  const NOW = 30_000_000;

  it("are those minutes that were written within them, in order, and no others", () => {
    const near = fc.integer({ min: NOW - 3 * MINUTES_KEPT, max: NOW + 2 * MINUTES_KEPT });
    fc.assert(
      fc.property(
        fc.array(recordAt(near), { maxLength: 60 }),
        fc.nat({ max: MINUTE_MS - 1 }),
        (records, into) => {
          // As a file is written: whoever comes later takes the place of who was there.
          const standing = new Map(records.map((record) => [record.minute % MINUTES_KEPT, record]));
          const expected = [...standing.values()]
            .map((record) => record.minute)
            .filter((at) => at > NOW - MINUTES_KEPT && at <= NOW)
            .sort((a, b) => a - b);
          const samples = minutesIn(fileOf(records), NOW * MINUTE_MS + into);
          expect(samples.map(({ atMs }) => atMs / MINUTE_MS)).toEqual(expected);
        },
      ),
    );
  });

  it("lose one record and nothing else when it is torn", () => {
    const records = Array.from({ length: 10 }, (_, index) => ({
      ...{ minute: NOW - index, state: 2, pending: index, rung: 1, failed: 0, drains: 1, reconnects: 0 },
      ...{ errors: 0, latencies: 2, latencyMsSum: 30, latencyMsMax: 20 },
    }));
    const file = fileOf(records);
    file.fill(0xff, placeOfMinute(NOW - 4) + 10, placeOfMinute(NOW - 4) + 20);
    const samples = minutesIn(file, NOW * MINUTE_MS);
    expect(samples.map(({ atMs }) => NOW - atMs / MINUTE_MS)).toEqual([9, 8, 7, 6, 5, 3, 2, 1, 0]);
    expect(samples.at(-1)).toEqual({
      atMs: NOW * MINUTE_MS,
      ...{ state: "connected", pending: 0, rung: 1, failed: 0, drains: 1, reconnects: 0, errors: 0 },
      ...{ latencyMs: 15, latencyMsMax: 20 },
    });
  });
});
