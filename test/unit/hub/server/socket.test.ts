import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { EMPTY_VIEW } from "../../../support/fake-hub-service.ts";
import { openPeer, refusedPeer } from "../../../support/socket-peer.ts";
import { openTestServer, type TestServer, TOKEN } from "../../../support/test-server.ts";

let hub: TestServer;
afterEach(() => hub.server.close("the test is over"));

const START = { kind: "daemon", persona: "reviewer", project: "shop", protocol: 1, version: "1" };

function request(id: number | string, method: string, params: unknown) {
  return { jsonrpc: "2.0", id, method, params };
}

describe("the upgrade", () => {
  const cases: {
    what: string;
    token?: string | undefined;
    path?: string;
    protocols?: string[];
    headers?: { [name: string]: string };
    status: number;
    code: string;
  }[] = [
    { what: "no token", token: undefined, status: 401, code: "unauthorized" },
    { what: "a wrong token", token: "wrong-token", status: 401, code: "unauthorized" },
    { what: "another path", path: "/v2/socket", status: 404, code: "not_found" },
    { what: "no subprotocol", protocols: [], status: 400, code: "protocol_mismatch" },
    { what: "another subprotocol", protocols: ["prism.v9"], status: 400, code: "protocol_mismatch" },
    {
      what: "a foreign page",
      headers: { Origin: "https://evil.example" },
      status: 403,
      code: "permission_denied",
    },
    { what: "a foreign host", headers: { Host: "evil.example" }, status: 403, code: "permission_denied" },
  ];
  for (const bad of cases) {
    it(`is refused with ${bad.status} for ${bad.what}`, async () => {
      hub = await openTestServer();
      const refused = await refusedPeer(
        `${hub.server.url}${bad.path ?? "/v1/socket"}`,
        "token" in bad ? bad.token : TOKEN,
        {
          ...(bad.protocols ? { protocols: bad.protocols } : {}),
          ...(bad.headers ? { headers: bad.headers } : {}),
        },
      );
      expect(refused.status).toBe(bad.status);
      expect((JSON.parse(refused.body) as { error: { code: string } }).error.code).toBe(bad.code);
      expect(refused.body).not.toContain("wrong-token");
      if (bad.status === 401) expect(refused.headers["www-authenticate"]).toMatch(/^Bearer realm="prism"/);
    });
  }

  it("takes the subprotocol among others, and no compression", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN, { protocols: ["prism.v9", "prism.v1"] });
    expect(peer.socket.protocol).toBe("prism.v1");
    expect(peer.socket.extensions).toBe("");
  });
});

