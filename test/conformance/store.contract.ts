/**
 * What every store does, whatever it is made of. Run by `store.test.ts` for each adapter.
 * Cites invariants 3 and 8: nothing acknowledged is lost, and history can be read until retention ends.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bounds } from "../../src/hub/core/bounds.ts";
import type { Store, Want } from "../../src/hub/store/store.ts";
import {
  addressOf,
  asked,
  chainOf,
  closeStore,
  commitTo,
  loadOf,
  maintainFully,
  maintainOnce,
  readFrom,
  sessionOf,
  signalOf,
  signalsAt,
} from "../support/store-script.ts";

export interface StoreHarness {
  /** Opens the store over what earlier lives left. */
  open(): Store;
  /** Removes all of it. */
  dispose(): void;
}

export function describeStore(name: string, makeHarness: () => StoreHarness): void {
  describe(`store contract: ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;

    beforeEach(() => {
      harness = makeHarness();
      store = harness.open();
    });

    afterEach(async () => {
      await closeStore(store);
      harness.dispose();
    });

    async function reopen(): Promise<void> {
      await closeStore(store);
      store = harness.open();
    }

    async function positionsIn(want: Want): Promise<readonly number[]> {
      const [found] = await readFrom(store, want);
      return found?.signals.map((signal) => signal.position) ?? [];
    }

    const history = (want: Partial<Extract<Want, { kind: "history" }>>): Want => ({
      kind: "history",
      address: 1,
      before: Number.MAX_SAFE_INTEGER,
      signalsMax: 100,
      bytesMax: 1_000_000,
      state: null,
      ...want,
    });

    describe("a purge", () => {
      it("forgets a mailbox's texts up to its position, those of its own batch too, and nothing else", async () => {
        const addresses = [addressOf({ id: 1 }), addressOf({ id: 2 })];
        const [one, two, five] = chainOf(1, [1, 2, 5]);
        const [three] = chainOf(2, [3]);
        if (one === undefined || two === undefined || three === undefined || five === undefined)
          throw new Error("the chains are too short");
        await commitTo(store, { position: 3, addresses, signals: [one, three] });
        await commitTo(store, {
          position: 4,
          signals: [two],
          progress: [{ position: 1, state: "expired", pushedAtMs: null, deliveredAtMs: null, endedAtMs: 7 }],
          purges: [{ address: 1, through: 2 }],
        });
        const mailboxes = [{ address: 1, through: 5, told: 0, drains: 0 }];
        await commitTo(store, { position: 5, signals: [five], mailboxes });
        await reopen();
        expect((await signalsAt(store, [1, 2, 3, 5])).map(({ text }) => text)).toEqual([
          "",
          "",
          three.text,
          five.text,
        ]);
        expect(await positionsIn(history({}))).toEqual([5, 2, 1]);
        expect(await signalsAt(store, [1])).toMatchObject([{ state: "expired", endedAtMs: 7 }]);
      });

      it("finds nothing in an empty mailbox", async () => {
        await commitTo(store, {
          position: 1,
          addresses: [addressOf({ id: 1 })],
          purges: [{ address: 1, through: 0 }],
        });
        expect((await loadOf(store)).position).toBe(1);
      });
    });

    describe("load", () => {
      it("answers before it returns, and finds a new store empty", () => {
        let hubId = "";
        store.load((error, snapshot) => {
          expect(error).toBeNull();
          expect(snapshot).toMatchObject({
            position: 0,
            addresses: [],
            sessions: [],
            mailboxes: [],
            open: [],
            keys: [],
            drains: [],
          });
          hubId = snapshot?.hubId ?? "";
        });
        expect(hubId).toMatch(/^[a-z0-9]{8,}$/);
      });

      it("keeps the hub's id and the position over restarts", async () => {
        const { hubId } = await loadOf(store);
        await commitTo(store, { position: 77 });
        await reopen();
        expect(await loadOf(store)).toMatchObject({ hubId, position: 77 });
      });

      it("finds addresses and mailboxes as they were written last", async () => {
        const first = addressOf({ id: 1 });
        const mailbox = { address: 1, through: 3, told: 2, drains: 1 };
        await commitTo(store, {
          position: 1,
          addresses: [first, addressOf({ id: 2 })],
          mailboxes: [mailbox],
        });
        const changed = { ...first, leaseMs: 5, lastHeardAtMs: 6, wrappedAtMs: 7, master: "m" };
        const later = { ...mailbox, through: 9 };
        await commitTo(store, { position: 2, addresses: [changed], mailboxes: [later] });
        await reopen();
        const snapshot = await loadOf(store);
        expect(snapshot.addresses).toEqual([changed, addressOf({ id: 2 })]);
        expect(snapshot.mailboxes).toEqual([{ ...later, holds: false }]);
      });

      it("keeps who is a persona, archived or not, with its token's hash, until it is one no more", async () => {
        const identity = { createdAtMs: 3, archivedAtMs: null, tokenSha256: "ab".repeat(32) };
        const made = addressOf({ id: 1, identity });
        const mere = addressOf({ id: 2 });
        await commitTo(store, { position: 1, addresses: [made, mere] });
        await reopen();
        expect((await loadOf(store)).addresses).toEqual([made, mere]);
        const archived = { ...made, identity: { ...identity, archivedAtMs: 9, tokenSha256: null } };
        await commitTo(store, { position: 2, addresses: [archived] });
        await reopen();
        expect((await loadOf(store)).addresses).toEqual([archived, mere]);
        const unmade = { ...made, identity: null };
        await commitTo(store, { position: 3, addresses: [unmade] });
        await reopen();
        expect((await loadOf(store)).addresses).toEqual([unmade, mere]);
      });

      it("forgets an address with its mailbox, and takes its name anew", async () => {
        const mailbox = { address: 1, through: 1, told: 0, drains: 0 };
        const [signal] = chainOf(1, [1]);
        if (signal === undefined) throw new Error("there is no signal");
        const addresses = [addressOf({ id: 1 })];
        await commitTo(store, { position: 1, addresses, signals: [signal], mailboxes: [mailbox] });
        await reopen();
        expect((await loadOf(store)).mailboxes).toEqual([{ ...mailbox, holds: true }]);
        const again = { ...addressOf({ id: 1 }), id: 2 };
        await commitTo(store, { position: 1, addressesRemoved: [1], addresses: [again] });
        await reopen();
        const snapshot = await loadOf(store);
        expect(snapshot.addresses).toEqual([again]);
        expect(snapshot.mailboxes).toEqual([]);
      });

      it("finds sessions by age, without those that were removed", async () => {
        const old = sessionOf({ id: "b", startedAtMs: 1 });
        const young = sessionOf({ id: "a", startedAtMs: 2 });
        const gone = sessionOf({ id: "c", startedAtMs: 3 });
        await commitTo(store, {
          position: 1,
          addresses: [addressOf({ id: 1 })],
          sessions: [gone, young, old],
        });
        const full = {
          ...young,
          surface: "tmux",
          host: "anvil",
          root: "/src/shop",
          instance: "i",
          version: "2",
          lastHeardAtMs: 50,
          wrappedAtMs: 60,
        };
        await commitTo(store, { position: 1, sessions: [full], sessionsRemoved: ["c"] });
        await reopen();
        expect((await loadOf(store)).sessions).toEqual([old, full]);
      });

      it("finds open signals oldest first, with their deliveries, and none that ended", async () => {
        const addresses = [addressOf({ id: 1 })];
        const signals = chainOf(1, [1, 2, 3, 4]);
        await commitTo(store, { position: 4, addresses, signals });
        await commitTo(store, {
          position: 6,
          progress: [
            { position: 2, state: "delivered", pushedAtMs: null, deliveredAtMs: 200, endedAtMs: null },
            { position: 1, state: "drained", pushedAtMs: null, deliveredAtMs: null, endedAtMs: 300 },
            { position: 4, state: "expired", pushedAtMs: null, deliveredAtMs: null, endedAtMs: 300 },
          ],
        });
        await reopen();
        const { open } = await loadOf(store);
        expect(open).toEqual([
          { head: signals[1]?.head, pushedAtMs: null, deliveredAtMs: 200 },
          { head: signals[2]?.head, pushedAtMs: null, deliveredAtMs: null },
        ]);
      });

      it("finds who signalled whom lately oldest first, whatever became of it, and only so many", async () => {
        const addresses = [addressOf({ id: 1 }), addressOf({ id: 2 })];
        const many = bounds.recentSignalsMax + 3;
        const signals = Array.from({ length: many }, (_, at) =>
          signalOf({ position: at + 1, address: (at % 2) + 1, from: at % 3 === 0 ? null : `p${at}@shop` }),
        );
        const progress = [
          { position: many, state: "drained", pushedAtMs: null, deliveredAtMs: null, endedAtMs: 5 },
        ] as const;
        await commitTo(store, { position: many, addresses, signals, progress });
        await reopen();
        const { recent } = await loadOf(store);
        expect(recent).toEqual(
          signals.slice(3).map(({ head }) => ({
            address: head.address,
            from: head.from,
            acceptedAtMs: head.acceptedAtMs,
          })),
        );
      });

      it("finds keys and drains oldest first", async () => {
        const signals = [
          signalOf({ position: 1, from: "planner@shop", key: "k1" }),
          signalOf({ position: 2 }),
          signalOf({ position: 3, key: "k3" }),
        ];
        const drain = { position: 4, address: 1, key: "d", atMs: 9, signals: [1, 2], reader: null };
        await commitTo(store, { position: 5, addresses: [addressOf({ id: 1 })], signals, drains: [drain] });
        await reopen();
        const { keys, drains } = await loadOf(store);
        expect(keys).toEqual([
          { tenant: "local", from: "planner@shop", key: "k1", position: 1, atMs: 101 },
          { tenant: "local", from: null, key: "k3", position: 3, atMs: 103 },
        ]);
        expect(drains).toEqual([{ position: 4, address: 1, key: "d", atMs: 9 }]);
      });
    });

    describe("read", () => {
      it("gives signals in the order asked, and leaves out what it does not hold", async () => {
        await commitTo(store, {
          position: 3,
          addresses: [addressOf({ id: 1 })],
          signals: chainOf(1, [1, 2, 3]),
        });
        const signals = await signalsAt(store, [3, 99, 1]);
        expect(signals.map((signal) => signal.text)).toEqual(["text 3", "text 1"]);
      });

      it.each([
        { urgent: false, final: false },
        { urgent: true, final: false },
        { urgent: false, final: true },
        { urgent: true, final: true },
      ])("gives back every member as it was written: %o", async ({ urgent, final }) => {
        const signal = signalOf({
          position: 7,
          previous: 5,
          from: "planner@shop",
          urgent,
          final,
          acceptedAtMs: 1_795_254_704_385,
          expiresAtMs: 1_795_341_104_385,
          replyTo: 3,
          session: "s-1",
          textBytes: 12,
        });
        await commitTo(store, { position: 7, addresses: [addressOf({ id: 1 })], signals: [signal] });
        const [stored] = await signalsAt(store, [7]);
        const { text } = signal;
        expect(stored).toEqual({
          ...signal.head,
          text,
          state: "pending",
          pushedAtMs: null,
          deliveredAtMs: null,
          endedAtMs: null,
        });
      });

      it("keeps the traceparent of the few that have one, as open, as read, and until they are forgotten", async () => {
        const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const [plain, traced] = [
          signalOf({ position: 1 }),
          signalOf({ position: 2, previous: 1, traceparent }),
        ];
        const mailboxes = [{ address: 1, through: 2, told: 0, drains: 0 }];
        const signals = [plain, traced];
        await commitTo(store, { position: 2, addresses: [addressOf({ id: 1 })], signals, mailboxes });
        await reopen();
        const told = (all: readonly { readonly traceparent: string | null }[]) =>
          all.map((one) => one.traceparent);
        expect(told((await loadOf(store)).open.map(({ head }) => head))).toEqual([null, traceparent]);
        expect(told(await signalsAt(store, [1, 2]))).toEqual([null, traceparent]);
        const progress = [1, 2].map((position) => {
          return { position, state: "drained", pushedAtMs: 3, deliveredAtMs: 4, endedAtMs: 200 } as const;
        });
        await commitTo(store, { position: 2, progress });
        await maintainFully(store, { endedBeforeMs: 200 });
        expect(await signalsAt(store, [1, 2])).toEqual([]);
      });

      it.each([
        ["control characters and NUL", "a\u0000b\u0007\u001f\u007f\r\n\t"],
        ["characters beyond the first plane", "\u{1f514}\u{10ffff}é漢"],
        ["quotes and SQL", `'; DROP TABLE signals; -- "x"`],
        ["64 kB", "x".repeat(65_536)],
        ["a single character", "x"],
      ])("keeps a text with %s", async (_what, text) => {
        await commitTo(store, {
          position: 1,
          addresses: [addressOf({ id: 1 })],
          signals: [signalOf({ position: 1, text })],
        });
        await reopen();
        expect((await signalsAt(store, [1]))[0]?.text).toBe(text);
      });

      it("shows a signal where it stood last", async () => {
        await commitTo(store, { position: 1, addresses: [addressOf({ id: 1 })], signals: chainOf(1, [1]) });
        const progress = {
          position: 1,
          state: "delivered",
          pushedAtMs: null,
          deliveredAtMs: 5,
          endedAtMs: null,
        } as const;
        await commitTo(store, { position: 1, progress: [progress] });
        expect(await signalsAt(store, [1])).toMatchObject([
          { state: "delivered", pushedAtMs: null, deliveredAtMs: 5 },
        ]);
        await commitTo(store, { position: 2, progress: [{ ...progress, state: "drained", endedAtMs: 6 }] });
        await reopen();
        expect(await signalsAt(store, [1])).toMatchObject([
          { state: "drained", pushedAtMs: null, deliveredAtMs: 5, endedAtMs: 6 },
        ]);
      });

      it("gives a drain's signals again, in its order", async () => {
        const positions = [1, 3, 40_000_000_000];
        await commitTo(store, {
          position: 40_000_000_001,
          addresses: [addressOf({ id: 1 })],
          signals: chainOf(1, positions),
          drains: [
            { position: 40_000_000_001, address: 1, key: "d", atMs: 9, signals: positions, reader: null },
          ],
        });
        await reopen();
        expect(await positionsIn({ kind: "drain", position: 40_000_000_001 })).toEqual(positions);
        expect(await positionsIn({ kind: "drain", position: 2 })).toEqual([]);
      });

      it("answers several wants in their order", async () => {
        await commitTo(store, {
          position: 2,
          addresses: [addressOf({ id: 1 })],
          signals: chainOf(1, [1, 2]),
        });
        const found = await readFrom(
          store,
          { kind: "signals", positions: [2] },
          { kind: "drain", position: 9 },
          history({ before: 2 }),
        );
        expect(found.map(({ signals }) => signals.map((signal) => signal.position))).toEqual([[2], [], [1]]);
      });
    });

    describe("history", () => {
      beforeEach(async () => {
        await commitTo(store, {
          position: 20,
          addresses: [addressOf({ id: 1 }), addressOf({ id: 2 })],
          signals: [...chainOf(1, [1, 3, 5, 7]), ...chainOf(2, [2, 4, 6])],
          mailboxes: [
            { address: 1, through: 7, told: 0, drains: 0 },
            { address: 2, through: 6, told: 0, drains: 0 },
          ],
          progress: [
            { position: 3, state: "drained", pushedAtMs: null, deliveredAtMs: null, endedAtMs: 50 },
            { position: 7, state: "delivered", pushedAtMs: null, deliveredAtMs: 50, endedAtMs: null },
          ],
        });
      });

      it("gives one mailbox, newest first", async () => {
        expect(await positionsIn(history({}))).toEqual([7, 5, 3, 1]);
        expect(await positionsIn(history({ address: 2 }))).toEqual([6, 4, 2]);
        expect(await positionsIn(history({ address: 3 }))).toEqual([]);
      });

      it("begins before any position, of this mailbox or not", async () => {
        expect(await positionsIn(history({ before: 5 }))).toEqual([3, 1]);
        expect(await positionsIn(history({ before: 6 }))).toEqual([5, 3, 1]);
        expect(await positionsIn(history({ before: 1 }))).toEqual([]);
      });

      it("is bounded by number and says where to go on", async () => {
        const [first] = await readFrom(store, history({ signalsMax: 2 }));
        expect(first?.signals.map((signal) => signal.position)).toEqual([7, 5]);
        const [second] = await readFrom(store, history({ signalsMax: 2, before: first?.next ?? 0 }));
        expect(second?.signals.map((signal) => signal.position)).toEqual([3, 1]);
        expect(second?.next).toBeNull();
      });

      it("is bounded by bytes, but gives at least one", async () => {
        const [found] = await readFrom(store, history({ bytesMax: 1 }));
        expect(found).toMatchObject({ signals: [{ position: 7 }], next: 7 });
        expect(await positionsIn(history({ bytesMax: "text 7text 5".length }))).toEqual([7, 5]);
      });

      it.each([
        ["pending", [5, 1]],
        ["delivered", [7]],
        ["drained", [3]],
        ["expired", []],
      ] as const)("gives only those that are %s", async (state, positions) => {
        expect(await positionsIn(history({ state }))).toEqual(positions);
      });
    });

    describe("a signal's way", () => {
      const wayOf = async (position: number) => (await readFrom(store, { kind: "trace", position }))[0];
      const ring = {
        ...{ address: 1, through: 3, rungAtMs: 300, takenAtMs: null, way: null, attempt: 1, host: "laptop" },
      } as const;

      beforeEach(async () => {
        await commitTo(store, {
          position: 4,
          addresses: [addressOf({ id: 1 }), addressOf({ id: 2 })],
          signals: [...chainOf(1, [1, 3]), ...chainOf(2, [2])],
        });
      });

      it("is when it was pushed, over restarts and whatever becomes of it", async () => {
        const delivered = {
          position: 1,
          state: "delivered",
          pushedAtMs: 7,
          deliveredAtMs: 9,
          endedAtMs: null,
        } as const;
        await commitTo(store, { position: 4, progress: [delivered] });
        await reopen();
        expect((await loadOf(store)).open.map(({ pushedAtMs }) => pushedAtMs)).toEqual([7, null, null]);
        expect((await wayOf(1))?.signals).toMatchObject([{ position: 1, pushedAtMs: 7 }]);
      });

      it("is the rings of its mailbox for it or for a later signal, by what they rang for", async () => {
        const late = { ...ring, through: 9, rungAtMs: 400, takenAtMs: 410, way: "tty" };
        const rings = [late, { ...ring, address: 2, through: 2 }, ring];
        await commitTo(store, { position: 9, rings });
        await reopen();
        expect((await wayOf(1))?.way?.rings).toEqual([ring, late]);
        expect((await wayOf(3))?.way?.rings).toEqual([ring, late]);
        expect((await wayOf(2))?.way?.rings.map(({ address }) => address)).toEqual([2]);
      });

      it("keeps one record of the rings for the same: the first, its first receipt, and how often it rang", async () => {
        await commitTo(store, { position: 4, rings: [ring] });
        const second = { ...ring, rungAtMs: 330, takenAtMs: 340, way: "tty", attempt: 2 };
        await commitTo(store, { position: 4, rings: [second] });
        await commitTo(store, {
          position: 4,
          rings: [{ ...second, takenAtMs: 360, way: "mail", attempt: 3 }],
        });
        expect((await wayOf(3))?.way?.rings).toEqual([{ ...ring, takenAtMs: 340, way: "tty", attempt: 3 }]);
      });

      it("is who drained it, among many drains of one moment and before it and after", async () => {
        const reader = (session: string) => ({ session, surface: "codex", host: "laptop" });
        const before = Array.from({ length: 50 }, (_, at) => ({
          ...{ position: 100 + at, address: 2, key: `b${at}`, atMs: 400 + at, signals: [90], reader: null },
        }));
        const drains = [
          ...before,
          { position: 200, address: 2, key: "x", atMs: 500, signals: [2], reader: reader("other") },
          { position: 201, address: 1, key: "y", atMs: 500, signals: [1, 3], reader: reader("mine") },
          { position: 202, address: 1, key: "z", atMs: 501, signals: [4], reader: null },
        ];
        const progress = [1, 2, 3].map((position) => {
          return {
            position,
            state: "drained",
            pushedAtMs: null,
            deliveredAtMs: null,
            endedAtMs: 500,
          } as const;
        });
        await commitTo(store, { position: 202, drains, progress });
        await reopen();
        for (const [position, session] of [
          [1, "mine"],
          [2, "other"],
          [3, "mine"],
        ] as const)
          expect((await wayOf(position))?.way?.reader).toEqual(reader(session));
      });

      it("is nothing for a signal that is not kept, and for an open one no reader", async () => {
        expect(await wayOf(77)).toEqual({ signals: [], next: null });
        expect((await wayOf(1))?.way).toEqual({ rings: [], reader: null });
      });

      it("forgets rings in time", async () => {
        await commitTo(store, { position: 4, rings: [ring, { ...ring, through: 4, rungAtMs: 301 }] });
        await maintainFully(store, { endedBeforeMs: 300 });
        expect((await wayOf(1))?.way?.rings.map(({ through }) => through)).toEqual([4]);
      });
    });

    describe("maintain", () => {
      const ended = (position: number, endedAtMs: number) =>
        ({ position, state: "drained", pushedAtMs: null, deliveredAtMs: null, endedAtMs }) as const;
      const mailboxes = [{ address: 1, through: 6, told: 0, drains: 0 }];
      const addresses = [addressOf({ id: 1 })];

      it("forgets what ended in time, and keeps what is open or ended later", async () => {
        await commitTo(store, {
          position: 6,
          addresses,
          mailboxes,
          signals: chainOf(1, [1, 2, 3, 4, 5, 6]),
          progress: [ended(1, 200), ended(2, 201), ended(4, 200), ended(5, 150)],
        });
        await maintainFully(store, { endedBeforeMs: 200 });
        expect((await signalsAt(store, [1, 2, 3, 4, 5, 6])).map((signal) => signal.position)).toEqual([
          2, 3, 6,
        ]);
        await reopen();
        expect(await positionsIn(history({}))).toEqual([6, 3, 2]);
        expect((await loadOf(store)).open.map(({ head }) => head.position)).toEqual([3, 6]);
      });

      it("never breaks a mailbox's history, in whatever order its signals go", async () => {
        const positions = [1, 2, 3, 4, 5, 6];
        await commitTo(store, { position: 6, addresses, mailboxes, signals: chainOf(1, positions) });
        let kept = positions;
        for (const position of [3, 2, 5, 1, 6, 4]) {
          await commitTo(store, { position: 6, progress: [ended(position, 200)] });
          await maintainFully(store, { endedBeforeMs: 200 });
          kept = kept.filter((other) => other !== position);
          expect(await positionsIn(history({})), `after ${position} went`).toEqual([...kept].reverse());
        }
      });

      it("works in bounded steps, and ends", async () => {
        const positions = Array.from({ length: 25 }, (_, at) => at + 1);
        await commitTo(store, {
          position: 25,
          addresses,
          mailboxes: [{ address: 1, through: 25, told: 0, drains: 0 }],
          signals: chainOf(1, positions),
          progress: positions.filter((at) => at % 3 !== 0).map((at) => ended(at, 200)),
        });
        await maintainFully(store, { endedBeforeMs: 200, rowsMax: 2 });
        expect(await positionsIn(history({}))).toEqual([24, 21, 18, 15, 12, 9, 6, 3]);
        expect(await maintainOnce(store, { endedBeforeMs: 200, rowsMax: 50 })).toBe(false);
      });

      it("keeps a signal as long as its key, and forgets the key in time", async () => {
        const signals = [signalOf({ position: 1, key: "k", acceptedAtMs: 150 })];
        await commitTo(store, { position: 1, addresses, mailboxes, signals, progress: [ended(1, 160)] });
        await maintainFully(store, { endedBeforeMs: 200, keysBeforeMs: 149 });
        expect(await signalsAt(store, [1])).toHaveLength(1);
        expect((await loadOf(store)).keys).toHaveLength(1);
        await maintainFully(store, { endedBeforeMs: 200, keysBeforeMs: 150 });
        expect((await loadOf(store)).keys).toEqual([]);
        expect(await signalsAt(store, [1])).toEqual([]);
      });

      it("forgets drains in time", async () => {
        const drain = { address: 1, key: "d", signals: [1], reader: null };
        await commitTo(store, {
          position: 9,
          addresses,
          signals: chainOf(1, [1]),
          drains: [
            { ...drain, position: 2, atMs: 200 },
            { ...drain, position: 3, atMs: 201 },
          ],
        });
        await maintainFully(store, { endedBeforeMs: 200 });
        expect((await loadOf(store)).drains.map(({ position }) => position)).toEqual([3]);
      });

      it("loses no open signal, however often it runs between signals and restarts", async () => {
        await commitTo(store, { position: 0, addresses });
        for (let position = 1; position <= 12; position++) {
          await commitTo(store, {
            position,
            signals: [signalOf({ position, previous: position - 1 })],
            mailboxes: [{ address: 1, through: position, told: 0, drains: 0 }],
            progress: position % 4 === 0 ? [ended(position - 2, 500)] : [],
          });
          await maintainOnce(store, { rowsMax: 3 });
          if (position % 5 === 0) await reopen();
        }
        const { open } = await loadOf(store);
        expect(open.map(({ head }) => head.position)).toEqual([1, 3, 4, 5, 7, 8, 9, 11, 12]);
      });
    });

    it("answers a check", async () => {
      await asked<void>((done) => store.check(done));
    });

    it("fails after its end instead of pretending", async () => {
      await closeStore(store);
      await expect(commitTo(store, { position: 1 })).rejects.toMatchObject({ code: "storage_failed" });
      store = harness.open();
      expect((await loadOf(store)).position).toBe(0);
    });
  });
}
