/**
 * The embedded store: one SQLite file in the hub's data folder. Durable when `commit` says so, against
 * `kill -9` and against a power cut. Answers every call before it returns: the work is local, and a sync of
 * the disk takes less than a hand-over to another thread and back would save.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { PrismError } from "../../domain/errors.ts";
import { bounds } from "../core/bounds.ts";
import { Appender } from "./sqlite-appender.ts";
import { sqliteErrorOf } from "./sqlite-errors.ts";
import { openSqliteFile } from "./sqlite-file.ts";
import {
  ADDRESS_COLUMNS,
  addressFrom,
  arrayStatements,
  flagsOf,
  HEAD_COLUMNS,
  headFrom,
  int,
  intOrNull,
  positionsFrom,
  positionsText,
  RING_COLUMNS,
  type Row,
  SESSION_COLUMNS,
  SIGNAL_COLUMNS,
  sessionFrom,
  signalFrom,
  string,
  textOrNull,
} from "./sqlite-rows.ts";
import { STATE_NUMBERS } from "./sqlite-schema.ts";
import { SqliteUpkeep } from "./sqlite-upkeep.ts";
import { SqliteWays } from "./sqlite-ways.ts";
import type { Changes, Done, Found, Snapshot, Store, StoredSignal, Upkeep, Want } from "./store.ts";

/** Links of a mailbox followed for one answer: some 4 ms of work. Behind that, the answer says where to go on. */
const LINKS_MAX = 2_000;

export interface SqliteOptions {
  /** Made owner-only if it does not exist. */
  readonly folder: string;
  /** Called once, for a new store: 8 or more characters of a-z and 0-9. */
  readonly newHubId: () => string;
}

/** @throws PrismError see `openSqliteFile` */
export function openSqliteStore(options: SqliteOptions): Store {
  const { db, path } = openSqliteFile(options.folder, options.newHubId);
  try {
    return new SqliteStore(db, path);
  } catch (error) {
    db.close();
    throw sqliteErrorOf("open", path, error);
  }
}

