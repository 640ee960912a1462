/** A plain request: past proxies as the environment says, to nobody that is not trusted, and never for long. */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { getText } from "../../../src/net/http-get.ts";
import { type Certificates, hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { forwardProxy } from "../../support/forward-proxy.ts";

const BOUNDS = { timeoutMs: 20_000, bytesMax: 1000 };
const greet: RequestListener = (request, response) => response.end(`you asked for ${request.url}`);

async function plainServer(listener: RequestListener): Promise<number> {
  return listening(createServer(listener));
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return (server.address() as AddressInfo).port;
}

describe("over plain HTTP", () => {
  test("gives status and body", async () => {
    const port = await plainServer((request, response) => {
      response.statusCode = 503;
      greet(request, response);
    });
    expect(await getText(`http://127.0.0.1:${port}/healthz`, { ...BOUNDS, env: {} })).toEqual({
      status: 503,
      body: "you asked for /healthz",
    });
  });

  test("cuts a body that is too long, even one without an end", async () => {
    const port = await plainServer((_, response) => {
      response.write("x".repeat(5000));
    });
    const { body } = await getText(`http://127.0.0.1:${port}/`, { ...BOUNDS, env: {} });
    expect(body).toBe("x".repeat(1000));
  });

  test.each([
    ["the head", () => {}],
    ["the body", (response: { write(text: string): unknown }) => response.write("some")],
  ])("gives up when %s does not come", async (_, answer) => {
    const port = await plainServer((_request, response) => void answer(response));
    await expect(
      getText(`http://127.0.0.1:${port}/`, { ...BOUNDS, env: {}, timeoutMs: 50 }),
    ).rejects.toThrow();
  });

  test.each(["http_proxy", "HTTP_PROXY", "ALL_PROXY"])("goes past the proxy that %s names", async (name) => {
    const port = await plainServer(greet);
    const env = { [name]: `http://127.0.0.1:${port}` };
    const { body } = await getText("http://hub.test:7747/healthz", { ...BOUNDS, env });
    expect(body).toBe("you asked for http://hub.test:7747/healthz");
  });

  test("goes to this host itself, and to whom NO_PROXY names, without one", async () => {
    const port = await plainServer(greet);
    const env = { http_proxy: "http://127.0.0.1:1", NO_PROXY: "127.0.0.1,localhost" };
    for (const host of ["127.0.0.1", "localhost"]) {
      expect((await getText(`http://${host}:${port}/`, { ...BOUNDS, env })).status).toBe(200);
    }
  });
});

describe.skipIf(!hasOpenssl)("over HTTPS", () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates?.remove());
  afterEach(() => vi.unstubAllEnvs());

  const secureServer = () => listening(createSecureServer(certificates.server, greet));

  test("trusts the authority that it is given", async () => {
    const port = await secureServer();
    const ca = readFileSync(certificates.caFile, "utf8");
    const { body } = await getText(`https://localhost:${port}/healthz`, { ...BOUNDS, env: {}, ca });
    expect(body).toBe("you asked for /healthz");
  });

  test("refuses another, whatever NODE_TLS_REJECT_UNAUTHORIZED says", async () => {
    const port = await secureServer();
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    await expect(getText(`https://localhost:${port}/`, { ...BOUNDS, env: {} })).rejects.toThrow(
      /certificate/,
    );
  });

  test("goes through a proxy's tunnel, and checks the hub behind it", async () => {
    const port = await secureServer();
    const proxy = await forwardProxy();
    const env = { https_proxy: `http://127.0.0.1:${proxy.port}` };
    const ca = readFileSync(certificates.caFile, "utf8");
    const url = `https://hub.test:${port}/healthz`;
    expect((await getText(url, { ...BOUNDS, env, ca })).body).toBe("you asked for /healthz");
    expect(proxy.requests[0]).toMatch(new RegExp(`^CONNECT hub\\.test:${port} HTTP/1\\.1\r\n`));
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    await expect(getText(url, { ...BOUNDS, env })).rejects.toThrow(/certificate/);
  });
});
