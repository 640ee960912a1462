/** A store of an earlier Prism is taken over in place: nothing of it is lost, and what it did not know is false. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { openSqliteStore } from "../../../../src/hub/store/sqlite.ts";
import type { Store } from "../../../../src/hub/store/store.ts";
import {
  closeStore,
  commitTo,
  loadOf,
  readFrom,
  signalOf,
  signalsAt,
} from "../../../support/store-script.ts";
import { tempDir } from "../../../support/temp-dir.ts";

/** @returns the folder of a store as version 1 left it, or as version 2 did that had taken one over */
function storeOfVersion(version: 1 | 2): string {
  const folder = tempDir();
  const db = new DatabaseSync(join(folder, "hub.db"));
  db.exec(readFileSync(join(import.meta.dirname, "store-v1.sql"), "utf8"));
  if (version === 2) db.exec("ALTER TABLE signals RENAME COLUMN urgent TO flags; PRAGMA user_version = 2");
  db.close();
  return folder;
}

function openIn(folder: string): Store {
  return openSqliteStore({ folder, newHubId: () => "never" });
}

function versionIn(folder: string): unknown {
  const db = new DatabaseSync(join(folder, "hub.db"), { readOnly: true });
  const row = db.prepare("PRAGMA user_version").get();
  db.close();
  return row?.["user_version"];
}

it.each([1, 2] as const)("takes over all that version %i kept", async (version) => {
  const folder = storeOfVersion(version);
  const store = openIn(folder);
  const snapshot = await loadOf(store);
  expect(snapshot).toMatchObject({ hubId: "k7qd0000", position: 4 });
  expect(snapshot.addresses.map(({ persona }) => persona)).toEqual(["reviewer", "planner"]);
  expect(snapshot.addresses.map(({ identity }) => identity)).toEqual([null, null]);
  expect(snapshot.sessions.map(({ id }) => id)).toEqual(["n1", "n2"]);
  expect(snapshot.keys).toMatchObject([{ from: "planner@shop", key: "k1", position: 1 }]);
  expect(snapshot.drains).toMatchObject([{ key: "d1", position: 2 }]);
  expect(snapshot.open.map(({ head }) => head)).toMatchObject([
    { position: 3, urgent: false, final: false, replyTo: 1 },
    { position: 4, urgent: true, final: false, previous: 3 },
  ]);
  expect(snapshot.recent.map(({ from }) => from)).toEqual(["planner@shop", "reviewer@shop", null]);
  expect(await signalsAt(store, [1])).toMatchObject([
    { text: 'first, it\'s "urgent"', urgent: true, final: false, state: "drained" },
  ]);
  await closeStore(store);
  expect(versionIn(folder)).toBe(3);
});

it("keeps a signal's way from then on, and knows nothing of it from before", async () => {
  const folder = storeOfVersion(2);
  let store = openIn(folder);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const ring = { address: 1, through: 5, rungAtMs: 9, takenAtMs: 10, way: "tty", attempt: 1, host: "laptop" };
  const reader = { session: "n2", surface: "codex", host: "laptop" };
  await commitTo(store, {
    position: 6,
    signals: [signalOf({ position: 5, traceparent })],
    progress: [{ position: 5, state: "drained", pushedAtMs: 7, deliveredAtMs: 8, endedAtMs: 11 }],
    drains: [{ position: 6, address: 1, key: "d2", atMs: 11, signals: [5], reader }],
    rings: [ring],
  });
  await closeStore(store);
  store = openIn(folder);
  const [now, before] = await readFrom(store, { kind: "trace", position: 5 }, { kind: "trace", position: 1 });
  expect(now).toMatchObject({ signals: [{ traceparent, pushedAtMs: 7 }], way: { rings: [ring], reader } });
  expect(before).toMatchObject({ signals: [{ traceparent: null, pushedAtMs: null }], way: { reader: null } });
  await closeStore(store);
});

it("keeps from then on what version 1 could not", async () => {
  const folder = storeOfVersion(1);
  let store = openIn(folder);
  const signals = [
    signalOf({ position: 5, final: true }),
    signalOf({ position: 6, urgent: true, final: true }),
    signalOf({ position: 7 }),
  ];
  await commitTo(store, { position: 7, signals });
  await closeStore(store);
  store = openIn(folder);
  expect(await signalsAt(store, [5, 6, 7])).toMatchObject([
    { urgent: false, final: true },
    { urgent: true, final: true },
    { urgent: false, final: false },
  ]);
  await closeStore(store);
});

it("keeps personas from then on in a store of version 2", async () => {
  const folder = storeOfVersion(2);
  let store = openIn(folder);
  const [reviewer] = (await loadOf(store)).addresses;
  if (reviewer === undefined) throw new Error("the store has lost its addresses");
  const identity = { createdAtMs: 1, archivedAtMs: 2, tokenSha256: "a".repeat(64) };
  await commitTo(store, { position: 5, addresses: [{ ...reviewer, identity }] });
  await closeStore(store);
  store = openIn(folder);
  expect((await loadOf(store)).addresses.map((address) => address.identity)).toEqual([identity, null]);
  await closeStore(store);
});

it("leaves a store as it was if the change can't be made whole", () => {
  const folder = storeOfVersion(1);
  const db = new DatabaseSync(join(folder, "hub.db"));
  // SQLite renames no column while a view names one that is not there.
  db.exec("CREATE VIEW broken AS SELECT no_such_column FROM signals");
  db.close();
  expect(() => openIn(folder)).toThrow(expect.objectContaining({ code: "storage_failed" }));
  expect(versionIn(folder)).toBe(1);
});
