import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { serverBounds } from "../../../../src/hub/server/bounds.ts";
import { AUTH, ask, JSON_AUTH, openTestServer, type TestServer } from "../../../support/test-server.ts";

let hub: TestServer;
afterEach(() => hub.server.close("the test is over"));

const SIGNAL = { to: "reviewer@shop", text: "hello" };

describe("POST /v1/VERB", () => {
  it("calls the verb for the token's tenant and answers in JSON", async () => {
    hub = await openTestServer();
    hub.service.answers.signal = { ok: { id: "s1", state: "pending" } };
    const answer = await ask(`${hub.server.url}/v1/signal`, {
      headers: JSON_AUTH,
      body: JSON.stringify(SIGNAL),
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ id: "s1", state: "pending" });
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["server"]).toBeUndefined();
    expect(answer.headers["x-powered-by"]).toBeUndefined();
    expect(hub.service.asked).toEqual([
      { caller: { tenant: "local", scope: "home", session: null }, verb: "signal", params: SIGNAL },
    ]);
  });

  it("takes the trace of a signal from its header, and ignores one that is malformed", async () => {
    hub = await openTestServer();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const told = async (header: string, params: object, verb = "signal") => {
      await ask(`${hub.server.url}/v1/${verb}`, {
        headers: { ...JSON_AUTH, traceparent: header },
        body: JSON.stringify(params),
      });
      return hub.service.asked.at(-1)?.params;
    };
    expect(await told(traceparent, SIGNAL)).toEqual({ ...SIGNAL, traceparent });
    expect(await told("00-nonsense", SIGNAL)).toEqual(SIGNAL);
    expect(await told(traceparent, { ...SIGNAL, traceparent: "mine" })).toMatchObject({
      traceparent: "mine",
    });
    expect(await told(traceparent, { id: "a-1" }, "signal_trace")).toEqual({ id: "a-1" });
  });

  it("takes an empty body for a verb that needs nothing", async () => {
    hub = await openTestServer();
    const answer = await ask(`${hub.server.url}/v1/status`, { headers: JSON_AUTH });
    expect(answer.status).toBe(200);
  });

  it("passes the engine's failure on with its status, target and hint", async () => {
    hub = await openTestServer();
    const error = {
      code: "target_stale",
      message: "reviewer@shop was not heard from",
      hint: "start its daemon",
      target: { address: "reviewer@shop", state: "stale", lastHeardAtMs: 5 },
    } as const;
    hub.service.answers.signal = { error };
    const answer = await ask(`${hub.server.url}/v1/signal`, {
      headers: JSON_AUTH,
      body: JSON.stringify(SIGNAL),
    });
    expect(answer.status).toBe(409);
    expect(answer.json).toEqual({ error });
  });

  it("hides a bug in the engine from the peer and shows it to the log", async () => {
    hub = await openTestServer();
    hub.service.answers.signal = () => {
      throw new Error("secret detail");
    };
    const answer = await ask(`${hub.server.url}/v1/signal`, {
      headers: JSON_AUTH,
      body: JSON.stringify(SIGNAL),
    });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("secret detail");
    expect(JSON.stringify(hub.log)).toContain("secret detail");
  });

  it("answers hub_timeout when the engine stays silent", async () => {
    hub = await openTestServer({ answerTimeoutMs: 30 });
    hub.service.answers.status = "silence";
    const answer = await ask(`${hub.server.url}/v1/status`, { headers: JSON_AUTH, body: "{}" });
    expect(answer.status).toBe(504);
    expect(answer.json["error"]).toMatchObject({ code: "hub_timeout" });
  });
});

it("a refused token names no path that PRISM_HOME may have moved", async () => {
  hub = await openTestServer();
  const url = `${hub.server.url}/v1/status`;
  for (const headers of [{}, { Authorization: "Bearer wrong-token" }])
    expect((await ask(url, { headers })).text).not.toContain("~/");
});

