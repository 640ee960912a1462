/**
 * What a daemon remembers over a crash, as bytes: its position at the hub and the bell that stands. Two
 * fixed slots are written in turn, each with a sequence number and a checksum, so that a write torn at any
 * byte costs at most itself: the other slot still holds what was true one write before.
 *
 * One slot is one line of printable ASCII, padded with spaces, so that a person can read the file:
 * `prism1 <crc32> <json list>`. Knows no file. Losing it all costs at most one repeated ring, since the
 * hub has the truth about signals; that is why no write waits for the disk.
 */
import { limits } from "../domain/limits.ts";
import type { StandingBell } from "./doorbell.ts";

export interface Position {
  /** The hub that all of this speaks of. */
  readonly hubId: string;
  /** To be taken up again: only so does a daemon hear that it was wrapped while it was away. */
  readonly session: string;
  readonly revision: number;
  /** Highest position taken in, and acknowledged. */
  readonly through: number;
  readonly urgent: number;
  readonly standing: StandingBell | null;
}

export interface Saved {
  /** The daemon's own id, stable over restarts: it tells the hub a daemon that comes back from a second one. */
  readonly instance: string;
  readonly position: Position | null;
}

/** One sector of most disks: two slots never share one. */
export const slotBytes = 512;
export const slotCount = 2;

const MAGIC = "prism1 ";
const PADDING = 0x20;
const NEWLINE = 0x0a;

export type Recovered =
  /** There was nothing: a first start. */
  | { readonly kind: "absent" }
  | { readonly kind: "found"; readonly saved: Saved; readonly sequence: number }
  /** There was something, and no slot of it is whole. */
  | { readonly kind: "corrupt" };

/** @returns `slotBytes` bytes to write at slot `sequence % slotCount`, or null if the ids don't fit into them */
export function encodeSlot(saved: Saved, sequence: number): Uint8Array | null {
  const { instance, position } = saved;
  const standing = position?.standing ?? null;
  const list = [
    sequence,
    instance,
    position === null
      ? null
      : [position.hubId, position.session, position.revision, position.through, position.urgent],
    standing === null
      ? null
      : [standing.drains, standing.attempt, standing.round, standing.rungAtMs, standing.dueAtMs],
  ];
  const json = asciiOf(JSON.stringify(list));
  const line = `${MAGIC}${checksumOf(json)} ${json}`;
  if (line.length >= slotBytes) return null;
  const slot = new Uint8Array(slotBytes).fill(PADDING);
  for (let i = 0; i < line.length; i++) slot[i] = line.charCodeAt(i);
  slot[slotBytes - 1] = NEWLINE;
  return slot;
}

/** @param bytes the whole file; of any length and content. The newest whole slot wins */
export function recover(bytes: Uint8Array): Recovered {
  if (bytes.length === 0) return { kind: "absent" };
  let best: Extract<Recovered, { kind: "found" }> | undefined;
  for (let slot = 0; slot < slotCount; slot++) {
    const found = decodeSlot(bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes));
    if (found !== undefined && (best === undefined || found.sequence > best.sequence)) best = found;
  }
  return best ?? { kind: "corrupt" };
}

function decodeSlot(slot: Uint8Array): Extract<Recovered, { kind: "found" }> | undefined {
  if (slot.length !== slotBytes || slot[slotBytes - 1] !== NEWLINE) return undefined;
  let text = "";
  for (let i = 0; i < slotBytes - 1; i++) text += String.fromCharCode(slot[i] ?? 0);
  const line = text.trimEnd();
  const crc = line.slice(MAGIC.length, MAGIC.length + 8);
  const json = line.slice(MAGIC.length + 9);
  if (!line.startsWith(MAGIC) || line[MAGIC.length + 8] !== " " || checksumOf(json) !== crc) return undefined;
  try {
    return readList(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** The checksum says that it is what was written; this says that it was written by this version. */
function readList(list: unknown): Extract<Recovered, { kind: "found" }> | undefined {
  if (!Array.isArray(list) || list.length !== 4) return undefined;
  const [sequence, instance, at, bell] = list as readonly unknown[];
  if (!isWhole(sequence) || !isId(instance)) return undefined;
  if (at === null) return { kind: "found", sequence, saved: { instance, position: null } };
  const standing = bell === null ? null : readBell(bell);
  if (!Array.isArray(at) || at.length !== 5 || standing === undefined) return undefined;
  const [hubId, session, revision, through, urgent] = at as readonly unknown[];
  if (!isId(hubId) || !isId(session)) return undefined;
  if (!isWhole(revision) || !isWhole(through) || !isWhole(urgent)) return undefined;
  return {
    kind: "found",
    sequence,
    saved: { instance, position: { hubId, session, revision, through, urgent, standing } },
  };
}

function readBell(bell: unknown): StandingBell | undefined {
  if (!Array.isArray(bell) || bell.length !== 5) return undefined;
  const [drains, attempt, round, rungAtMs, dueAtMs] = bell as readonly unknown[];
  if (!isWhole(drains) || !isWhole(attempt) || !isWhole(round) || !isTime(rungAtMs)) return undefined;
  if (dueAtMs !== null && !isTime(dueAtMs)) return undefined;
  return { drains, attempt, round, rungAtMs, dueAtMs };
}

export function samePosition(a: Position | null, b: Position | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.hubId === b.hubId &&
    a.session === b.session &&
    a.revision === b.revision &&
    a.through === b.through &&
    a.urgent === b.urgent &&
    sameBell(a.standing, b.standing)
  );
}

function sameBell(a: StandingBell | null, b: StandingBell | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.drains === b.drains &&
    a.attempt === b.attempt &&
    a.round === b.round &&
    a.rungAtMs === b.rungAtMs &&
    a.dueAtMs === b.dueAtMs
  );
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= limits.keyBytesMax;
}

function asciiOf(json: string): string {
  return json.replace(/[^\u0020-\u007e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** CRC-32 (ISO 3309), four bits a step: 16 words of table instead of 256. */
const CRC_TABLE = Uint32Array.from({ length: 16 }, (_, nibble) => {
  let crc = nibble;
  for (let bit = 0; bit < 4; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function checksumOf(ascii: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < ascii.length; i++) {
    crc ^= ascii.charCodeAt(i);
    crc = (CRC_TABLE[crc & 15] ?? 0) ^ (crc >>> 4);
    crc = (CRC_TABLE[crc & 15] ?? 0) ^ (crc >>> 4);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
