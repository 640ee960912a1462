/**
 * A store without a disk, with a disk's manners: a commit is atomic, and what was not committed is gone when
 * the process is. `MemoryDisk` is what survives; open another `MemoryStore` over it for the next life.
 */
import { PrismError } from "../../src/domain/errors.ts";
import { bounds } from "../../src/hub/core/bounds.ts";
import { sameRing } from "../../src/hub/core/way.ts";
import type {
  AddressRecord,
  Changes,
  Done,
  DrainRecord,
  Found,
  MailboxRecord,
  NewSignal,
  Progress,
  RingRecord,
  SessionRecord,
  Snapshot,
  Store,
  StoredSignal,
  Upkeep,
  Want,
} from "../../src/hub/store/store.ts";

export class MemoryDisk {
  readonly hubId: string;
  position = 0;
  readonly addresses = new Map<number, AddressRecord>();
  readonly sessions = new Map<string, SessionRecord>();
  readonly mailboxes = new Map<number, MailboxRecord>();
  readonly signals = new Map<number, NewSignal>();
  readonly progress = new Map<number, Progress>();
  readonly drains = new Map<number, DrainRecord>();
  readonly rings: RingRecord[] = [];
  /** Set to make every commit fail, with nothing kept. */
  failing: PrismError | null = null;
  /** Set to make every read and load fail. */
  unreadable: PrismError | null = null;
  commits = 0;

  constructor(hubId = "k7qd0000") {
    this.hubId = hubId;
  }

