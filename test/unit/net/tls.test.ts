/** `wss:`: whom it trusts, who it says it is, and TLS through a proxy, with certificates made for the run. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificates, hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { forwardProxy } from "../../support/forward-proxy.ts";
import { openedSocket, recordedSocket } from "../../support/recorded-socket.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { frameOf, text } from "../../support/server-frames.ts";

describe.skipIf(!hasOpenssl)("wss", () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });
  afterAll(() => made.remove());

  test("with an extra CA file", async () => {
    const server = await scriptedServer({ tls: made.server });
    const [peer, { socket, next }] = await Promise.all([
      server.peer(),
      openedSocket({ url: server.url, tls: { caFile: made.caFile }, bufferedBytesMax: 10_000_000 }),
    ]);
    peer.send(text("in"));
    expect(await next()).toEqual({ name: "text", text: "in" });
    const bytes = Buffer.alloc(1_000_000, "out");
    socket.sendBinary(bytes);
    expect((await peer.next())?.payload.equals(bytes)).toBe(true);
    peer.send(frameOf({ opcode: 2, payload: bytes }));
    const said = await next();
    expect(said.name === "binary" && bytes.equals(said.bytes)).toBe(true);
  });

  test("pausing amid a burst loses nothing", async () => {
    const server = await scriptedServer({ tls: made.server });
    const [peer, { socket, next }] = await Promise.all([
      server.peer(),
      openedSocket({ url: server.url, tls: { caFile: made.caFile } }, (said, handle) => {
        if (said.name === "text" && Number(said.text) % 500 === 0) handle.pause();
      }),
    ]);
    const count = 5000;
    const padding = " ".repeat(50);
    peer.send(...Array.from({ length: count }, (_, index) => text(`${index}${padding}`)));
    for (let index = 0; index < count; index += 1) {
      const said = await next();
      expect(said.name === "text" && Number(said.text)).toBe(index);
      if (index % 500 === 0) socket.resume();
    }
  });

  test("without it: the certificate is not trusted", async () => {
    const server = await scriptedServer({ tls: made.server });
    const { error } = await recordedSocket({ url: server.url }).closed();
    expect(error).toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(/^the certificate of 127\.0\.0\.1:\d+ is not trusted \(\w+\)$/),
      hint: expect.stringMatching(/--tls-ca|CA file/),
    });
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED can't switch that off", async () => {
    const server = await scriptedServer({ tls: made.server });
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    const { error } = await recordedSocket({ url: server.url }).closed();
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    expect(error).toMatchObject({ code: "hub_unreachable" });
  });

  test("with another host's certificate", async () => {
    const server = await scriptedServer({ tls: made.otherServer });
    const { error } = await recordedSocket({ url: server.url, tls: { caFile: made.caFile } }).closed();
    expect(error).toMatchObject({
      message: expect.stringMatching(/ERR_TLS_CERT_ALTNAME_INVALID/),
      hint: expect.stringMatching(/host name/),
    });
  });

  test("to a server that does not speak TLS", async () => {
    const plain = await forwardProxy({ answer: "HTTP/1.1 400 Bad Request\r\n\r\n" });
    const { error } = await recordedSocket({ url: `wss://127.0.0.1:${plain.port}/` }).closed();
    expect(error).toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(/^TLS with 127\.0\.0\.1:\d+ failed \(\w+\)$/),
    });
  });

  test("with a client certificate, where the server wants one", async () => {
    const tls = { ...made.server, ca: made.ca, requestCert: true, rejectUnauthorized: true };
    const server = await scriptedServer({ tls });
    const files = { caFile: made.caFile, certFile: made.clientCertFile, keyFile: made.clientKeyFile };
    await openedSocket({ url: server.url, tls: files });
    const { error } = await recordedSocket({ url: server.url, tls: { caFile: made.caFile } }).closed();
    expect(error).toMatchObject({ code: "hub_unreachable" });
  });

  test("files that can't be used are named", async () => {
    const empty = join(made.folder, "empty.pem");
    writeFileSync(empty, "no PEM\n");
    const cases = [
      [{ caFile: "/nowhere/ca.pem" }, "not_found", /"\/nowhere\/ca\.pem" can't be read/],
      [{ caFile: empty }, "invalid_argument", /empty\.pem" holds no certificate in PEM/],
      [{ certFile: made.clientCertFile }, "invalid_argument", /needs both/],
      [{ certFile: made.clientCertFile, keyFile: empty }, "invalid_argument", /holds no private key/],
      [{ certFile: made.caFile, keyFile: made.clientKeyFile }, "invalid_argument", /can't be used together/],
    ] as const;
    for (const [tls, code, message] of cases) {
      const { error } = await recordedSocket({ url: "wss://127.0.0.1:1/", tls }).closed();
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
      const env = { HTTPS_PROXY: "http://127.0.0.1:1" };
      const proxied = await recordedSocket({ url: "wss://hub.test:1/", tls, env }).closed();
      expect(proxied.error).toMatchObject({ code });
    }
  });

  test.skipIf(process.getuid?.() === 0)("a file that may not be read is named as such", async () => {
    const secret = join(made.folder, "secret.pem");
    writeFileSync(secret, "");
    chmodSync(secret, 0);
    const { error } = await recordedSocket({ url: "wss://127.0.0.1:1/", tls: { caFile: secret } }).closed();
    expect(error).toMatchObject({ code: "permission_denied" });
  });

  test("a renewed CA file serves the next connection", async () => {
    const server = await scriptedServer({ tls: made.server });
    const caFile = join(made.folder, "renewed.pem");
    writeFileSync(caFile, made.otherServer.cert);
    expect((await recordedSocket({ url: server.url, tls: { caFile } }).closed()).error).toBeDefined();
    writeFileSync(caFile, made.ca);
    await openedSocket({ url: server.url, tls: { caFile } });
  });

  test("through a proxy, and through a proxy that is itself reached by TLS", async () => {
    for (const tls of [undefined, made.server]) {
      const server = await scriptedServer({ tls: made.server });
      const proxy = await forwardProxy(tls === undefined ? {} : { tls });
      const env = { HTTPS_PROXY: `${tls === undefined ? "http" : "https"}://127.0.0.1:${proxy.port}` };
      const [peer, { socket, next, closed }] = await Promise.all([
        server.peer(),
        openedSocket({ url: `wss://hub.test:${server.port}/`, env, tls: { caFile: made.caFile } }),
      ]);
      expect(proxy.requests[0]).toContain(`CONNECT hub.test:${server.port} HTTP/1.1\r\n`);
      peer.send(text("in"));
      expect(await next()).toEqual({ name: "text", text: "in" });
      socket.sendText("out");
      expect((await peer.next())?.payload.toString()).toBe("out");
      peer.socket.destroy();
      expect(await closed()).toMatchObject({ code: 1006, error: { code: "hub_unreachable" } });
    }
  });

  test("through a proxy, to a server that is not trusted: the server's certificate is named", async () => {
    const server = await scriptedServer({ tls: made.server });
    const proxy = await forwardProxy();
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const { error } = await recordedSocket({ url: `wss://hub.test:${server.port}/`, env }).closed();
    expect(error?.message).toMatch(/^the certificate of hub\.test:\d+ is not trusted/);
  });
});
