import { createServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { certificateChecks, judged } from "../../../../src/cli/doctor/certificate-check.ts";
import type { SeenCertificate } from "../../../../src/net/peer-certificate.ts";
import { type Certificates, hasOpenssl, makeCertificates } from "../../../support/certificates.ts";
import { doctorStage } from "../../../support/doctor-stage.ts";

const DAY_MS = 86_400_000;
const NOW_MS = 1_795_000_000_000;

describe("a certificate", () => {
  const good: SeenCertificate = {
    validFromMs: NOW_MS - DAY_MS,
    validToMs: NOW_MS + 90 * DAY_MS,
    names: "DNS:hub.test",
    isOtherName: false,
    distrust: null,
  };
  it.each<[string, Partial<SeenCertificate>, string, RegExp]>([
    ["is good", {}, "ok", /^trusted, for hub\.test, and good for another 90 days$/],
    ["ends soon", { validToMs: NOW_MS + 13 * DAY_MS }, "warn", /another 13 days/],
    ["has ended", { validToMs: NOW_MS - 2 * DAY_MS }, "fail", /expired 48 h ago|expired 2 days ago/],
    ["is of tomorrow", { validFromMs: NOW_MS + DAY_MS }, "fail", /good only from 24 h from now on/],
    ["is for others", { isOtherName: true }, "fail", /is not for hub\.test: it names DNS:hub\.test/],
    ["has no name", { isOtherName: true, names: "" }, "fail", /names no name at all/],
    [
      "is not trusted",
      { distrust: "SELF_SIGNED_CERT_IN_CHAIN" },
      "fail",
      /not trusted here \(SELF_SIGNED_CERT_IN_CHAIN\)/,
    ],
  ])("%s", (_, more, verdict, finding) => {
    const check = judged({ ...good, ...more }, { host: "hub.test", nowMs: NOW_MS });
    expect(check).toMatchObject({ name: "certificate", verdict, finding: expect.stringMatching(finding) });
    if (verdict !== "ok") expect(check.remedy).toEqual(expect.any(String));
    if (verdict === "fail") expect(check.code).toBe("hub_unreachable");
  });
});

describe.skipIf(!hasOpenssl)("a hub's certificate, seen", () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates.remove());

  async function serve(shown: { readonly cert: string; readonly key: string }): Promise<string> {
    const server = createTlsServer(shown, (socket) => socket.on("error", () => {}));
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    return `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  const flags = (tlsCa?: string) => ({ hub: undefined, tokenFile: undefined, tlsCa });
  /** The certificates are of today. */
  const runtime = () => ({ ...doctorStage().runtime(), now: Date.now });

  it("is trusted by --tls-ca, beside the system's", async () => {
    const url = await serve(certificates.server);
    expect(await certificateChecks(url, flags(), runtime())).toMatchObject([
      { verdict: "fail", remedy: expect.stringContaining("--tls-ca FILE") },
    ]);
    // It was made for two days.
    expect(await certificateChecks(url, flags(certificates.caFile), runtime())).toMatchObject([
      { verdict: "warn", finding: expect.stringMatching(/^trusted, for 127\.0\.0\.1/) },
    ]);
  });

  it("for another name is told apart from one that is not trusted", async () => {
    const url = await serve(certificates.otherServer);
    expect(await certificateChecks(url, flags(certificates.caFile), runtime())).toMatchObject([
      { verdict: "fail", finding: "the hub's certificate is not for 127.0.0.1: it names DNS:other.test" },
    ]);
  });

  it("can't be judged by a file that holds none, is none over HTTP, and not seen where no TLS is", async () => {
    const url = await serve(certificates.server);
    const none = join(certificates.folder, "server.key");
    expect(await certificateChecks(url, flags(none), runtime())).toMatchObject([
      { verdict: "fail", code: "invalid_argument" },
    ]);
    expect(await certificateChecks("http://127.0.0.1:9", flags(), runtime())).toEqual([]);
    expect(await certificateChecks("https://127.0.0.1:9", flags(), runtime())).toMatchObject([
      { verdict: "skip" },
    ]);
    const plain = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void plain.close());
    const address = plain.address();
    const port = typeof address === "object" ? address?.port : 0;
    expect(await certificateChecks(`https://127.0.0.1:${port}`, flags(), runtime())).toMatchObject([
      { verdict: "skip" },
    ]);
  });
});

it("behind a proxy is not looked at", async () => {
  const stage = doctorStage();
  stage.env["https_proxy"] = "http://127.0.0.1:9";
  expect(
    await certificateChecks(
      "https://hub.example",
      { hub: undefined, tokenFile: undefined, tlsCa: undefined },
      stage.runtime(),
    ),
  ).toMatchObject([{ verdict: "skip", finding: expect.stringContaining("through a proxy") }]);
});
