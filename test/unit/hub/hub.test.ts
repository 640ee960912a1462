import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import { type Home, homeAt } from "../../../src/host/home.ts";
import { type HubOptions, openHub, type RunningHub } from "../../../src/hub/hub.ts";
import { callHub, type HubClientOptions } from "../../../src/net/hub-client.ts";
import { openPeer } from "../../support/socket-peer.ts";
import { ask } from "../../support/test-server.ts";

let root: string;
let home: Home;
let logged: string;
const running: RunningHub[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "prism-hub-"));
  home = homeAt(join(root, "home"));
  logged = "";
});
afterEach(async () => {
  for (const hub of running.splice(0)) await hub.close("the test is over");
  rmSync(root, { recursive: true, force: true });
});

async function open(options: Partial<HubOptions> = {}): Promise<RunningHub> {
  const hub = await openHub({
    listen: { host: "127.0.0.1", port: 0 },
    dataDir: join(root, "data"),
    home,
    retentionMs: 60_000,
    plaintext: false,
    version: "1.2.3",
    log: (...line) => {
      logged += JSON.stringify(line);
    },
    bounds: { closeTimeoutMs: 200 },
    ...options,
  });
  running.push(hub);
  return hub;
}

const token = () => readFileSync(home.tokenPath, "utf8").trim();
const client = (hub: RunningHub): HubClientOptions => ({ url: hub.url, token: token(), env: {} });
const START = { kind: "daemon", persona: "reviewer", project: "shop", protocol: 1, version: "1" } as const;

describe("openHub", () => {
  it("needs nothing set up: it makes its token, its store and its file", async () => {
    const hub = await open();
    expect(JSON.parse(readFileSync(home.hubFilePath, "utf8"))).toMatchObject({
      url: hub.url,
      pid: process.pid,
    });
    expect(statSync(home.tokenPath).mode & 0o777).toBe(0o600);
    expect((await ask(`${hub.url}/healthz`, { method: "GET" })).json).toMatchObject({
      ok: true,
      version: "1.2.3",
    });
    expect(logged).not.toContain(token());
  });

  it("keeps a signal over its own end", async () => {
    const first = await open();
    await callHub(client(first), "start", START);
    const sent = await callHub(client(first), "signal", { to: "reviewer@shop", text: "hold on" });
    await first.close("over");
    const second = await open();
    const drained = await callHub(client(second), "drain", {
      persona: "reviewer",
      project: "shop",
      key: "k",
    });
    expect(drained.signals).toMatchObject([{ id: sent.id, text: "hold on" }]);
    const again = await callHub(client(second), "drain", { persona: "reviewer", project: "shop", key: "k" });
    expect(again).toMatchObject({ repeated: true, signals: [{ id: sent.id, text: "hold on" }] });
  });

  it("pushes a mailbox to its daemon when a signal comes, and again when it is drained", async () => {
    const hub = await open();
    const daemon = await openPeer(`${hub.url}/v1/socket`, token());
    daemon.send({ jsonrpc: "2.0", id: 1, method: "start", params: START });
    await daemon.nextWith("id", 1);
    await callHub(client(hub), "signal", { to: "reviewer@shop", text: "x", urgency: "urgent" });
    expect(await daemon.nextWith("method", "mailbox")).toMatchObject({ params: { open: 1, urgent: 1 } });
    await callHub(client(hub), "drain", { persona: "reviewer", project: "shop" });
    for (let open = 1; open > 0; ) {
      const view = (await daemon.nextWith("method", "mailbox")) as { params: { open: number } };
      open = view.params.open;
    }
  });

  it("serves the same signal over HTTP, the socket and MCP", async () => {
    const hub = await open();
    await callHub(client(hub), "start", START);
    const headers = { Authorization: `Bearer ${token()}`, "Content-Type": "application/json" };
    const sent = await ask(`${hub.url}/v1/signal`, {
      headers,
      body: JSON.stringify({ to: "reviewer@shop", text: "one" }),
    });
    expect(sent.status).toBe(200);
    const id = sent.json["id"] as string;
    expect(await callHub(client(hub), "signal_status", { id })).toMatchObject({ state: "pending" });
    const params = { name: "prism_drain", arguments: { persona: "reviewer", project: "shop" } };
    const drained = await ask(`${hub.url}/mcp`, {
      headers: { ...headers, Accept: "application/json, text/event-stream" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    });
    expect(drained.text).toContain(`id ${id}\\n| one`);
    expect(await callHub(client(hub), "signal_status", { id })).toMatchObject({ state: "drained" });
  });

  it("answers an unknown, then a wrapped target with its state", async () => {
    const hub = await open();
    const send = () => callHub(client(hub), "signal", { to: "reviewer@shop", text: "x" });
    await expect(send()).rejects.toMatchObject({ code: "target_unknown", target: { state: "unknown" } });
    await callHub(client(hub), "start", START);
    await callHub(client(hub), "wrap", { persona: "reviewer", project: "shop" });
    await expect(send()).rejects.toMatchObject({ code: "target_wrapped", target: { state: "wrapped" } });
  });

  it("says goodbye, takes its file away and lets go of port and store", async () => {
    const hub = await open();
    const daemon = await openPeer(`${hub.url}/v1/socket`, token());
    daemon.send({ jsonrpc: "2.0", id: 1, method: "start", params: START });
    await daemon.nextWith("id", 1);
    await hub.close("an update");
    expect(await daemon.nextWith("method", "closing")).toMatchObject({ params: { reason: "an update" } });
    expect((await daemon.ended).code).toBe(1001);
    expect(existsSync(home.hubFilePath)).toBe(false);
    const next = await open({ listen: { host: "127.0.0.1", port: hub.port } });
    expect(next.port).toBe(hub.port);
  });

  it("leaves a file alone that another hub wrote", async () => {
    const hub = await open();
    writeFileSync(home.hubFilePath, JSON.stringify({ url: "http://elsewhere", pid: 1, startedAtMs: 1 }));
    await hub.close("over");
    expect(existsSync(home.hubFilePath)).toBe(true);
  });
});

/** A certificate for localhost and 127.0.0.1 that signs itself, or undefined on a machine without openssl. */
function selfSigned(): { certFile: string; keyFile: string } | undefined {
  const files = { certFile: join(root, "cert.pem"), keyFile: join(root, "key.pem") };
  const made = spawnSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "1",
    ].concat(
      ["-keyout", files.keyFile, "-out", files.certFile, "-subj", "/CN=localhost"],
      ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ),
  );
  return made.status === 0 ? files : undefined;
}

