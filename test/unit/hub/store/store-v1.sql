-- A store as Prism 0.1.0 left it (user_version 1), row by row: two addresses, a signal drained by key, two open.
PRAGMA page_size = 8192;
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
    urgent INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    reply_to INTEGER,
    session TEXT,
    text_bytes INTEGER NOT NULL,
    -- Last, so that reading the rest never touches a long text's pages. Null: forgotten, the link remains.
    text TEXT
  );
CREATE TABLE progress (
    position INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,
    delivered_at_ms INTEGER,
    ended_at_ms INTEGER
  );
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
    signals TEXT NOT NULL
  );
CREATE TABLE waiting (
    position INTEGER PRIMARY KEY
  );
INSERT INTO hub VALUES (1, 'k7qd0000', 4, 0);
INSERT INTO addresses VALUES (1, 'local', 'reviewer', 'shop', 604800000, 1700000000000, NULL, NULL);
INSERT INTO addresses VALUES (2, 'local', 'planner', 'shop', 604800000, 1700000001000, NULL, 'n2');
INSERT INTO sessions VALUES ('n1', 1, 'daemon', 'terminal', 'anvil', '/src/shop', 'i1', '0.1.0', 1700000000000, 1700000000000, NULL);
INSERT INTO sessions VALUES ('n2', 2, 'agent', NULL, NULL, NULL, NULL, '0.1.0', 1700000001000, 1700000001000, NULL);
INSERT INTO mailboxes VALUES (1, 1, 1, 1);
INSERT INTO mailboxes VALUES (2, 4, 0, 0);
INSERT INTO signals VALUES (1, 1, 0, 'planner@shop', 1, 1700000002000, 1700086402000, NULL, NULL, 22, 'first, it''s "urgent"');
INSERT INTO signals VALUES (3, 2, 0, 'reviewer@shop', 0, 1700000004000, 1700086404000, 1, NULL, 8, 'answered');
INSERT INTO signals VALUES (4, 2, 3, NULL, 1, 1700000005000, 1700086405000, NULL, NULL, 15, 'urgent and open');
INSERT INTO progress VALUES (1, 2, NULL, 1700000003000);
INSERT INTO keys VALUES (1, 'k1');
INSERT INTO drains VALUES (2, 1, 'd1', 1700000003000, '1');
PRAGMA application_id = 1349677933;
PRAGMA user_version = 1;