  /** All open signals, drains and keys are found by walking everything: clear, and fast enough for tests. */
  stored(position: number): StoredSignal | undefined {
    const signal = this.signals.get(position);
    if (signal === undefined) return undefined;
    const progress = this.progress.get(position);
    return {
      ...signal.head,
      text: signal.text,
      state: progress?.state ?? "pending",
      pushedAtMs: progress?.pushedAtMs ?? null,
      deliveredAtMs: progress?.deliveredAtMs ?? null,
      endedAtMs: progress?.endedAtMs ?? null,
    };
  }
}

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  #closed = false;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  load(done: Done<Snapshot | null>): void {
    const disk = this.#disk;
    if (disk.unreadable !== null) {
      done(disk.unreadable, null);
      return;
    }
    const inOrder = [...disk.signals.values()].sort((a, b) => a.head.position - b.head.position);
    done(null, {
      hubId: disk.hubId,
      position: disk.position,
      addresses: [...disk.addresses.values()],
      sessions: [...disk.sessions.values()].sort((a, b) => a.startedAtMs - b.startedAtMs),
      mailboxes: Array.from(disk.mailboxes.values(), (mailbox) => ({
        ...mailbox,
        holds: disk.signals.has(mailbox.through),
      })),
      open: inOrder
        .filter(({ head }) => (disk.progress.get(head.position)?.endedAtMs ?? null) === null)
        .map(({ head }) => ({
          head,
          pushedAtMs: disk.progress.get(head.position)?.pushedAtMs ?? null,
          deliveredAtMs: disk.progress.get(head.position)?.deliveredAtMs ?? null,
        })),
      recent: inOrder.slice(-bounds.recentSignalsMax).map(({ head }) => ({
        address: head.address,
        from: head.from,
        acceptedAtMs: head.acceptedAtMs,
      })),
      keys: inOrder.flatMap(({ head, key }) =>
        key === null
          ? []
          : [
              {
                tenant: disk.addresses.get(head.address)?.tenant ?? "",
                from: head.from,
                key,
                position: head.position,
                atMs: head.acceptedAtMs,
              },
            ],
      ),
      drains: [...disk.drains.values()].map(({ position, address, key, atMs }) => ({
        position,
        address,
        key,
        atMs,
      })),
    });
  }

  commit(changes: Changes, done: Done<void>): void {
    const disk = this.#disk;
    const failure = this.#closed ? new PrismError("storage_failed", "the store is closed") : disk.failing;
    if (failure !== null) {
      done(failure, undefined);
      return;
    }
    disk.commits++;
    disk.position = changes.position;
    for (const signal of changes.signals) disk.signals.set(signal.head.position, signal);
    for (const record of changes.mailboxes) disk.mailboxes.set(record.address, record);
    for (const id of changes.addressesRemoved) {
      disk.addresses.delete(id);
      disk.mailboxes.delete(id);
    }
    for (const record of changes.addresses) disk.addresses.set(record.id, record);
    for (const record of changes.sessions) disk.sessions.set(record.id, record);
    for (const id of changes.sessionsRemoved) disk.sessions.delete(id);
    for (const progress of changes.progress) disk.progress.set(progress.position, progress);
    for (const drain of changes.drains) disk.drains.set(drain.position, drain);
    for (const ring of changes.rings) {
      const at = disk.rings.findIndex(({ address, through }) => {
        return address === ring.address && through === ring.through;
      });
      const before = disk.rings[at];
      if (before === undefined) disk.rings.push(ring);
      else disk.rings[at] = sameRing(before, ring);
    }
    for (const { address, through } of changes.purges)
      for (const [position, signal] of disk.signals)
        if (signal.head.address === address && position <= through)
          disk.signals.set(position, { ...signal, text: "" });
    done(null, undefined);
  }

  read(wants: readonly Want[], done: Done<readonly Found[]>): void {
    if (this.#disk.unreadable !== null) done(this.#disk.unreadable, []);
    else
      done(
        null,
        wants.map((want) => this.#find(want)),
      );
  }

  #find(want: Want): Found {
    if (want.kind === "history") return this.#history(want);
    if (want.kind === "trace") return this.#trace(want.position);
    const positions =
      want.kind === "signals" ? want.positions : (this.#disk.drains.get(want.position)?.signals ?? []);
    const signals = positions.flatMap((position) => this.#disk.stored(position) ?? []);
    return { signals, next: null };
  }

  #trace(position: number): Found {
    const signal = this.#disk.stored(position);
    if (signal === undefined) return { signals: [], next: null };
    const rings = this.#disk.rings
      .filter(({ address, through }) => address === signal.address && through >= position)
      .sort((one, other) => one.through - other.through);
    const drain = [...this.#disk.drains.values()].find(({ signals }) => signals.includes(position));
    return { signals: [signal], next: null, way: { rings, reader: drain?.reader ?? null } };
  }

  #history(want: Extract<Want, { kind: "history" }>): Found {
    const signals: StoredSignal[] = [];
    let bytes = 0;
    const positions = [...this.#disk.signals.keys()].filter((position) => position < want.before);
    for (const position of positions.sort((a, b) => b - a)) {
      const signal = this.#disk.stored(position);
      if (signal === undefined || signal.address !== want.address) continue;
      if (want.state !== null && signal.state !== want.state) continue;
      bytes += signal.textBytes;
      const last = signals.at(-1);
      if (last !== undefined && (signals.length === want.signalsMax || bytes > want.bytesMax))
        return { signals, next: last.position };
      signals.push(signal);
    }
    return { signals, next: null };
  }

  maintain(upkeep: Upkeep, done: Done<boolean>): void {
    const disk = this.#disk;
    for (const [position, signal] of disk.signals) {
      const { head, key } = signal;
      const keyed = key !== null && head.acceptedAtMs > upkeep.keysBeforeMs;
      if (!keyed && key !== null) disk.signals.set(position, { ...signal, key: null });
      const endedAtMs = disk.progress.get(position)?.endedAtMs ?? null;
      if (keyed || endedAtMs === null || endedAtMs > upkeep.endedBeforeMs) continue;
      disk.signals.delete(position);
      disk.progress.delete(position);
    }
    const kept = disk.rings.filter(({ rungAtMs }) => rungAtMs > upkeep.endedBeforeMs);
    disk.rings.splice(0, disk.rings.length, ...kept);
    for (const [position, drain] of disk.drains)
      if (drain.atMs <= upkeep.endedBeforeMs) disk.drains.delete(position);
    done(null, false);
  }

  check(done: Done<void>): void {
    done(this.#disk.unreadable, undefined);
  }

  close(done: Done<void>): void {
    this.#closed = true;
    done(null, undefined);
  }
}