describe("verbs", () => {
  it("answers each request under its own id", async () => {
    hub = await openTestServer();
    hub.service.answers.signal_status = ({ params }) => ({ ok: { id: (params as { id: string }).id } });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request("a", "signal_status", { id: "s1" }));
    peer.send(request(7, "signal_status", { id: "s2" }));
    expect(await peer.next()).toEqual({ jsonrpc: "2.0", id: "a", result: { id: "s1" } });
    expect(await peer.next()).toEqual({ jsonrpc: "2.0", id: 7, result: { id: "s2" } });
  });

  it("binds a session to the socket that started it, and to no other", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN);
    const other = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    const started = (await peer.next()) as { result: { session: string } };
    peer.send(request(2, "status", {}));
    await peer.next();
    other.send(request(1, "status", {}));
    await other.next();
    expect(hub.service.asked.map(({ verb, caller }) => [verb, caller.session])).toEqual([
      ["start", null],
      ["status", started.result.session],
      ["status", null],
    ]);
    expect(hub.service.heardSessions).toContain(started.result.session);
    peer.socket.close();
    await hub.service.disconnection(started.result.session);
  });

  it("carries one session at a time, and another after a wrap", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    peer.send(request(2, "start", START));
    expect(await peer.next()).toMatchObject({ id: 2, error: { data: { code: "invalid_argument" } } });
    expect(await peer.next()).toMatchObject({ id: 1, result: { session: "session-1" } });
    hub.service.answers.wrap = { ok: { wrapped: ["session-1"] } };
    peer.send(request(3, "wrap", { session: "session-1" }));
    await peer.next();
    peer.send(request(4, "start", START));
    expect(await peer.next()).toMatchObject({ id: 4, result: { session: "session-2" } });
  });

  it("lets a refused start be tried again", async () => {
    hub = await openTestServer();
    hub.service.answers.start = { error: { code: "address_taken", message: "taken" } };
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    expect(await peer.next()).toMatchObject({ error: { code: -32017, data: { code: "address_taken" } } });
    delete hub.service.answers.start;
    peer.send(request(2, "start", START));
    expect(await peer.next()).toMatchObject({ id: 2, result: { master: false } });
  });

  it("disconnects a session whose peer left while it was being made", async () => {
    hub = await openTestServer();
    hub.service.answers.start = "held";
    const peer = await openPeer(hub.socketUrl, TOKEN);
    const other = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    while (hub.service.asked.length === 0) {
      other.send("nonsense");
      await other.next();
    }
    await hub.server.close("every peer is gone");
    hub.service.release();
    expect(hub.service.disconnectedSessions).toEqual(["session-1"]);
  });

  it("takes a daemon's acknowledgement without an answer, and does nothing else unasked", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send({ jsonrpc: "2.0", method: "acknowledge", params: { through: 5 } });
    peer.send({ jsonrpc: "2.0", method: "signal", params: { to: "a@b", text: "x" } });
    peer.send({ jsonrpc: "2.0", method: "nonsense" });
    peer.send(request(1, "status", {}));
    expect(await peer.next()).toMatchObject({ id: 1 });
    expect(hub.service.asked.map((asked) => asked.verb)).toEqual(["acknowledge", "status"]);
  });
});

describe("bad messages", () => {
  const cases: { what: string; message: string; number: number; id: unknown; code: string }[] = [
    { what: "not JSON", message: "{", number: -32700, id: null, code: "malformed" },
    { what: "a batch", message: "[]", number: -32700, id: null, code: "malformed" },
    { what: "a bare value", message: "7", number: -32700, id: null, code: "malformed" },
    {
      what: "no version",
      message: '{"id":1,"method":"status"}',
      number: -32700,
      id: null,
      code: "malformed",
    },
    {
      what: "an id of the wrong type",
      message: '{"jsonrpc":"2.0","id":{},"method":"status"}',
      number: -32700,
      id: null,
      code: "malformed",
    },
    {
      what: "too deep",
      message: `{"jsonrpc":"2.0","id":1,"method":"status","params":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`,
      number: -32700,
      id: null,
      code: "malformed",
    },
    {
      what: "an answer",
      message: '{"jsonrpc":"2.0","id":1,"result":{}}',
      number: -32700,
      id: null,
      code: "malformed",
    },
    {
      what: "an unknown verb",
      message: '{"jsonrpc":"2.0","id":1,"method":"drian"}',
      number: -32601,
      id: 1,
      code: "unknown_verb",
    },
    {
      what: "a verb of Object",
      message: '{"jsonrpc":"2.0","id":1,"method":"__proto__"}',
      number: -32601,
      id: 1,
      code: "unknown_verb",
    },
    {
      what: "a wrong type",
      message: '{"jsonrpc":"2.0","id":1,"method":"drain","params":{"persona":"a","project":"b","limit":"7"}}',
      number: -32602,
      id: 1,
      code: "invalid_argument",
    },
    {
      what: "an unknown key",
      message: '{"jsonrpc":"2.0","id":1,"method":"drain","params":{"persona":"a","project":"b","limt":7}}',
      number: -32602,
      id: 1,
      code: "unknown_key",
    },
    {
      what: "no params",
      message: '{"jsonrpc":"2.0","id":1,"method":"drain"}',
      number: -32602,
      id: 1,
      code: "invalid_argument",
    },
  ];
  for (const bad of cases) {
    it(`answers ${bad.code} for ${bad.what}, and goes on`, async () => {
      hub = await openTestServer();
      const peer = await openPeer(hub.socketUrl, TOKEN);
      peer.send(bad.message);
      expect(await peer.next()).toMatchObject({
        id: bad.id,
        error: { code: bad.number, data: { code: bad.code } },
      });
      peer.send(request(9, "status", {}));
      expect(await peer.next()).toMatchObject({ id: 9, result: {} });
    });
  }

  it("closes with 1003 on a binary message", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.socket.send(Buffer.from("{}"));
    expect((await peer.ended).code).toBe(1003);
  });

  it("closes with 1009 on a message too large", async () => {
    hub = await openTestServer({ messageBytesMax: 1000 });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send("x".repeat(1001));
    expect((await peer.ended).code).toBe(1009);
  });

  it("closes with 1007 on text that is not UTF-8", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await peer.ended).code).toBe(1007);
  });

  it("closes with 1008 on a peer that says nothing but nonsense", async () => {
    hub = await openTestServer({ malformedMax: 3 });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    for (let i = 0; i < 4; i++) peer.send("nonsense");
    expect((await peer.ended).code).toBe(1008);
  });

  it("says too_large instead of an answer that no client would take", async () => {
    hub = await openTestServer({ messageBytesMax: 1000 });
    hub.service.answers.status = { ok: { agents: "x".repeat(2000) } };
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "status", {}));
    expect(await peer.next()).toMatchObject({ id: 1, error: { data: { code: "too_large" } } });
  });
});

