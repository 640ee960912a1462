/**
 * Rows of the embedded store as the port's records, and back. Rows come as arrays: at tens of thousands a
 * second, objects with names would cost more than the query.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SessionKind, SignalState } from "../../domain/verbs.ts";
import { FLAGS } from "./sqlite-schema.ts";
import type {
  AddressRecord,
  IdentityRecord,
  ReaderRecord,
  RingRecord,
  SessionRecord,
  SignalHead,
  StoredSignal,
} from "./store.ts";

export type Row = readonly unknown[];

const STATES = ["pending", "delivered", "drained", "expired"] as const satisfies readonly SignalState[];

export function stateFrom(value: unknown): SignalState {
  return STATES[int(value ?? 0)] ?? "pending";
}

export const HEAD_COLUMNS =
  "s.position, s.address, s.previous, s.sender, s.flags, s.accepted_at_ms, s.expires_at_ms, s.reply_to, s.session, s.text_bytes";

/** @param traceparentOf asked for the few that have one */
export function headFrom(row: Row, traceparentOf: TraceparentOf): SignalHead {
  return {
    position: int(row[0]),
    address: int(row[1]),
    previous: int(row[2]),
    from: textOrNull(row[3]),
    urgent: (int(row[4]) & FLAGS.urgent) !== 0,
    final: (int(row[4]) & FLAGS.final) !== 0,
    acceptedAtMs: int(row[5]),
    expiresAtMs: int(row[6]),
    replyTo: intOrNull(row[7]),
    session: textOrNull(row[8]),
    textBytes: int(row[9]),
    traceparent: (int(row[4]) & FLAGS.traced) === 0 ? null : traceparentOf(int(row[0])),
  };
}

export type TraceparentOf = (position: number) => string | null;

export function flagsOf({ urgent, final, traceparent }: SignalHead): number {
  const traced = traceparent === null ? 0 : FLAGS.traced;
  return (urgent ? FLAGS.urgent : 0) + (final ? FLAGS.final : 0) + traced;
}

export const SIGNAL_COLUMNS = `${HEAD_COLUMNS}, p.state, p.delivered_at_ms, p.ended_at_ms, p.pushed_at_ms, s.text`;

/** Null for one whose text is forgotten. */
export function signalFrom(row: Row, traceparentOf: TraceparentOf): StoredSignal | null {
  const text = row[14];
  if (typeof text !== "string") return null;
  return {
    ...headFrom(row, traceparentOf),
    state: stateFrom(row[10]),
    deliveredAtMs: intOrNull(row[11]),
    endedAtMs: intOrNull(row[12]),
    pushedAtMs: intOrNull(row[13]),
    text,
  };
}

export const RING_COLUMNS = "address, through, rung_at_ms, taken_at_ms, way, attempt, host";

export function ringFrom(row: Row): RingRecord {
  return {
    address: int(row[0]),
    through: int(row[1]),
    rungAtMs: int(row[2]),
    takenAtMs: intOrNull(row[3]),
    way: textOrNull(row[4]),
    attempt: int(row[5]),
    host: textOrNull(row[6]),
  };
}

/** @param row session, surface and host */
export function readerFrom(row: Row): ReaderRecord | null {
  const session = textOrNull(row[0]);
  if (session === null) return null;
  return { session, surface: textOrNull(row[1]), host: textOrNull(row[2]) };
}

export const ADDRESS_COLUMNS =
  "id, tenant, persona, project, lease_ms, last_heard_at_ms, wrapped_at_ms, master, created_at_ms, archived_at_ms, token_sha256";

export function addressFrom(row: Row): AddressRecord {
  return {
    id: int(row[0]),
    tenant: string(row[1]),
    persona: string(row[2]),
    project: string(row[3]),
    leaseMs: int(row[4]),
    lastHeardAtMs: int(row[5]),
    wrappedAtMs: intOrNull(row[6]),
    master: textOrNull(row[7]),
    identity: identityFrom(row),
  };
}

function identityFrom(row: Row): IdentityRecord | null {
  const createdAtMs = intOrNull(row[8]);
  if (createdAtMs === null) return null;
  return { createdAtMs, archivedAtMs: intOrNull(row[9]), tokenSha256: textOrNull(row[10]) };
}

export const SESSION_COLUMNS =
  "id, address, kind, surface, host, root, instance, version, started_at_ms, last_heard_at_ms, wrapped_at_ms";

export function sessionFrom(row: Row): SessionRecord {
  return {
    id: string(row[0]),
    address: int(row[1]),
    kind: string(row[2]) as SessionKind,
    surface: textOrNull(row[3]),
    host: textOrNull(row[4]),
    root: textOrNull(row[5]),
    instance: textOrNull(row[6]),
    version: string(row[7]),
    startedAtMs: int(row[8]),
    lastHeardAtMs: int(row[9]),
    wrappedAtMs: intOrNull(row[10]),
  };
}

export function positionsText(positions: readonly number[]): string {
  return positions.map((position) => position.toString(36)).join(",");
}

export function positionsFrom(value: unknown): number[] {
  return string(value)
    .split(",")
    .map((position) => Number.parseInt(position, 36));
}

export function int(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

export function intOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

export function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Prepares statements whose rows come as arrays, in the order of the columns. */
export function arrayStatements(db: DatabaseSync): (sql: string) => StatementSync {
  return (sql) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
}
