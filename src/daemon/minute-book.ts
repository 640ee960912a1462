/**
 * A daemon's own last 24 hours, a record a minute, in the form of `domain/minute-file.ts`. Set no timer of its own: it is
 * told when the daemon is awake anyway, and writes a minute that has ended a while after its end, each persona at
 * another second, so that fifty do not come to the disk at once. Nothing of the file is held in memory. A minute in
 * which the daemon was not awake is not written: it stays a gap.
 *
 * Written in place, without waiting for the disk: the kernel keeps it through any death of the process. A daemon that
 * is killed loses what it has not written, a minute or two; one that ends in order, nothing.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { PrismError } from "../domain/errors.ts";
import {
  decodeMinute,
  encodeMinute,
  MINUTE_MS,
  MINUTE_RECORD_BYTES,
  type MinuteRecord,
  mergedMinute,
  placeOfMinute,
} from "../domain/minute-file.ts";
import { fsErrorOf } from "../host/fs-error.ts";
import { LIFECYCLE_STATES, type LifecycleName } from "../ipc.ts";
import type { PersonaMetrics } from "../metrics.ts";

export interface MinuteBookOptions {
  /** The file, in an owner-only folder. */
  readonly path: string;
  /** Epoch milliseconds by the wall clock: it may leap, and go back. */
  readonly wallMs: () => number;
  /** After a minute's end. */
  readonly writeDelayMs: number;
  readonly metrics: PersonaMetrics;
  /** The daemon goes on without it. */
  readonly failed: (error: PrismError) => void;
}

/** What the metrics have counted so far, of which a minute keeps the difference. */
interface Totals {
  readonly rung: number;
  readonly failed: number;
  readonly reconnects: number;
  readonly errors: number;
}

/** What is seen within a minute, and the totals that it began with. */
interface Page {
  readonly minute: number;
  readonly before: Totals;
  /** Index of the worst state at any look; null before the first. */
  state: number | null;
  pending: number;
  drains: number;
  latencies: number;
  latencyMsSum: number;
  latencyMsMax: number;
}

export class MinuteBook {
  readonly #options: MinuteBookOptions;
  #page: Page;
  /** A minute that has ended, and when it is to be written. */
  #ended: { readonly record: MinuteRecord; readonly atMs: number } | null = null;
  #state: LifecycleName = "disconnected";
  #pending = 0;

  constructor(options: MinuteBookOptions) {
    this.#options = options;
    this.#page = this.#pageOf(minuteAt(options.wallMs()));
  }

  /** The daemon stands here now. */
  stood(state: LifecycleName, pending: number): void {
    this.#turn();
    this.#state = state;
    this.#pending = pending;
    this.#page.pending = Math.max(this.#page.pending, pending);
  }

  drained(drains: number): void {
    this.#turn();
    this.#page.drains += drains;
  }

  took(latencyMs: number): void {
    this.#turn();
    this.#page.latencies += 1;
    this.#page.latencyMsSum += latencyMs;
    this.#page.latencyMsMax = Math.max(this.#page.latencyMsMax, Math.round(latencyMs));
  }

  /** The daemon is awake: writes what is due. A state counts that lasts until such a look, and not every passing one. */
  look(): void {
    this.#turn();
    this.#page.state = worse(this.#page.state, this.#state);
    const nowMs = this.#options.wallMs();
    // One whose time lies far ahead waits for a clock that was set back since.
    const isDue =
      this.#ended !== null && (nowMs >= this.#ended.atMs || nowMs < this.#ended.atMs - 2 * MINUTE_MS);
    if (isDue) this.#writeEnded();
  }

  /** Writes all there is, the minute that has not ended too: the next life adds to it. */
  close(): void {
    this.#turn();
    this.#writeEnded();
    this.#write(this.#recordOf(this.#page));
  }

  #turn(): void {
    const minute = minuteAt(this.#options.wallMs());
    if (minute === this.#page.minute) return;
    this.#writeEnded();
    const record = this.#recordOf(this.#page);
    this.#ended = { record, atMs: (record.minute + 1) * MINUTE_MS + this.#options.writeDelayMs };
    this.#page = this.#pageOf(minute);
  }

  #pageOf(minute: number): Page {
    const empty = { drains: 0, latencies: 0, latencyMsSum: 0, latencyMsMax: 0 };
    return { minute, before: totalsOf(this.#options.metrics), state: null, pending: this.#pending, ...empty };
  }

  #recordOf(page: Page): MinuteRecord {
    const { minute, before, pending, drains, latencies, latencyMsSum, latencyMsMax } = page;
    const now = totalsOf(this.#options.metrics);
    return {
      ...{ minute, pending, drains, latencies, latencyMsSum, latencyMsMax },
      state: page.state ?? LIFECYCLE_STATES.indexOf(this.#state),
      rung: now.rung - before.rung,
      failed: now.failed - before.failed,
      reconnects: now.reconnects - before.reconnects,
      errors: now.errors - before.errors,
    };
  }

  #writeEnded(): void {
    if (this.#ended === null) return;
    this.#write(this.#ended.record);
    this.#ended = null;
  }

  #write(record: MinuteRecord): void {
    const { path, failed } = this.#options;
    try {
      writeMinute(path, record);
    } catch (error) {
      failed(fsErrorOf("write the history", path, error));
    }
  }
}

function minuteAt(wallMs: number): number {
  return Math.max(0, Math.floor(wallMs / MINUTE_MS));
}

function totalsOf({ doorbells, reconnects, errors }: PersonaMetrics): Totals {
  const { connection, protocol, surface, storage, unclassified } = errors;
  return {
    rung: doorbells.rung,
    failed: doorbells.failed,
    reconnects,
    errors: connection + protocol + surface + storage + unclassified,
  };
}

/** The lower index is the worse one. */
function worse(known: number | null, state: LifecycleName): number {
  const index = LIFECYCLE_STATES.indexOf(state);
  return known === null ? index : Math.min(known, index);
}

/** Into its place; what an earlier life has written of the same minute is added to. */
function writeMinute(path: string, record: MinuteRecord): void {
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  const file = openSync(path, flags, 0o600);
  try {
    const at = placeOfMinute(record.minute);
    const there = new Uint8Array(MINUTE_RECORD_BYTES);
    const bytesThere = readSync(file, there, 0, there.length, at);
    const earlier = decodeMinute(there.subarray(0, bytesThere));
    const whole = earlier?.minute === record.minute ? mergedMinute(earlier, record) : record;
    const bytes = encodeMinute(whole);
    const written = writeSync(file, bytes, 0, bytes.length, at);
    if (written < bytes.length) throw Object.assign(new Error("short write"), { code: "ENOSPC" });
  } finally {
    closeSync(file);
  }
}
