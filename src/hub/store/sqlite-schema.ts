/**
 * The embedded store's tables, laid out for appending: a batch writes to the ends of a few tables, so that
 * its commit touches few pages. Hence no index on signals by mailbox (each signal names the one before it
 * instead: measured, an index over 50 mailboxes costs a third of the throughput), and a signal's progress
 * beside the signal instead of in it.
 *
 * Times are epoch milliseconds; positions are the hub's one sequence.
 */

/** "Prsm": tells a Prism store from any other SQLite file. */
export const APPLICATION_ID = 0x5072736d;
export const SCHEMA_VERSION = 3;

/** As kept in `signals.flags`, added up. `traced`: its sender's traceparent stands in the table of those. */
export const FLAGS = { urgent: 1, final: 2, traced: 4 } as const;

/** As kept in `progress.state`; a signal without a row there is pending. */
export const STATE_NUMBERS = { delivered: 1, drained: 2, expired: 3 } as const;

/**
 * For the few signals that were sent with a traceparent, and for rings, of which there is one where many signals are.
 * A ring's newest signal comes first in its key: written near the end of the table, and found by a signal's position
 * without an index.
 */
const TRACE_TABLES = `
  CREATE TABLE traceparents (
    position INTEGER PRIMARY KEY,
    traceparent TEXT NOT NULL
  );
  CREATE TABLE rings (
    through INTEGER NOT NULL,
    address INTEGER NOT NULL,
    rung_at_ms INTEGER NOT NULL,
    taken_at_ms INTEGER,
    way TEXT,
    attempt INTEGER NOT NULL,
    host TEXT,
    PRIMARY KEY (through, address)
  ) WITHOUT ROWID;
`;

export const SCHEMA = `
  CREATE TABLE hub (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    hub_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    -- Open signals up to here are listed in "waiting"; those after it are found by reading on from here.
    settled INTEGER NOT NULL
  );
  CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    persona TEXT NOT NULL,
    project TEXT NOT NULL,
    lease_ms INTEGER NOT NULL,
    last_heard_at_ms INTEGER NOT NULL,
    wrapped_at_ms INTEGER,
    master TEXT,
    -- Of a persona; all three null for an address that was only ever started.
    created_at_ms INTEGER,
    archived_at_ms INTEGER,
    token_sha256 TEXT,
    UNIQUE (tenant, persona, project)
  );
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    address INTEGER NOT NULL,
    kind TEXT NOT NULL,
    surface TEXT,
    host TEXT,
    root TEXT,
    instance TEXT,
    version TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    last_heard_at_ms INTEGER NOT NULL,
    wrapped_at_ms INTEGER
  );
  CREATE TABLE mailboxes (
    address INTEGER PRIMARY KEY,
    through INTEGER NOT NULL,
    told INTEGER NOT NULL,
    drains INTEGER NOT NULL
  );
  CREATE TABLE signals (
    position INTEGER PRIMARY KEY,
    address INTEGER NOT NULL,
    -- The signal before it in its mailbox, or 0.
    previous INTEGER NOT NULL,
    sender TEXT,
    flags INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    reply_to INTEGER,
    session TEXT,
    text_bytes INTEGER NOT NULL,
    -- Last, so that reading the rest never touches a long text's pages. Null: forgotten, the link remains.
    -- Empty: purged, and what became of the signal stays known.
    text TEXT
  );
  CREATE TABLE progress (
    position INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,
    delivered_at_ms INTEGER,
    ended_at_ms INTEGER,
    pushed_at_ms INTEGER
  );
  ${TRACE_TABLES}
  CREATE TABLE keys (
    position INTEGER PRIMARY KEY,
    key TEXT NOT NULL
  );
  CREATE TABLE drains (
    position INTEGER PRIMARY KEY,
    address INTEGER NOT NULL,
    key TEXT NOT NULL,
    drained_at_ms INTEGER NOT NULL,
    -- Positions in base 36, oldest first, with a comma between.
    signals TEXT NOT NULL,
    -- Of the session that drained; all three null if none did.
    session TEXT,
    surface TEXT,
    host TEXT
  );
  CREATE TABLE waiting (
    position INTEGER PRIMARY KEY
  );
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * What brings a store of each earlier version to the next one; run in one transaction, however many there are.
 * A new fact about a signal is a bit of `flags` and not a column: a column can only be added behind the text,
 * where reading it would touch a long text's pages.
 */
export const MIGRATIONS: { readonly [fromVersion: number]: string } = {
  1: `
    ALTER TABLE signals RENAME COLUMN urgent TO flags;
    PRAGMA user_version = 2;
  `,
  2: `
    ALTER TABLE addresses ADD COLUMN created_at_ms INTEGER;
    ALTER TABLE addresses ADD COLUMN archived_at_ms INTEGER;
    ALTER TABLE addresses ADD COLUMN token_sha256 TEXT;
    ALTER TABLE progress ADD COLUMN pushed_at_ms INTEGER;
    ALTER TABLE drains ADD COLUMN session TEXT;
    ALTER TABLE drains ADD COLUMN surface TEXT;
    ALTER TABLE drains ADD COLUMN host TEXT;
    ${TRACE_TABLES}
    PRAGMA user_version = 3;
  `,
};