describe("TLS", () => {
  it("carries everything, and plain bytes get no answer", async (context) => {
    const files = selfSigned();
    if (files === undefined) return context.skip();
    const hub = await open({ tls: files, listen: { host: "0.0.0.0", port: 0 } });
    expect(hub.url).toBe(`https://127.0.0.1:${hub.port}`);
    const trusting = { ...client(hub), tls: { caFile: files.certFile } };
    expect(await callHub(trusting, "start", START)).toMatchObject({ address: "reviewer@shop" });
    await expect(callHub(client(hub), "status", {})).rejects.toBeInstanceOf(PrismError);
    await expect(ask(`http://127.0.0.1:${hub.port}/healthz`, { method: "GET" })).rejects.toThrow();
    expect(await callHub(trusting, "status", {})).toMatchObject({ daemons: [{ address: "reviewer@shop" }] });
  });
});

describe("what keeps it from opening", () => {
  it("is a port that is taken, and then nothing stays behind", async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, "127.0.0.1", () => resolve((other.address() as { port: number }).port));
    });
    const refused = open({ listen: { host: "127.0.0.1", port } });
    await expect(refused).rejects.toMatchObject({
      code: "port_taken",
      message: `another program listens on 127.0.0.1:${port} already`,
    });
    other.close();
    expect(existsSync(home.hubFilePath)).toBe(false);
    await open({ listen: { host: "127.0.0.1", port } });
  });

  it("is another hub on the same store", async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: "already_running" });
  });

  it("is an address of the network without TLS, unless that is allowed", async () => {
    const listen = { host: "0.0.0.0", port: 0 };
    await expect(open({ listen })).rejects.toMatchObject({
      code: "invalid_argument",
      message: "listening on 0.0.0.0 without TLS would send tokens and signals in the open",
    });
    const hub = await open({ listen, plaintext: true });
    expect(hub.url).toBe(`http://127.0.0.1:${hub.port}`);
    expect(
      (await ask(`${hub.url}/healthz`, { method: "GET", headers: { Host: "any.example" } })).status,
    ).toBe(200);
  });

  it("is an address of another host", async () => {
    await expect(open({ listen: { host: "203.0.113.9", port: 0 }, plaintext: true })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it("is a certificate that is not there, or is none", async () => {
    const missing = { certFile: join(root, "no.pem"), keyFile: join(root, "no.key") };
    await expect(open({ tls: missing })).rejects.toMatchObject({ code: "not_found" });
    writeFileSync(missing.certFile, "x");
    writeFileSync(missing.keyFile, "x");
    await expect(open({ tls: missing })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
