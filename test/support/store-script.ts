/** Records with everything a test does not care about filled in, and the port's callbacks as promises. */
import type {
  AddressRecord,
  Changes,
  Done,
  Found,
  NewSignal,
  SessionRecord,
  Snapshot,
  Store,
  StoredSignal,
  Upkeep,
  Want,
} from "../../src/hub/store/store.ts";

export function changesOf(changes: Partial<Changes> & { readonly position: number }): Changes {
  return {
    addresses: [],
    sessions: [],
    sessionsRemoved: [],
    addressesRemoved: [],
    purges: [],
    rings: [],
    signals: [],
    progress: [],
    mailboxes: [],
    drains: [],
    ...changes,
  };
}

export function addressOf(record: Partial<AddressRecord> & { readonly id: number }): AddressRecord {
  return {
    tenant: "local",
    persona: `persona-${record.id}`,
    project: "shop",
    leaseMs: 1_000,
    lastHeardAtMs: 10,
    wrappedAtMs: null,
    master: null,
    identity: null,
    ...record,
  };
}

export function sessionOf(record: Partial<SessionRecord> & { readonly id: string }): SessionRecord {
  return {
    address: 1,
    kind: "agent",
    surface: null,
    host: null,
    root: null,
    instance: null,
    version: "1.0.0",
    startedAtMs: 10,
    lastHeardAtMs: 10,
    wrappedAtMs: null,
    ...record,
  };
}

type SignalSketch = Partial<NewSignal["head"]> & {
  readonly position: number;
  readonly text?: string;
  readonly key?: string;
};

export function signalOf(sketch: SignalSketch): NewSignal {
  const { text = `text ${sketch.position}`, key, ...head } = sketch;
  return {
    head: {
      address: 1,
      previous: 0,
      from: null,
      urgent: false,
      final: false,
      acceptedAtMs: 100 + sketch.position,
      expiresAtMs: 10_000,
      replyTo: null,
      session: null,
      textBytes: Buffer.byteLength(text),
      traceparent: null,
      ...head,
    },
    text,
    key: key ?? null,
  };
}

/** Signals of one mailbox, each linked to the one before it. */
export function chainOf(address: number, positions: readonly number[]): NewSignal[] {
  return positions.map((position, at) => signalOf({ position, address, previous: positions[at - 1] ?? 0 }));
}

export function loadOf(store: Store): Promise<Snapshot> {
  return asked<Snapshot | null>((done) => store.load(done)) as Promise<Snapshot>;
}

export function commitTo(
  store: Store,
  changes: Partial<Changes> & { readonly position: number },
): Promise<void> {
  return asked<void>((done) => store.commit(changesOf(changes), done));
}

export function readFrom(store: Store, ...wants: Want[]): Promise<readonly Found[]> {
  return asked<readonly Found[]>((done) => store.read(wants, done));
}

export async function signalsAt(
  store: Store,
  positions: readonly number[],
): Promise<readonly StoredSignal[]> {
  const [found] = await readFrom(store, { kind: "signals", positions });
  return found?.signals ?? [];
}

export function maintainOnce(store: Store, upkeep: Partial<Upkeep> = {}): Promise<boolean> {
  return asked<boolean>((done) =>
    store.maintain({ endedBeforeMs: 0, keysBeforeMs: 0, rowsMax: 100, ...upkeep }, done),
  );
}

/** As the engine does: step by step until there is nothing more to do; twice, for what one round uncovers. */
export async function maintainFully(store: Store, upkeep: Partial<Upkeep> = {}): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (let step = 0; await maintainOnce(store, upkeep); step++) {
      if (step === 1_000) throw new Error("the store never comes to an end with forgetting");
    }
  }
}

export function closeStore(store: Store): Promise<void> {
  return asked<void>((done) => store.close(done));
}

/** Rejects with the store's error, and with a complaint if it calls back twice. */
export function asked<T>(ask: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let calls = 0;
    ask((error, value) => {
      if (++calls > 1) throw new Error("the store called back twice");
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}
