/**
 * Fifty daemons whose hub is killed and comes back. They reach it through a relay that counts every connect,
 * also those of the outage, when it hangs up at once. Two outages: a short one, and one that is longer than
 * the longest wait of a daemon, so that all of them are somewhere in the middle of waiting.
 */
import { connect, createServer, type Socket } from "node:net";
import { connectedAtMs } from "./daemon-watch.ts";
import { makeFolder, type Program, startDaemon, startHub } from "./programs.ts";
import { type BenchRow, quantile } from "./row.ts";

const DAEMONS = 50;
const OUTAGES_MS = [2000, 12_000] as const;
const WINDOW_MS = 100;

export async function measureReturn(): Promise<readonly BenchRow[]> {
  const home = makeFolder();
  let hub = await startHub(home);
  const relay = await openRelay();
  relay.forwardTo(hub.port);
  const daemons: Program[] = [];
  for (let index = 0; index < DAEMONS; index++) {
    daemons.push(startDaemon({ home, persona: `p${index}`, hubUrl: `http://127.0.0.1:${relay.port}` }));
    await connectedAtMs(home, `p${index}`);
  }
  const rows: BenchRow[] = [];
  for (const outageMs of OUTAGES_MS) {
    relay.connectsAtMs.length = 0;
    relay.forwardTo(null);
    await hub.kill();
    await new Promise((wake) => setTimeout(wake, outageMs));
    hub = await startHub(home);
    const returnedAtMs = Date.now();
    relay.forwardTo(hub.port);
    const backAtMs = await Promise.all(
      daemons.map((_, index) => connectedAtMs(home, `p${index}`, returnedAtMs)),
    );
    rows.push(
      ...rowsOf(
        outageMs,
        backAtMs.map((atMs) => atMs - returnedAtMs),
        relay.connectsAtMs,
      ),
    );
  }
  await Promise.all(daemons.map((daemon) => daemon.kill()));
  await hub.stop();
  relay.close();
  return rows;
}

function rowsOf(outageMs: number, backMs: readonly number[], connectsAtMs: readonly number[]): BenchRow[] {
  const after = `after ${outageMs / 1000} s`;
  return [
    {
      what: `all ${DAEMONS} CONNECTED again ${after} without a hub`,
      unit: "s",
      value: Math.max(...backMs) / 1000,
      goal: { atMost: 5 },
      note: `half of them within ${(quantile(backMs, 0.5) / 1000).toFixed(1)} s`,
    },
    {
      what: `most connects in any ${WINDOW_MS} ms, ${after}`,
      unit: "connects",
      value: densest(connectsAtMs),
      goal: { atMost: 20 },
      note: `${connectsAtMs.length} connects in all, those of the outage included`,
    },
  ];
}

function densest(atMs: readonly number[]): number {
  const counts = atMs.map((from) => atMs.filter((at) => at >= from && at < from + WINDOW_MS).length);
  return Math.max(0, ...counts);
}

interface Relay {
  readonly port: number;
  readonly connectsAtMs: number[];
  /** Null: the hub is gone, everyone is cut off and newcomers are hung up on. */
  forwardTo(port: number | null): void;
  close(): void;
}

function openRelay(): Promise<Relay> {
  const connectsAtMs: number[] = [];
  const sockets = new Set<Socket>();
  let target: number | null = null;
  const server = createServer((client) => {
    connectsAtMs.push(performance.now());
    if (target === null) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const forwardTo = (port: number | null): void => {
    target = port;
    if (port !== null) return;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return new Promise((settle) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      settle({
        port: typeof address === "object" && address !== null ? address.port : 0,
        connectsAtMs,
        forwardTo,
        close() {
          forwardTo(null);
          server.close();
        },
      });
    });
  });
}