class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #append: ReturnType<typeof prepareAppenders>;
  readonly #write: ReturnType<typeof prepareWrites>;
  readonly #find: ReturnType<typeof prepareReads>;
  readonly #ways: SqliteWays;
  readonly #upkeep: SqliteUpkeep;
  readonly #traceparentOf = (position: number): string | null =>
    textOrNull((this.#find.traceparent.get(position) as Row | undefined)?.[0]);

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#append = prepareAppenders(db);
    this.#write = prepareWrites(db);
    this.#find = prepareReads(db);
    this.#ways = new SqliteWays(db);
    this.#upkeep = new SqliteUpkeep(db);
  }

  load(done: Done<Snapshot | null>): void {
    this.#try("read", done, null, () => this.#snapshot());
  }

  commit(changes: Changes, done: Done<void>): void {
    this.#try("write to", done, undefined, () => this.#inTransaction(() => this.#apply(changes)));
  }

  read(wants: readonly Want[], done: Done<readonly Found[]>): void {
    this.#try("read", done, [], () => wants.map((want) => this.#found(want)));
  }

  maintain(upkeep: Upkeep, done: Done<boolean>): void {
    this.#try("write to", done, false, () => this.#inTransaction(() => this.#upkeep.step(upkeep)));
  }

  check(done: Done<void>): void {
    this.#try("read", done, undefined, () => void this.#find.hub.get());
  }

  close(done: Done<void>): void {
    this.#try("close", done, undefined, () => this.#db.close());
  }

  #try<T>(action: string, done: Done<T>, nothing: T, run: () => T): void {
    let value = nothing;
    let failure: PrismError | null = null;
    try {
      value = run();
    } catch (error) {
      failure = sqliteErrorOf(action, this.#path, error);
    }
    done(failure, value);
  }

  #inTransaction<T>(run: () => T): T {
    this.#write.begin.run();
    try {
      const value = run();
      this.#write.commit.run();
      return value;
    } catch (error) {
      for (const appender of Object.values(this.#append)) appender.reset();
      // SQLite has rolled back already after some errors, a full disk among them.
      if (this.#db.isTransaction) this.#write.rollback.run();
      throw error;
    }
  }

  #apply(changes: Changes): void {
    const { signals, keys, progress, drains, mailboxes } = this.#append;
    for (const { head, text, key } of changes.signals) {
      signals.add(
        head.position,
        head.address,
        head.previous,
        head.from,
        flagsOf(head),
        head.acceptedAtMs,
        head.expiresAtMs,
        head.replyTo,
        head.session,
        head.textBytes,
        text,
      );
      if (key !== null) keys.add(head.position, key);
      if (head.traceparent !== null) this.#write.traceparent.run(head.position, head.traceparent);
    }
    for (const { position, state, deliveredAtMs, endedAtMs, pushedAtMs } of changes.progress)
      progress.add(position, STATE_NUMBERS[state], deliveredAtMs, endedAtMs, pushedAtMs);
    for (const { position, address, key, atMs, signals: taken, reader } of changes.drains)
      drains.add(
        ...[position, address, key, atMs, positionsText(taken)],
        ...[reader?.session ?? null, reader?.surface ?? null, reader?.host ?? null],
      );
    for (const { address, through, rungAtMs, takenAtMs, way, attempt, host } of changes.rings)
      this.#write.ring.run(address, through, rungAtMs, takenAtMs, way, attempt, host);
    for (const mailbox of changes.mailboxes)
      mailboxes.add(mailbox.address, mailbox.through, mailbox.told, mailbox.drains);
    for (const appender of [signals, keys, progress, drains, mailboxes]) appender.finish();
    for (const { address, through } of changes.purges) this.#purge(address, through);
    this.#applyRegistry(changes);
    this.#write.position.run(changes.position);
  }

  /** Along the mailbox's chain, from its new end to its old one: no index finds them. */
  #purge(address: number, through: number): void {
    for (let position = through; position !== 0; ) {
      const row = this.#find.link.get(position) as Row | undefined;
      if (row === undefined || row[0] !== address) return;
      this.#write.purged.run(position);
      position = int(row[1]);
    }
  }

  #applyRegistry(changes: Changes): void {
    const write = this.#write;
    for (const id of changes.addressesRemoved) {
      write.addressRemoved.run(id);
      write.mailboxRemoved.run(id);
    }
    for (const at of changes.addresses) {
      write.address.run(
        at.id,
        at.tenant,
        at.persona,
        at.project,
        at.leaseMs,
        at.lastHeardAtMs,
        at.wrappedAtMs,
        at.master,
        at.identity?.createdAtMs ?? null,
        at.identity?.archivedAtMs ?? null,
        at.identity?.tokenSha256 ?? null,
      );
    }
    for (const session of changes.sessions) {
      write.session.run(
        session.id,
        session.address,
        session.kind,
        session.surface,
        session.host,
        session.root,
        session.instance,
        session.version,
        session.startedAtMs,
        session.lastHeardAtMs,
        session.wrappedAtMs,
      );
    }
    for (const id of changes.sessionsRemoved) write.sessionRemoved.run(id);
  }

  #snapshot(): Snapshot {
    const find = this.#find;
    const hub = (find.hub.get() ?? []) as Row;
    const settled = int(hub[2]);
    return {
      hubId: string(hub[0]),
      position: int(hub[1]),
      addresses: rows(find.addresses).map(addressFrom),
      sessions: rows(find.sessions).map(sessionFrom),
      mailboxes: rows(find.mailboxes).map((row) => ({
        address: int(row[0]),
        through: int(row[1]),
        told: int(row[2]),
        drains: int(row[3]),
        holds: row[4] === 1,
      })),
      open: [...rows(find.openSettled, settled), ...rows(find.openSince, settled)].map((row) => ({
        head: headFrom(row, this.#traceparentOf),
        deliveredAtMs: intOrNull(row[10]),
        pushedAtMs: intOrNull(row[11]),
      })),
      // Newest first, because only so many are remembered; told oldest first.
      recent: rows(find.recent, bounds.recentSignalsMax)
        .reverse()
        .map((row) => ({ address: int(row[0]), from: textOrNull(row[1]), acceptedAtMs: int(row[2]) })),
      keys: rows(find.keys, bounds.keysMax)
        .reverse()
        .map((row) => ({
          tenant: string(row[0]),
          from: textOrNull(row[1]),
          key: string(row[2]),
          position: int(row[3]),
          atMs: int(row[4]),
        })),
      drains: rows(find.drains, bounds.drainsMax)
        .reverse()
        .map((row) => ({
          position: int(row[0]),
          address: int(row[1]),
          key: string(row[2]),
          atMs: int(row[3]),
        })),
    };
  }

  #found(want: Want): Found {
    switch (want.kind) {
      case "signals":
        return this.#signals(want.positions);
      case "drain": {
        const row = this.#find.drain.get(want.position) as Row | undefined;
        return this.#signals(row === undefined ? [] : positionsFrom(row[0]));
      }
      case "trace":
        return this.#trace(want.position);
      case "history":
        return this.#history(want);
    }
  }

  #signals(positions: readonly number[]): Found {
    const signals: StoredSignal[] = [];
    for (const position of positions) {
      const row = this.#find.signal.get(position) as Row | undefined;
      const signal = row === undefined ? null : signalFrom(row, this.#traceparentOf);
      if (signal !== null) signals.push(signal);
    }
    return { signals, next: null };
  }

  #trace(position: number): Found {
    const found = this.#signals([position]);
    const signal = found.signals[0];
    return signal === undefined ? found : { ...found, way: this.#ways.of(signal) };
  }

  /** Walks a mailbox's chain backwards. */
  #history(want: Extract<Want, { kind: "history" }>): Found {
    const signals: StoredSignal[] = [];
    let bytes = 0;
    let reached = want.before;
    let position = this.#chainBefore(want.address, want.before);
    for (let links = 0; position !== 0; links++) {
      if (links === LINKS_MAX || signals.length === want.signalsMax) return { signals, next: reached };
      const row = this.#find.signal.get(position) as Row | undefined;
      if (row === undefined) break;
      const signal = signalFrom(row, this.#traceparentOf);
      if (position < want.before && signal !== null && (want.state ?? signal.state) === signal.state) {
        bytes += signal.textBytes;
        if (signals.length > 0 && bytes > want.bytesMax) return { signals, next: reached };
        signals.push(signal);
      }
      reached = position;
      position = int(row[2]);
    }
    return { signals, next: null };
  }

  /** Where the chain goes on before a position: usually a link of it, else it is looked for from the end. */
  #chainBefore(address: number, before: number): number {
    const row = this.#find.signal.get(before) as Row | undefined;
    if (row !== undefined && row[1] === address) return int(row[2]);
    return int((this.#find.through.get(address) as Row | undefined)?.[0]);
  }
}

