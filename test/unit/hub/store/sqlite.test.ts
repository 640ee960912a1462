/** What only a file can do: survive its process, be full, damaged, foreign, newer, or held by another hub. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { openEngine } from "../../../../src/hub/engine.ts";
import { openSqliteStore } from "../../../../src/hub/store/sqlite.ts";
import type { Store } from "../../../../src/hub/store/store.ts";
import { nodeProcess } from "../../../support/node-process.ts";
import {
  addressOf,
  asked,
  chainOf,
  closeStore,
  commitTo,
  loadOf,
  maintainFully,
  readFrom,
  signalOf,
  signalsAt,
} from "../../../support/store-script.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const isRoot = process.getuid?.() === 0;

function openIn(folder: string): Store {
  const store = openSqliteStore({ folder, newHubId: () => "k7qd0000" });
  onTestFinished(() => asked<void>((done) => store.close(() => done(null, undefined))));
  return store;
}

function refusalOf(folder: string): unknown {
  try {
    openIn(folder);
  } catch (error) {
    return error;
  }
  throw new Error("it opened");
}

describe("kill -9", () => {
  it("loses nothing that was acknowledged, in any of many rounds", async () => {
    const folder = join(tempDir(), "hub");
    let acknowledged = 0;
    for (let round = 0; round < 6; round++) {
      const hub = nodeProcess(`
        import { openSqliteStore } from "#src/hub/store/sqlite.ts";
        const store = openSqliteStore({ folder: ${JSON.stringify(folder)}, newHubId: () => "k7qd0000" });
        store.load((error, snapshot) => {
          if (error !== null) throw error;
          let position = snapshot.position;
          const commit = () => {
            const signals = [];
            for (let at = 0; at < 5; at++) {
              position++;
              signals.push({ text: "text " + position, key: null, head: { position, address: 1,
                previous: position - 1, from: null, urgent: false, acceptedAtMs: 1, expiresAtMs: 2,
                final: false, replyTo: null, session: null, textBytes: 6, traceparent: null } });
            }
            store.commit({ position, signals, addresses: [], sessions: [], sessionsRemoved: [], addressesRemoved: [], purges: [], rings: [], progress: [],
              drains: [], mailboxes: [{ address: 1, through: position, told: 0, drains: 0 }] }, (error) => {
              if (error !== null) throw error;
              process.stdout.write(position + "\\n");
              setImmediate(commit);
            });
          };
          commit();
        });
      `);
      for (let lines = 0; lines < 3 + round * 7; lines++) acknowledged = Number(await hub.line());
      await hub.kill("SIGKILL");
      const store = openIn(folder);
      const { position, open } = await loadOf(store);
      expect(position).toBeGreaterThanOrEqual(acknowledged);
      expect(open.map(({ head }) => head.position)).toEqual(
        Array.from({ length: position }, (_, at) => at + 1),
      );
      expect((await signalsAt(store, [acknowledged]))[0]?.text).toBe(`text ${acknowledged}`);
      await closeStore(store);
    }
  });
});

describe("the file", () => {
  it("is its owner's alone, with its folder and its side files", async () => {
    const folder = join(tempDir(), "deep", "hub");
    const store = openIn(folder);
    await commitTo(store, { position: 1 });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "hub.db")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "hub.db-wal")).mode & 0o777).toBe(0o600);
  });

  it("is made owner-only again if somebody opened it up", () => {
    const folder = tempDir();
    writeFileSync(join(folder, "hub.db"), "", { mode: 0o666 });
    chmodSync(join(folder, "hub.db"), 0o666);
    openIn(folder);
    expect(statSync(join(folder, "hub.db")).mode & 0o777).toBe(0o600);
  });

  it("is held by one hub, in this process or another, and free after its end", async () => {
    const folder = tempDir();
    const store = openIn(folder);
    expect(refusalOf(folder)).toMatchObject({ code: "already_running" });
    const other = nodeProcess(`
      import { openSqliteStore } from "#src/hub/store/sqlite.ts";
      try {
        openSqliteStore({ folder: ${JSON.stringify(folder)}, newHubId: () => "x" });
        console.log("opened");
      } catch (error) { console.log(error.code); }
    `);
    expect(await other.line()).toBe("already_running");
    await closeStore(store);
    openIn(folder);
  });

  it("of a newer Prism is refused and left as it was", async () => {
    const folder = tempDir();
    await closeStore(openIn(folder));
    const db = new DatabaseSync(join(folder, "hub.db"));
    db.exec("PRAGMA user_version = 99");
    db.close();
    const before = readFileSync(join(folder, "hub.db"));
    expect(refusalOf(folder)).toMatchObject({ code: "unsupported", message: /version 99/ });
    expect(readFileSync(join(folder, "hub.db"))).toEqual(before);
  });

  it("of another program is refused and left as it was", () => {
    const folder = tempDir();
    const db = new DatabaseSync(join(folder, "hub.db"));
    db.exec("CREATE TABLE notes (text TEXT)");
    db.close();
    const before = readFileSync(join(folder, "hub.db"));
    expect(refusalOf(folder)).toMatchObject({ code: "storage_failed", message: /not a Prism store/ });
    expect(readFileSync(join(folder, "hub.db"))).toEqual(before);
    expect(existsSync(join(folder, "hub.db-wal"))).toBe(false);
  });

  it.each([
    ["text", "this is no database, whatever it is".repeat(300)],
    ["a few bytes", "SQLite"],
    ["zeroes", "\0".repeat(8_192)],
  ])("that is %s gets one clear sentence, and is kept", (_what, content) => {
    const folder = tempDir();
    writeFileSync(join(folder, "hub.db"), content);
    expect(refusalOf(folder)).toMatchObject({ code: "storage_failed", message: /damaged|not a Prism store/ });
    expect(readFileSync(join(folder, "hub.db"), "utf8")).toBe(content);
  });

  it("that lost its end is refused, not repaired by guesswork", async () => {
    const folder = tempDir();
    const store = openIn(folder);
    await commitTo(store, {
      position: 500,
      addresses: [addressOf({ id: 1 })],
      signals: chainOf(1, range(500)),
    });
    await closeStore(store);
    truncateSync(join(folder, "hub.db"), 8_192 * 3);
    const failure = await failureOf(folder);
    expect(failure).toMatchObject({ code: "storage_failed", message: /damaged/ });
    expect(statSync(join(folder, "hub.db")).size).toBe(8_192 * 3);
  });

  it("with a page overwritten says so when that page is read, and goes on", async () => {
    const folder = tempDir();
    const store = openIn(folder);
    await commitTo(store, {
      position: 500,
      addresses: [addressOf({ id: 1 })],
      signals: chainOf(1, range(500)),
    });
    await closeStore(store);
    const path = join(folder, "hub.db");
    const pages = Math.floor(statSync(path).size / 8_192);
    const file = openSync(path, "r+");
    for (let page = 12; page < pages; page++)
      writeSync(file, Buffer.alloc(8_192, 0x5a), 0, 8_192, page * 8_192);
    expect(await failureOf(folder)).toMatchObject({ code: "storage_failed", message: /damaged/ });
  });

  it("that can't be opened or written is a matter of permission", async () => {
    const folder = tempDir();
    await closeStore(openIn(folder));
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "hub.db"), 0o444);
    // Root may do everything: a user who may not is asked.
    const other = nodeProcess(`
      import { openSqliteStore } from "#src/hub/store/sqlite.ts";
      if (process.getuid() === 0) { process.setegid(65534); process.seteuid(65534); }
      try {
        openSqliteStore({ folder: ${JSON.stringify(folder)}, newHubId: () => "x" });
        console.log("opened");
      } catch (error) { console.log(error.code); }
    `);
    expect(await other.line()).toBe(isRoot ? "permission_denied" : "opened");
  });
});

describe("a full disk", () => {
  /** A real one is small, and only root can make it: without, SQLite's own bound stands in for it. */
  const fullDisk = isRoot
    ? (folder: string) => {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "prism-test", folder]);
        onTestFinished(() => void execFileSync("umount", ["-l", folder]));
      }
    : null;

  it.skipIf(fullDisk === null)(
    "refuses new signals, keeps the old readable, and takes new ones once there is room",
    async () => {
      const folder = tempDir();
      fullDisk?.(folder);
      const store = openIn(folder);
      await commitTo(store, { position: 0, addresses: [addressOf({ id: 1 })] });
      const text = "x".repeat(16_384);
      let position = 0;
      const failure = await (async () => {
        for (;;) {
          const next = position + 1;
          const mailboxes = [{ address: 1, through: next, told: 0, drains: 0 }];
          try {
            await commitTo(store, {
              position: next,
              mailboxes,
              signals: [signalOf({ position: next, previous: position, text })],
            });
          } catch (error) {
            return error;
          }
          position = next;
        }
      })();
      expect(failure).toMatchObject({ code: "storage_full" });
      expect(position).toBeGreaterThan(5);
      expect((await loadOf(store)).position).toBe(position);
      expect((await signalsAt(store, range(position))).map((signal) => signal.text)).toEqual(
        range(position).map(() => text),
      );

      execFileSync("mount", ["-o", "remount,size=8m", folder]);
      await commitTo(store, {
        position: position + 1,
        signals: [signalOf({ position: position + 1, text })],
      });
      await closeStore(store);
      expect((await loadOf(openIn(folder))).open).toHaveLength(position + 1);
    },
  );

  it.skipIf(fullDisk === null)(
    "is one clear sentence to a hub's sender, and the hub serves its readers",
    async () => {
      const folder = tempDir();
      fullDisk?.(folder);
      let ids = 0;
      const hub = openEngine({
        store: openSqliteStore({ folder, newHubId: () => "k7qd0000" }),
        now: Date.now,
        newId: () => `n${++ids}`,
        retentionMs: 3_600_000,
        version: "1",
        log: () => {},
      });
      const caller = { tenant: "local", scope: "home", session: null } as const;
      const daemon = {
        kind: "daemon",
        persona: "reviewer",
        project: "shop",
        protocol: 1,
        version: "1",
      } as const;
      await new Promise<void>((resolve) => hub.start(caller, daemon, null, () => resolve()));
      const signal = (): Promise<string> =>
        new Promise((resolve) =>
          hub.call(caller, "signal", { to: "reviewer@shop", text: "x".repeat(60_000) }, (outcome) =>
            resolve("ok" in outcome ? "ok" : outcome.error.code),
          ),
        );
      let accepted = 0;
      let outcome = await signal();
      for (; outcome === "ok"; outcome = await signal()) accepted++;
      expect(outcome).toBe("storage_full");
      const history = await new Promise((resolve) =>
        hub.call(caller, "history", { persona: "reviewer", project: "shop", limit: 2 }, resolve),
      );
      expect(history).toMatchObject({ ok: { signals: [{ state: "pending" }, { state: "pending" }] } });
      const status = await new Promise((resolve) => hub.call(caller, "status", {}, resolve));
      expect(status).toMatchObject({ ok: { waiting: [{ open: accepted }] } });
      await hub.close("done");
    },
  );

  it("keeps nothing of a batch that does not fit, not even its small parts", async () => {
    const folder = tempDir();
    const store = openIn(folder);
    await commitTo(store, { position: 1, addresses: [addressOf({ id: 1 })], signals: chainOf(1, [1]) });
    // The same position twice: whatever makes a statement fail, the whole batch must go.
    const batch = { position: 3, signals: [signalOf({ position: 2 }), signalOf({ position: 1 })] };
    await expect(commitTo(store, batch)).rejects.toMatchObject({ code: "storage_failed" });
    expect(await loadOf(store)).toMatchObject({ position: 1, open: [{ head: { position: 1 } }] });
    await commitTo(store, { position: 4, signals: [signalOf({ position: 4 })] });
  });
});

