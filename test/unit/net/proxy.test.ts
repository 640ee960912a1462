/** Which proxy a connection takes, and a connection that takes it. */
import { describe, expect, test } from "vitest";
import { type Endpoint, proxyFor } from "../../../src/net/proxy.ts";
import { forwardProxy } from "../../support/forward-proxy.ts";
import { openedSocket, recordedSocket } from "../../support/recorded-socket.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { text } from "../../support/server-frames.ts";

const plain: Endpoint = { secure: false, host: "hub.example", port: 80 };
const secure: Endpoint = { secure: true, host: "hub.example", port: 443 };

describe("the choice", () => {
  test("is by scheme, then ALL_PROXY, lower case first", () => {
    const env = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://b:2", ALL_PROXY: "http://c:3" };
    expect(proxyFor(plain, env)).toEqual({ secure: false, host: "a", port: 1, authorization: null });
    expect(proxyFor(secure, env)).toMatchObject({ host: "b", port: 2 });
    expect(proxyFor(secure, { ...env, HTTPS_PROXY: "" })).toMatchObject({ host: "c", port: 3 });
    expect(proxyFor(secure, { ...env, https_proxy: "http://d:4" })).toMatchObject({ host: "d", port: 4 });
    expect(proxyFor(secure, { all_proxy: "e:5" })).toMatchObject({ secure: false, host: "e", port: 5 });
    expect(proxyFor(plain, { HTTPS_PROXY: "http://b:2" })).toBe(null);
    expect(proxyFor(plain, {})).toBe(null);
  });

  test("knows default ports, TLS to the proxy, IPv6 and credentials", () => {
    expect(proxyFor(plain, { HTTP_PROXY: "http://proxy" })).toMatchObject({ port: 80, secure: false });
    expect(proxyFor(plain, { HTTP_PROXY: "https://proxy" })).toMatchObject({ port: 443, secure: true });
    expect(proxyFor(plain, { HTTP_PROXY: "http://[fd00::1]:8080" })).toMatchObject({
      host: "fd00::1",
      port: 8080,
    });
    expect(proxyFor(plain, { HTTP_PROXY: "http://us%40er:p%C3%A4ss@proxy:1" })).toMatchObject({
      authorization: `Basic ${Buffer.from("us@er:päss").toString("base64")}`,
    });
  });

  test.each(["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])(
    "is never a proxy for %s",
    (host) => {
      expect(proxyFor({ secure: false, host, port: 80 }, { ALL_PROXY: "http://proxy:1" })).toBe(null);
    },
  );

  test.each([
    ["socks5://proxy:1080", "unsupported"],
    ["http://", "invalid_argument"],
    ["http://user:s3cret@:99999", "invalid_argument"],
  ])("%s can't be used, and its credentials are not shown", (value, code) => {
    const choose = () => proxyFor(plain, { HTTP_PROXY: value });
    expect(choose).toThrow(expect.objectContaining({ code }));
    expect(choose).not.toThrow(/s3cret/);
  });
});

describe("NO_PROXY", () => {
  const excepted = (exceptions: string, host: string, port = 443) =>
    proxyFor({ secure: true, host, port }, { HTTPS_PROXY: "http://proxy:1", NO_PROXY: exceptions }) === null;

  test.each([
    ["*", "anything.example", 443],
    ["example.com", "example.com", 443],
    ["example.com", "a.b.example.com", 443],
    ["EXAMPLE.com", "a.Example.COM", 443],
    ["example.com", "example.com.", 443],
    ["example.com.", "example.com", 443],
    [".example.com", "a.example.com", 443],
    [".example.com", "example.com", 443],
    ["*.example.com", "a.example.com", 443],
    ["other, example.com", "example.com", 443],
    ["other example.com", "example.com", 443],
    ["example.com:443", "example.com", 443],
    ["10.1.2.3", "10.1.2.3", 443],
    ["10.1.2.3:443", "10.1.2.3", 443],
    ["10.0.0.0/8", "10.200.1.1", 443],
    ["192.168.4.0/22", "192.168.7.255", 443],
    ["0.0.0.0/0", "8.8.8.8", 443],
    ["fd00::1", "fd00:0::1", 443],
    ["[fd00::1]:443", "fd00::1", 443],
    ["[fd00::1]", "fd00::1", 443],
    ["fd00::/8", "fdff::9", 443],
  ])("%s excepts %s", (exceptions, host, port) => {
    expect(excepted(exceptions, host, port)).toBe(true);
  });

  test.each([
    ["", "example.com", 443],
    [",, ,", "example.com", 443],
    ["example.com", "notexample.com", 443],
    ["example.com", "example.com.evil.test", 443],
    ["a.example.com", "example.com", 443],
    ["example.com:8443", "example.com", 443],
    ["10.0.0.0/8", "11.0.0.1", 443],
    ["192.168.4.0/22", "192.168.8.0", 443],
    ["10.0.0.0/33", "10.0.0.1", 443],
    ["10.0.0.0/8", "ten.example", 443],
    ["10.1.2.3", "10.1.2.30", 443],
    ["fd00::/8", "fe00::1", 443],
    ["[fd00::1]:80", "fd00::1", 443],
    [".", "example.com", 443],
  ])("%j does not except %s", (exceptions, host, port) => {
    expect(excepted(exceptions, host, port)).toBe(false);
  });
});

describe("a tunnel", () => {
  test("is asked for by name, with credentials, and then carries the connection", async () => {
    const [server, proxy] = await Promise.all([scriptedServer(), forwardProxy()]);
    const env = { HTTP_PROXY: `http://me:s3cret@127.0.0.1:${proxy.port}` };
    const [peer, { socket, next }] = await Promise.all([
      server.peer(),
      openedSocket({ url: `ws://hub.test:${server.port}/x`, env }),
    ]);
    expect(proxy.requests).toEqual([
      `CONNECT hub.test:${server.port} HTTP/1.1\r\nHost: hub.test:${server.port}\r\n` +
        `Proxy-Authorization: Basic ${btoa("me:s3cret")}\r\n\r\n`,
    ]);
    expect(peer.request).toContain(`Host: hub.test:${server.port}\r\n`);
    expect(peer.request).not.toContain("Proxy-Authorization");
    peer.send(text("through"));
    expect(await next()).toEqual({ name: "text", text: "through" });
    socket.sendText("back");
    expect((await peer.next())?.payload.toString()).toBe("back");
  });

  test("is not taken for what NO_PROXY excepts", async () => {
    const env = { HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "hub.invalid" };
    const { error } = await recordedSocket({ url: "ws://hub.invalid:9/", env }).closed();
    expect(error?.message).toMatch(/^no connection to hub\.invalid:9 /);
  });

  test.each([
    [
      "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
      /refused a tunnel to hub\.test:9 \(407 Proxy/,
      /user and password/,
    ],
    ["HTTP/1.1 502\r\n\r\n", /refused a tunnel to hub\.test:9 \(502\)/, /NO_PROXY/],
    ["HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", /\(302 Found\)/, /NO_PROXY/],
    ["HTTP/1.1 200 OK\r\n\r\nearly", /sent bytes before the connection was used/, /proxy variables/],
    ["SSH-2.0-x\r\n", /does not speak HTTP/, /proxy variables/],
    [`HTTP/1.1 200 OK\r\nX: ${"y".repeat(20_000)}`, /longer than 16384 bytes/, /proxy variables/],
  ])("that the proxy answers with %j is told", async (answer, message, hint) => {
    const proxy = await forwardProxy({ answer });
    const env = { HTTP_PROXY: `http://me:s3cret@127.0.0.1:${proxy.port}` };
    const { error } = await recordedSocket({ url: "ws://hub.test:9/", env }).closed();
    expect(error).toMatchObject({
      code: "hub_unreachable",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(JSON.stringify([error?.message, error?.hint])).not.toContain("s3cret");
  });

  test("through a proxy that nobody runs is told as the proxy's failure", async () => {
    const env = { HTTP_PROXY: "http://127.0.0.1:1" };
    const { error } = await recordedSocket({ url: "ws://hub.test:9/", env }).closed();
    expect(error).toMatchObject({
      code: "hub_unreachable",
      message: "no connection to 127.0.0.1:1 (ECONNREFUSED)",
    });
  });

  test("that the proxy ends without an answer, or never answers", async () => {
    const silent = await scriptedServer({ answer: () => null });
    const env = { HTTP_PROXY: `http://127.0.0.1:${silent.port}` };
    const { error } = await recordedSocket({ url: "ws://hub.test:9/", env, openTimeoutMs: 30 }).closed();
    expect(error).toMatchObject({ code: "hub_timeout" });
    const ending = await forwardProxy({ answer: "" });
    const ended = await recordedSocket({
      url: "ws://hub.test:9/",
      env: { HTTP_PROXY: `http://127.0.0.1:${ending.port}` },
    }).closed();
    expect(ended.error).toMatchObject({ code: "hub_unreachable" });
  });
});