function rows(statement: StatementSync, ...values: SQLInputValue[]): Row[] {
  return statement.all(...values) as unknown as Row[];
}

/**
 * OR FAIL: a statement of several rows then keeps no journal of its own, with which SQLite would undo its first
 * rows if a later one failed (a copy of each page it touches). The transaction is rolled back as a whole anyway.
 * The tables whose rows are replaced stay with OR REPLACE: an upsert with OR FAIL measured no better.
 */
function prepareAppenders(db: DatabaseSync) {
  const signalColumns = `position, address, previous, sender, flags, accepted_at_ms, expires_at_ms,
    reply_to, session, text_bytes, text`;
  return {
    signals: new Appender(db, `INSERT OR FAIL INTO signals (${signalColumns})`, 11),
    keys: new Appender(db, "INSERT OR FAIL INTO keys (position, key)", 2),
    progress: new Appender(
      db,
      "INSERT OR REPLACE INTO progress (position, state, delivered_at_ms, ended_at_ms, pushed_at_ms)",
      5,
    ),
    drains: new Appender(
      db,
      "INSERT OR FAIL INTO drains (position, address, key, drained_at_ms, signals, session, surface, host)",
      8,
    ),
    mailboxes: new Appender(db, "INSERT OR REPLACE INTO mailboxes (address, through, told, drains)", 4),
  };
}