describe("a long life", () => {
  it("reads what is open at its start, not all that was ever kept", async () => {
    const folder = tempDir();
    const store = openIn(folder);
    await commitTo(store, { position: 0, addresses: [addressOf({ id: 1 })] });
    const positions = range(3_000);
    const ended = positions.filter((position) => position % 1_000 !== 0);
    await commitTo(store, {
      position: 3_000,
      signals: chainOf(1, positions),
      progress: ended.map((position) => ({
        position,
        state: "drained",
        pushedAtMs: null,
        deliveredAtMs: null,
        endedAtMs: 9e12,
      })),
    });
    await maintainFully(store);
    await closeStore(store);
    const db = new DatabaseSync(join(folder, "hub.db"));
    expect(db.prepare("SELECT position FROM waiting").all()).toEqual(
      [1_000, 2_000, 3_000].map((position) => ({ position })),
    );
    expect(db.prepare("SELECT settled FROM hub").get()).toEqual({ settled: 3_000 });
    db.close();
    const again = openIn(folder);
    expect((await loadOf(again)).open.map(({ head }) => head.position)).toEqual([1_000, 2_000, 3_000]);
  });

  it("gives its space back to new signals: the file does not grow for ever", async () => {
    const folder = tempDir();
    const store = openIn(folder);
    await commitTo(store, { position: 0, addresses: [addressOf({ id: 1 })] });
    const sizes: number[] = [];
    for (let round = 0; round < 6; round++) {
      const positions = range(400).map((at) => round * 400 + at);
      await commitTo(store, {
        position: positions.at(-1) ?? 0,
        signals: positions.map((position) => signalOf({ position, acceptedAtMs: 1, text: "x".repeat(500) })),
        progress: positions.map((position) => ({
          position,
          state: "drained",
          pushedAtMs: null,
          deliveredAtMs: null,
          endedAtMs: 1,
        })),
      });
      await maintainFully(store, { endedBeforeMs: 2, rowsMax: 400 });
      const [found] = await readFrom(store, { kind: "signals", positions });
      expect(found?.signals).toEqual([]);
      const db = statSync(join(folder, "hub.db")).size;
      sizes.push(db);
    }
    await closeStore(store);
    expect(statSync(join(folder, "hub.db")).size).toBeLessThan(2 * 400 * 600);
  });
});

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at + 1);
}

/** At its opening, or with the first thing it reads. */
async function failureOf(folder: string): Promise<unknown> {
  try {
    const store = openIn(folder);
    await loadOf(store);
    await signalsAt(store, range(500));
  } catch (error) {
    return error;
  }
  throw new Error("it read everything");
}
