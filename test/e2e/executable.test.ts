/**
 * The built executable as somebody finds it who must answer for it: what may steer it from outside, and what it holds
 * of others. `PRISM_BIN` names another build, with its bill of materials beside it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { afterAll, describe, expect, test } from "vitest";
import { DEAF_TO } from "../../scripts/build/deaf-to.ts";
import { hasOpenssl, makeCertificates } from "../support/certificates.ts";
import { EXECUTABLE, endStarted, run, scratch, start } from "../support/prism-process.ts";

const place = scratch();
const home = place.folder("home");
afterAll(() => {
  endStarted();
  place.remove();
});

describe("an environment that means harm", () => {
  const trap = place.folder("trap");
  const module = join(trap, "module.js");
  const broken = join(trap, "openssl.cnf");
  const marks = join(trap, "marks");
  writeFileSync(module, `require("node:fs").writeFileSync(${JSON.stringify(marks)}, "was here")`);
  writeFileSync(broken, "no configuration [[[");

  /** Each with what would be done with it by a Node that honours it. */
  const HARM = {
    ...Object.fromEntries(Object.keys(DEAF_TO).map((name) => [name, join(trap, "data")])),
    NODE_REPL_EXTERNAL_MODULE: module,
    NODE_OPTIONS: `--require ${module} --inspect=0 --cpu-prof --cpu-prof-dir=${trap}`,
    NODE_PATH: trap,
    NODE_TEST_CONTEXT: "child-v8",
    NODE_PRESERVE_SYMLINKS: "1",
    NODE_PENDING_DEPRECATION: "1",
    NODE_INSPECT_RESUME_ON_START: "1",
    OPENSSL_CONF: broken,
    WATCH_REPORT_DEPENDENCIES: "1",
  } as const;

  test.each(Object.entries(HARM))("%s=%s changes nothing", async (name, value) => {
    const before = readdirSync(trap);
    expect(await run(home, ["--version"], { env: { [name]: value } })).toEqual({
      status: 0,
      out: expect.stringMatching(/^prism \d/),
      err: "",
    });
    expect(readdirSync(trap)).toEqual(before);
  });

  test("all at once, a hub stands and writes nothing but its own", async () => {
    const before = readdirSync(trap);
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"], { env: HARM });
    expect(await hub.kill("SIGTERM")).toBe(0);
    expect(readdirSync(trap)).toEqual(before);
    expect(existsSync(marks)).toBe(false);
  });

  test("a flag for Node among the words is a word", async () => {
    for (const flag of [`--node-options=--require=${module}`, `--require=${module}`, "--inspect=0"]) {
      const { status, err } = await run(home, [flag]);
      expect({ status, err }).toMatchObject({
        status: 64,
        err: expect.stringContaining(flag.split("=")[0] ?? ""),
      });
    }
    expect(existsSync(marks)).toBe(false);
  });

  test("NODE_DEBUG tells what Node does, and no token", async () => {
    const debugged = place.folder("debugged");
    const env = { NODE_DEBUG: "*" };
    const hub = await start(debugged, ["hub", "--listen", "127.0.0.1:0"], { env });
    const { err } = await run(debugged, ["status"], { env });
    await hub.kill("SIGTERM");
    expect(err).toContain("NET ");
    const token = readFileSync(join(debugged, "token"), "utf8").trim();
    expect(`${err}${hub.errors()}`).not.toContain(token);
  });

  test.skipIf(!hasOpenssl)(
    "a hub that nobody vouches for is refused, whatever Node is told to trust",
    async () => {
      const certificates = makeCertificates();
      const [cert, key] = [join(certificates.folder, "server.pem"), join(certificates.folder, "server.key")];
      const secured = place.folder("secured");
      const hub = await start(secured, [
        "hub",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        cert,
        "--tls-key",
        key,
      ]);
      const url = String(hub.facts["url"]);
      const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_EXTRA_CA_CERTS: certificates.caFile };
      try {
        const refused = await run(secured, ["status", "--hub", url], { env });
        expect(refused).toMatchObject({ status: 69, err: expect.stringMatching(/certificate/) });
        const told = await run(secured, ["doctor", "--hub", url, "--json"], { env });
        expect(told.out).toMatch(/certificate/);
        const trusting = await run(secured, ["status", "--hub", url, "--tls-ca", certificates.caFile]);
        expect(trusting).toMatchObject({ status: 0, err: "" });
      } finally {
        await hub.kill("SIGTERM");
        certificates.remove();
      }
    },
  );
});

describe("what it holds of others", () => {
  interface Component {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly licenses: readonly object[];
    readonly hashes?: readonly object[];
    readonly components?: readonly Component[];
  }
  const text = readFileSync(`${EXECUTABLE}.cdx.json`, "utf8");
  const components: readonly Component[] = JSON.parse(text).components;

  test("the bill of materials is valid CycloneDX 1.6", async () => {
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBe(null);
  });

  test("names packages and Node, each with licence and hash, and what Node is made of", () => {
    for (const { name, version, purl, licenses, hashes } of components) {
      expect({ name, version, purl, licenses: licenses.length, hashes: hashes?.length }).toEqual({
        name,
        version: expect.stringMatching(/^\d/),
        purl: expect.stringContaining(`@${version}`),
        licenses: 1,
        hashes: 1,
      });
    }
    const node = components.find(({ name }) => name.startsWith("node-"));
    const parts = node?.components?.map(({ name }) => name);
    expect(parts).toEqual(expect.arrayContaining(["libuv", "openssl", "sqlite", "v8", "zlib"]));
  });

  test("the licence text of each is in the executable, and nothing else's", async () => {
    const { status, out } = await run(home, ["licenses"]);
    expect(status).toBe(0);
    const inside = components.flatMap(({ name, components: inner = [] }) =>
      name.startsWith("node-") ? [] : inner,
    );
    const packages = [...components, ...inside].map(({ name, version }) =>
      name.startsWith("node-") ? `Node.js ${version}` : `${name} ${version}`,
    );
    const headings = Array.from(out.matchAll(/^={100}\n(.*) \(.*\)\n={100}\n\n\S/gm), (match) => match[1]);
    // Of one part of the Node for macOS the text comes apart from Node's.
    expect(headings.filter((heading) => !heading?.startsWith("libffi ")).toSorted()).toEqual(
      packages.toSorted(),
    );
    expect(out).toContain("OpenSSL, located at deps/openssl, is licensed as follows");
  });
});