function prepareWrites(db: DatabaseSync) {
  return {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    rollback: db.prepare("ROLLBACK"),
    position: db.prepare("UPDATE hub SET position = ?"),
    traceparent: db.prepare("INSERT OR REPLACE INTO traceparents (position, traceparent) VALUES (?, ?)"),
    ring: db.prepare(
      // As `sameRing` of the core: the first one stays, and has the first receipt.
      `INSERT INTO rings (${RING_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (through, address) DO UPDATE SET attempt = excluded.attempt,
           way = CASE WHEN taken_at_ms IS NULL THEN excluded.way ELSE way END,
           taken_at_ms = coalesce(taken_at_ms, excluded.taken_at_ms)`,
    ),
    address: db.prepare(
      `INSERT INTO addresses (${ADDRESS_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET lease_ms = excluded.lease_ms,
           last_heard_at_ms = excluded.last_heard_at_ms, wrapped_at_ms = excluded.wrapped_at_ms,
           master = excluded.master, created_at_ms = excluded.created_at_ms,
           archived_at_ms = excluded.archived_at_ms, token_sha256 = excluded.token_sha256`,
    ),
    session: db.prepare(
      `INSERT INTO sessions (${SESSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET surface = excluded.surface, host = excluded.host,
           root = excluded.root, instance = excluded.instance, version = excluded.version,
           last_heard_at_ms = excluded.last_heard_at_ms, wrapped_at_ms = excluded.wrapped_at_ms`,
    ),
    purged: db.prepare("UPDATE signals SET text = '' WHERE position = ? AND text IS NOT NULL"),
    addressRemoved: db.prepare("DELETE FROM addresses WHERE id = ?"),
    mailboxRemoved: db.prepare("DELETE FROM mailboxes WHERE address = ?"),
    sessionRemoved: db.prepare("DELETE FROM sessions WHERE id = ?"),
  };
}

function prepareReads(db: DatabaseSync) {
  const prepare = arrayStatements(db);
  const open = `SELECT ${HEAD_COLUMNS}, p.delivered_at_ms, p.pushed_at_ms FROM signals s
    LEFT JOIN progress p ON p.position = s.position`;
  return {
    hub: prepare("SELECT hub_id, position, settled FROM hub"),
    addresses: prepare(`SELECT ${ADDRESS_COLUMNS} FROM addresses ORDER BY id`),
    sessions: prepare(`SELECT ${SESSION_COLUMNS} FROM sessions ORDER BY started_at_ms, rowid`),
    mailboxes: prepare(
      // A mailbox is forgotten from its old end: as long as any of it is kept, its newest is.
      `SELECT address, through, told, drains,
         EXISTS (SELECT 1 FROM signals WHERE position = through) FROM mailboxes`,
    ),
    openSettled: prepare(
      `${open} WHERE s.position IN (SELECT position FROM waiting) AND s.position <= ?
         AND p.ended_at_ms IS NULL ORDER BY s.position`,
    ),
    openSince: prepare(
      `${open} WHERE s.position > ? AND s.text IS NOT NULL AND p.ended_at_ms IS NULL ORDER BY s.position`,
    ),
    recent: prepare("SELECT address, sender, accepted_at_ms FROM signals ORDER BY position DESC LIMIT ?"),
    keys: prepare(
      `SELECT a.tenant, s.sender, k.key, s.position, s.accepted_at_ms FROM keys k
         JOIN signals s ON s.position = k.position JOIN addresses a ON a.id = s.address
         ORDER BY k.position DESC LIMIT ?`,
    ),
    drains: prepare(
      "SELECT position, address, key, drained_at_ms FROM drains ORDER BY position DESC LIMIT ?",
    ),
    drain: prepare("SELECT signals FROM drains WHERE position = ?"),
    signal: prepare(
      `SELECT ${SIGNAL_COLUMNS} FROM signals s LEFT JOIN progress p ON p.position = s.position
         WHERE s.position = ?`,
    ),
    traceparent: prepare("SELECT traceparent FROM traceparents WHERE position = ?"),
    link: prepare("SELECT address, previous FROM signals WHERE position = ?"),
    through: prepare("SELECT through FROM mailboxes WHERE address = ?"),
  };
}