describe("bad requests", () => {
  const long = "x".repeat(serverBounds.messageBytesMax);
  const cases: {
    what: string;
    path?: string;
    method?: string;
    headers?: { [name: string]: string };
    body?: string | Uint8Array;
    status: number;
    code: string;
    says?: string;
  }[] = [
    { what: "no token", headers: { "Content-Type": "application/json" }, status: 401, code: "unauthorized" },
    {
      what: "a wrong token",
      headers: { ...JSON_AUTH, Authorization: "Bearer wrong-token" },
      status: 401,
      code: "unauthorized",
    },
    {
      what: "another scheme",
      headers: { ...JSON_AUTH, Authorization: "Basic cmlnaHQ6dG9rZW4=" },
      status: 401,
      code: "unauthorized",
    },
    {
      what: "an endless token",
      headers: { ...JSON_AUTH, Authorization: `Bearer ${"x".repeat(4000)}` },
      status: 401,
      code: "unauthorized",
    },
    {
      what: "an unknown verb",
      path: "/v1/singal",
      status: 404,
      code: "unknown_verb",
      says: 'did you mean "signal"',
    },
    { what: "acknowledge", path: "/v1/acknowledge", status: 404, code: "unknown_verb" },
    { what: "a verb of Object", path: "/v1/constructor", status: 404, code: "unknown_verb" },
    { what: "no verb", path: "/v1/", status: 404, code: "unknown_verb" },
    { what: "an unknown path", path: "/admin", status: 404, code: "not_found" },
    {
      what: "the socket without an upgrade",
      path: "/v1/socket",
      method: "GET",
      status: 426,
      code: "unsupported",
    },
    { what: "GET", method: "GET", status: 405, code: "unsupported", says: "use POST" },
    { what: "DELETE on healthz", path: "/healthz", method: "DELETE", status: 405, code: "unsupported" },
    { what: "no content type", headers: AUTH, body: "{}", status: 415, code: "malformed", says: "not given" },
    {
      what: "a form",
      headers: { ...AUTH, "Content-Type": "application/x-www-form-urlencoded" },
      body: "to=x",
      status: 415,
      code: "malformed",
    },
    { what: "truncated JSON", body: '{"to":"reviewer@sh', status: 400, code: "malformed", says: "not JSON" },
    {
      what: "binary",
      body: Buffer.from([0x80, 0xff, 0x00]),
      status: 400,
      code: "malformed",
      says: "not UTF-8",
    },
    { what: "a list", body: "[]", status: 400, code: "invalid_argument", says: "params must be an object" },
    { what: "null", body: "null", status: 400, code: "invalid_argument" },
    {
      what: "a wrong type",
      body: '{"to":1,"text":"x"}',
      status: 400,
      code: "invalid_argument",
      says: "params.to",
    },
    { what: "a missing member", body: '{"to":"a@b"}', status: 400, code: "invalid_argument", says: "text" },
    {
      what: "an unknown key",
      body: '{"to":"a@b","txt":"x"}',
      status: 400,
      code: "unknown_key",
      says: '"text"',
    },
    {
      what: "__proto__",
      body: '{"to":"a@b","text":"x","__proto__":{"from":"x@y"}}',
      status: 400,
      code: "unknown_key",
    },
    {
      what: "half a surrogate pair",
      body: '{"to":"a@b","text":"\\ud800"}',
      status: 400,
      code: "invalid_argument",
    },
    {
      what: "a text too long",
      body: JSON.stringify({ to: "a@b", text: "x".repeat(70_000) }),
      status: 413,
      code: "too_large",
    },
    {
      what: "a body too long",
      body: JSON.stringify({ to: "a@b", text: long }),
      status: 413,
      code: "too_large",
    },
    {
      what: "deep nesting",
      body: `{"to":"a@b","text":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      status: 400,
      code: "invalid_argument",
    },
    {
      what: "a foreign host (DNS rebinding)",
      headers: { ...JSON_AUTH, Host: "evil.example" },
      status: 403,
      code: "permission_denied",
    },
    {
      what: "a page of another site",
      headers: { ...JSON_AUTH, Origin: "https://evil.example" },
      status: 403,
      code: "permission_denied",
    },
    {
      what: "a page from a file",
      headers: { ...JSON_AUTH, Origin: "null" },
      status: 403,
      code: "permission_denied",
    },
  ];
  for (const bad of cases) {
    it(`answers ${bad.status} ${bad.code} for ${bad.what}`, async () => {
      hub = await openTestServer();
      const answer = await ask(`${hub.server.url}${bad.path ?? "/v1/signal"}`, {
        method: bad.method ?? "POST",
        headers: bad.headers ?? JSON_AUTH,
        ...(bad.body === undefined ? {} : { body: bad.body }),
      });
      expect(answer.status).toBe(bad.status);
      const error = answer.json["error"] as { code: string; message: string; hint?: string };
      expect(error.code).toBe(bad.code);
      expect(`${error.message} ${error.hint ?? ""}`).toContain(bad.says ?? "");
      expect(answer.text).not.toMatch(/right-token|wrong-token|cmlnaHQ6/);
      expect(hub.service.asked).toEqual([]);
      if (bad.status === 401) expect(answer.headers["www-authenticate"]).toMatch(/^Bearer realm="prism"/);
      if (bad.status === 405) expect(answer.headers["allow"]).toBeDefined();
    });
  }

  it("lets a page on the hub's own host call", async () => {
    hub = await openTestServer();
    const headers = { ...JSON_AUTH, Origin: "http://localhost:6274" };
    expect((await ask(`${hub.server.url}/v1/status`, { headers, body: "{}" })).status).toBe(200);
  });
});

/** Sends raw bytes, and gives back everything that came until the hub hung up. */
function raw(port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => {
      for (const chunk of chunks) socket.write(chunk);
    });
    socket.on("data", (data) => {
      got += String(data);
    });
    socket.on("close", () => resolve(got));
    socket.on("error", reject);
  });
}

describe("bytes that are no request", () => {
  it("answers 400 for what is not HTTP", async () => {
    hub = await openTestServer();
    expect(await raw(hub.server.port, "\x16\x03\x01hello\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\n.*malformed/s,
    );
  });

  it("answers 431 for headers without end", async () => {
    hub = await openTestServer();
    const header = `X-Long: ${"y".repeat(40_000)}\r\n\r\n`;
    const answer = await raw(hub.server.port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", header);
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*too_large/s);
  });

  it("answers 408 for a header that never ends, within its bound", async () => {
    hub = await openTestServer({ headersTimeoutMs: 50, requestTimeoutMs: 50, timeoutCheckMs: 10 });
    const answer = await raw(hub.server.port, "POST /v1/signal HTTP/1.1\r\nHost: localhost\r\nX-Sl");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("answers 408 for a body that never ends, within its bound", async () => {
    hub = await openTestServer({ headersTimeoutMs: 40, requestTimeoutMs: 50, timeoutCheckMs: 10 });
    const answer = await raw(
      hub.server.port,
      "POST /v1/signal HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right-token\r\n",
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"to"',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(hub.service.asked).toEqual([]);
  });

  it("refuses a body too long by its own word, without reading it", async () => {
    hub = await openTestServer();
    const answer = await raw(
      hub.server.port,
      "POST /v1/signal HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right-token\r\n",
      "Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*Connection: close.*too_large/s);
  });

  it("refuses a chunked body as soon as it is too long", async () => {
    hub = await openTestServer({ messageBytesMax: 1000 });
    const chunk = `${(2000).toString(16)}\r\n${"x".repeat(2000)}\r\n`;
    const answer = await raw(
      hub.server.port,
      "POST /v1/signal HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right-token\r\n",
      `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("hangs up on CONNECT", async () => {
    hub = await openTestServer();
    expect(await raw(hub.server.port, "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(
      "",
    );
  });

  it("serves a client that offers h2c on a plain request", async () => {
    hub = await openTestServer();
    const headers = { ...JSON_AUTH, Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c" };
    expect((await ask(`${hub.server.url}/v1/status`, { headers, body: "{}" })).status).toBe(200);
  });
});

describe("GET /healthz", () => {
  it("answers after a round through the store, without a token", async () => {
    hub = await openTestServer();
    const answer = await ask(`${hub.server.url}/healthz`, { method: "GET" });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ ok: true, version: "1.2.3", protocol: 1, storeLatencyMs: 0.1 });
    expect(answer.json["uptimeMs"]).toBeGreaterThanOrEqual(0);
  });

  it("answers 503 when the store does not answer in time", async () => {
    hub = await openTestServer({ healthTimeoutMs: 20 });
    hub.service.healthy = () => new Promise(() => {});
    const answer = await ask(`${hub.server.url}/healthz`, { method: "GET" });
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({ ok: false, error: { code: "hub_timeout" } });
  });

  it("asks the store once for a crowd of watchers", async () => {
    hub = await openTestServer();
    let rounds = 0;
    hub.service.healthy = async () => {
      rounds += 1;
      return { storeLatencyMs: 1 };
    };
    // In one packet, so that all are asked before the first is answered.
    const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    const crowd = `${request}\r\n`.repeat(7);
    const answers = await raw(hub.server.port, `${crowd}${request}Connection: close\r\n\r\n`);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(8);
    expect(rounds).toBe(1);
  });
});

describe("GET /metrics", () => {
  it("is for everybody on this host, in the form that is asked for", async () => {
    hub = await openTestServer();
    const text = await ask(`${hub.server.url}/metrics`, { method: "GET" });
    expect(text.status).toBe(200);
    expect(text.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text.text).toContain('prism_hub_signals_open{state="pending"} 2\n');
    expect(text.text).toContain("prism_hub_sockets 0\n");
    const open = await ask(`${hub.server.url}/metrics`, {
      method: "GET",
      headers: { Accept: "application/openmetrics-text;version=1.0.0" },
    });
    expect(open.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text.endsWith("# EOF\n")).toBe(true);
    expect((await ask(`${hub.server.url}/metrics`)).status).toBe(405);
  });

  it("is for holders of a token where other hosts can reach it", async () => {
    hub = await openTestServer({}, { host: "0.0.0.0", port: 0 });
    const url = `http://127.0.0.1:${hub.server.port}/metrics`;
    expect((await ask(url, { method: "GET" })).status).toBe(401);
    expect((await ask(url, { method: "GET", headers: AUTH })).status).toBe(200);
  });
});
