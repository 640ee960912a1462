/** Who watches a daemon hears what happens, costs it nothing while away, and cannot fill it up. */
import { describe, expect, it } from "vitest";
import type { DaemonHappening } from "../../../src/ipc.ts";
import { connectIpc } from "../../../src/net/ipc-client.ts";
import { IPC_SERVER_LIMITS } from "../../../src/net/ipc-limits.ts";
import { HELLO, ipcStage, rawClient } from "../../support/ipc-stage.ts";

const WATCH = { jsonrpc: "2.0", id: "w", method: "watch", params: {} };

function happening(count: number, detail = ""): DaemonHappening {
  return { atMs: 1000 + count, name: "waits", detail, count };
}

describe("a watcher", () => {
  it("hears what happens from when it asked, through the client as well", async () => {
    const { path, server } = await ipcStage();
    const heard: DaemonHappening[] = [];
    const first = Promise.withResolvers<void>();
    const connection = await connectIpc(
      path,
      { version: "1", role: "test" },
      {
        doorbell() {},
        happening(one) {
          heard.push(one);
          first.resolve();
        },
        closed() {},
      },
    );
    server.inform(happening(1));
    await connection.call("watch", {});
    server.inform(happening(2));
    await first.promise;
    expect(heard).toEqual([happening(2)]);
    connection.close();
  });

  it("is told nothing that is no happening of this build", async () => {
    const { path, server } = await ipcStage();
    const heard: string[] = [];
    const connection = await connectIpc(
      path,
      { version: "1", role: "test" },
      { doorbell() {}, happening: ({ name }) => heard.push(name), closed() {} },
    );
    await connection.call("watch", {});
    server.inform({ ...happening(1), name: "levitated" as "waits" });
    server.inform({ ...happening(1), count: -1 });
    server.inform(happening(2));
    await connection.call("status", {});
    expect(heard).toEqual(["waits"]);
    connection.close();
  });

  it("may stay silent for ever, and asks for its place only once", async () => {
    const { path, events } = await ipcStage({ limits: { watchersMax: 1, idleMsMax: 50 } });
    const client = await rawClient(path);
    client.send(HELLO, WATCH, WATCH);
    await client.next();
    expect(await client.next()).toMatchObject({ id: "w", result: {} });
    expect(await client.next()).toMatchObject({ id: "w", result: {} });
    const other = await rawClient(path);
    other.send(HELLO, WATCH);
    await other.next();
    expect(await other.next()).toMatchObject({ error: { data: { code: "overloaded" } } });
    // The other one falls silent, and is let go; the watcher stays.
    await other.closed;
    expect(client.socket.readyState).toBe("open");
    expect(events).not.toContain("ipcClientDropped");
    client.socket.end();
    await client.closed;
    const third = await rawClient(path);
    third.send(HELLO, WATCH);
    await third.next();
    expect(await third.next()).toMatchObject({ result: {} });
  });

  it("that does not read keeps its place, and misses the oldest of what it did not read", async () => {
    const { path, server } = await ipcStage();
    const client = await rawClient(path);
    client.send(HELLO, WATCH);
    await client.next();
    await client.next();
    client.socket.pause();
    const long = "x".repeat(300);
    // More than the system's buffers take, and far more than is held for it.
    const told = 20_000;
    for (let count = 1; count <= told; count++) server.inform(happening(count, long));
    client.socket.resume();
    const counts: number[] = [];
    while (counts.at(-1) !== told) {
      const { params } = (await client.next()) as unknown as { readonly params: DaemonHappening };
      counts.push(params.count ?? 0);
    }
    expect(counts.length).toBeLessThan(told);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.slice(-IPC_SERVER_LIMITS.untoldMax)).toEqual(
      Array.from(
        { length: IPC_SERVER_LIMITS.untoldMax },
        (_, index) => told - IPC_SERVER_LIMITS.untoldMax + 1 + index,
      ),
    );
  });
});
