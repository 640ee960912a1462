/** Certificates made by openssl for one test run: an authority, a server, a client, and a stranger's authority. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian's images have it; where it is missing, the tests that need certificates are skipped. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

export interface Certificates {
  readonly caFile: string;
  readonly server: { readonly cert: string; readonly key: string };
  /** Of a host name that is not `127.0.0.1`, `localhost` or `hub.test`. */
  readonly otherServer: { readonly cert: string; readonly key: string };
  readonly ca: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  readonly folder: string;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "prism-tls-"));
  const at = (name: string) => join(folder, name);
  const openssl = (args: readonly string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl([
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=Test Authority",
  ]);
  const issue = (name: string, subject: string, extension: string): void => {
    writeFileSync(at(`${name}.ext`), extension);
    openssl(["req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}`]);
    openssl([
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.pem`,
    ]);
  };
  issue("server", "hub.test", "subjectAltName=DNS:hub.test,DNS:localhost,IP:127.0.0.1");
  issue("other", "other.test", "subjectAltName=DNS:other.test");
  issue("client", "daemon", "extendedKeyUsage=clientAuth");
  const pair = (name: string) => ({
    cert: readFileSync(at(`${name}.pem`), "utf8"),
    key: readFileSync(at(`${name}.key`), "utf8"),
  });
  return {
    caFile: at("ca.pem"),
    ca: readFileSync(at("ca.pem"), "utf8"),
    server: pair("server"),
    otherServer: pair("other"),
    clientCertFile: at("client.pem"),
    clientKeyFile: at("client.key"),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