describe("pushes", () => {
  async function daemon(bounds = {}) {
    hub = await openTestServer(bounds);
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    await peer.next();
    return peer;
  }

  it("reach the session's socket as notifications", async () => {
    const peer = await daemon();
    hub.service.push("session-1", "mailbox", { ...EMPTY_VIEW, revision: 3, open: 1 });
    expect(await peer.next()).toEqual({
      jsonrpc: "2.0",
      method: "mailbox",
      params: { ...EMPTY_VIEW, revision: 3, open: 1 },
    });
  });

  it("of one turn come down to the newest view, and lose nothing else", async () => {
    const peer = await daemon();
    for (let revision = 1; revision <= 50; revision++) {
      hub.service.push("session-1", "mailbox", { ...EMPTY_VIEW, revision });
    }
    hub.service.push("session-1", "closing", { reason: "over" });
    const got = [await peer.next(), await peer.next()];
    expect(got.map((message) => message["method"]).sort()).toEqual(["closing", "mailbox"]);
    expect(got.find((message) => message["method"] === "mailbox")).toMatchObject({
      params: { revision: 50 },
    });
  });

  it("free the socket for another session when its own was wrapped by somebody", async () => {
    const peer = await daemon();
    hub.service.push("session-1", "wrapped", { session: "session-1" });
    expect(await peer.next()).toMatchObject({ method: "wrapped" });
    peer.send(request(2, "start", START));
    expect(await peer.next()).toMatchObject({ id: 2, result: { session: "session-2" } });
  });

  it("never pile up for a peer that does not read: only the newest view waits", async () => {
    const peer = await daemon({ bufferedBytesHigh: 100_000 });
    peer.socket.pause();
    const senders = [{ from: "a".repeat(60), count: 1 }];
    // Far more than the kernel's buffers hold, turn by turn.
    const turns = 20_000;
    for (let revision = 1; revision <= turns; revision++) {
      hub.service.push("session-1", "mailbox", { ...EMPTY_VIEW, revision, senders });
      await new Promise((resolve) => setImmediate(resolve));
    }
    peer.socket.resume();
    let seen = 0;
    let last: unknown;
    while (last !== turns) {
      const message = (await peer.nextWith("method", "mailbox")) as { params: { revision: number } };
      seen += 1;
      last = message.params.revision;
    }
    expect(seen).toBeLessThan(turns);
  });

  it("to others are not held up by a peer that does not read", async () => {
    const peer = await daemon({
      bufferedBytesHigh: 100_000,
      bufferedBytesMax: 1_000_000,
      largeCallWeight: 1,
    });
    peer.socket.pause();
    const other = await openPeer(hub.socketUrl, TOKEN);
    other.send(request(1, "start", START));
    await other.next();
    // With the weight of large answers taken away, more is owed than may be: it is dropped.
    hub.service.answers.history = { ok: { signals: "x".repeat(50_000) } };
    for (let i = 0; i < 400; i++) peer.send(request(i, "history", { persona: "a", project: "b" }));
    hub.service.push("session-2", "mailbox", { ...EMPTY_VIEW, revision: 8 });
    expect(await other.next()).toMatchObject({ method: "mailbox" });
    peer.socket.resume();
    expect((await peer.ended).code).toBe(1006);
    expect(hub.log.map((line) => line.event)).toContain("peerTooSlow");
  });
});

