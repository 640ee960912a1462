/**
 * The hub's engine in this process, without sockets: signal, push, acknowledge, drain over 50 mailboxes, on
 * the embedded store with every acknowledgement on disk. A signal is in flight until it is drained.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MailboxView } from "../../src/domain/verbs.ts";
import { openEngine } from "../../src/hub/engine.ts";
import type { HubService, PushSink } from "../../src/hub/service.ts";
import { openSqliteStore } from "../../src/hub/store/sqlite.ts";
import { type BenchRow, median } from "./row.ts";

const MAILBOXES = 50;
const TEXT = "x".repeat(256);
const TENANT = "bench";
const ROUNDS = 3;

interface Load {
  readonly signals: number;
  readonly inFlight: number;
}

export async function measureEngine(): Promise<readonly BenchRow[]> {
  const loads: readonly Load[] = [
    { inFlight: 1, signals: 2_000 },
    { inFlight: 64, signals: 50_000 },
    { inFlight: 512, signals: 150_000 },
  ];
  const figures = new Map<Load, number[]>(loads.map((load) => [load, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const load of loads) figures.get(load)?.push(await signalsPerSecond(load));
  }
  return loads.map((load) => ({
    what: `engine in process, signal to drain, ${load.inFlight} in flight`,
    unit: "signals/s",
    value: median(figures.get(load) ?? []),
    ...(load.inFlight === 512 ? { goal: { atLeast: 100_000 } } : {}),
    note: `${MAILBOXES} mailboxes, 256-byte texts, synchronous FULL, a signal counts once it is drained`,
  }));
}

async function signalsPerSecond(load: Load): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "prism-bench-"));
  const store = openSqliteStore({ folder, newHubId: () => "bench000" });
  const hub = openEngine({
    store,
    now: Date.now,
    newId: randomUUID,
    retentionMs: 3_600_000,
    version: "bench",
    log: (level, event) => {
      if (level === "error") throw new Error(event);
    },
  });
  try {
    return await run(hub, load);
  } finally {
    await hub.close("the bench is over");
    rmSync(folder, { recursive: true });
  }
}

async function run(hub: HubService, load: Load): Promise<number> {
  let sent = 0;
  let drained = 0;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const sender = { tenant: TENANT, scope: "home", session: null } as const;
  const send = (): void => {
    if (sent === load.signals) return;
    const to = `agent-${sent++ % MAILBOXES}@shop`;
    hub.call(sender, "signal", { to, from: "planner@shop", text: TEXT }, failOnError);
  };
  for (let mailbox = 0; mailbox < MAILBOXES; mailbox++) {
    await startDaemon(hub, `agent-${mailbox}`, (count) => {
      drained += count;
      if (drained === load.signals) finish();
      for (let slot = 0; slot < count; slot++) send();
    });
  }
  const startedAtMs = performance.now();
  for (let slot = 0; slot < load.inFlight; slot++) send();
  await finished;
  return load.signals / ((performance.now() - startedAtMs) / 1000);
}

/** A daemon that acknowledges each push, and an agent that drains at once. */
function startDaemon(hub: HubService, persona: string, drained: (count: number) => void): Promise<void> {
  const address = { persona, project: "shop" };
  let session = "";
  let draining = false;
  const agent = { tenant: TENANT, scope: "home", session: null } as const;
  const drain = (): void => {
    draining = true;
    hub.call(agent, "drain", { ...address, limit: 500 }, (outcome) => {
      draining = false;
      if ("error" in outcome) throw new Error(outcome.error.message);
      drained(outcome.ok.signals.length);
      if (outcome.ok.remaining > 0) drain();
    });
  };
  const sink: PushSink = {
    push(name, value) {
      if (name !== "mailbox") return;
      const view = value as MailboxView;
      if (view.open === 0) return;
      hub.call(
        { tenant: TENANT, scope: "home", session },
        "acknowledge",
        { through: view.through },
        failOnError,
      );
      if (!draining) drain();
    },
  };
  return new Promise((resolve) => {
    const params = { ...address, kind: "daemon", protocol: 1, version: "bench" } as const;
    hub.start({ tenant: TENANT, scope: "home" }, params, sink, (outcome) => {
      failOnError(outcome);
      if ("ok" in outcome) session = outcome.ok.session;
      resolve();
    });
  });
}

function failOnError(outcome: object): void {
  if ("error" in outcome) throw new Error(JSON.stringify(outcome.error));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { what, value, unit } of await measureEngine()) console.log(what, Math.round(value), unit);
}