describe("bounds", () => {
  it("leave a peer unread that has too much under way, and lose none of it", async () => {
    hub = await openTestServer({ callsMax: 4 });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    for (let i = 0; i < 100; i++) peer.send(request(i, "status", {}));
    const ids = [];
    for (let i = 0; i < 100; i++) ids.push((await peer.next())["id"]);
    expect(ids).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("leave a peer unread that does not read, and lose none of its answers", async () => {
    hub = await openTestServer({ bufferedBytesHigh: 100_000, malformedMax: 1000 });
    hub.service.answers.history = { ok: { signals: "x".repeat(200_000) } };
    const peer = await openPeer(hub.socketUrl, TOKEN);
    const other = await openPeer(hub.socketUrl, TOKEN);
    peer.socket.pause();
    const requests = 150;
    for (let i = 0; i < requests; i++) {
      peer.send(request(i, "history", { persona: "a", project: "b" }));
      // The hub has had a turn to read it, if it reads it at all.
      other.send("nonsense");
      await other.next();
    }
    expect(hub.service.asked.length).toBeLessThan(requests);
    peer.socket.resume();
    for (let i = 0; i < requests; i++) expect((await peer.next())["id"]).toBe(i);
  });

  it("drop a peer that is dead", async () => {
    hub = await openTestServer({ pingIntervalMs: 20 });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    await peer.next();
    // A client that answers no ping: `ws` does it by itself, so its answers are cut off.
    peer.socket.pong = () => {};
    expect((await peer.ended).code).toBe(1006);
    await hub.service.disconnection("session-1");
  });

  it("keep a silent peer that answers pings", async () => {
    hub = await openTestServer({ pingIntervalMs: 15 });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "start", START));
    await peer.next();
    for (let pings = 0; pings < 5; pings++) await new Promise((resolve) => peer.socket.once("ping", resolve));
    expect(peer.socket.readyState).toBe(1);
    expect(hub.service.heardSessions.length).toBeGreaterThan(3);
  });

  it("turn away connections beyond the most", async () => {
    hub = await openTestServer({ connectionsMax: 1 });
    await openPeer(hub.socketUrl, TOKEN);
    const second = connect(hub.server.port, "127.0.0.1");
    await new Promise((resolve) => second.once("close", resolve).on("error", () => {}));
    expect(hub.log.map((line) => line.event)).toContain("connectionRefused");
  });
});

describe("closing", () => {
  it("says goodbye with 1001 and lets go of the port", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, TOKEN);
    await hub.server.close("the hub is going down");
    expect(await peer.ended).toEqual({ code: 1001, reason: "the hub is going down" });
    await expect(openPeer(hub.socketUrl, TOKEN)).rejects.toThrow("ECONNREFUSED");
  });

  it("does not wait long for a peer that says nothing", async () => {
    hub = await openTestServer({ closeTimeoutMs: 20 });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.socket.pause();
    await hub.server.close("over");
    peer.socket.resume();
    await peer.ended;
  });
});
