/**
 * The map of folders holds: the rules on the real tree, and each rule on a small made-up tree that breaks it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FIXED_NAMES, layeringProblems, type Tree } from "../support/layering.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function readTree(folders: readonly string[]): Tree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(ROOT.length + 1).replaceAll("\\", "/");
      tree.set(name, /\.tsx?$/.test(name) ? readFileSync(path, "utf8") : "");
    }
  }
  return tree;
}

function problemsOf(files: Readonly<Record<string, string>>): string[] {
  return layeringProblems(new Map(Object.entries(files)));
}

describe("the tree", () => {
  test("keeps every rule", () => {
    expect(layeringProblems(readTree(["src", "scripts", "test"]))).toEqual([]);
  });

  test.each(FIXED_NAMES)("has %s", (name) => {
    expect(existsSync(join(ROOT, name))).toBe(true);
  });
});

describe("ranks", () => {
  test("a lower rank may not import a higher one, not even a type", () => {
    expect(
      problemsOf({
        "src/domain/a.ts": 'import type { B } from "../net/b.ts";',
        "src/net/b.ts": "export type B = 1;",
        "src/net/c.ts": 'export { D } from "../daemon/d.ts";',
        "src/daemon/d.ts": "export const D = 1;",
        "src/cli/e.ts": 'const e = await import("../main.ts");',
        "src/main.ts": "export {};",
      }),
    ).toEqual([
      "src/domain/a.ts: of rank 0 imports src/net/b.ts of rank 1",
      "src/net/c.ts: of rank 1 imports src/daemon/d.ts of rank 2",
      "src/cli/e.ts: of rank 2 imports src/main.ts of rank 3",
    ]);
  });

  test("a core file inside a folder of programs keeps the core's rank", () => {
    expect(
      problemsOf({
        "src/hub/core/a.ts": 'import { b } from "../engine.ts";',
        "src/hub/engine.ts": "export const b = 1;",
        "src/hub/store/sqlite.ts": 'import type { Store } from "./store.ts"; import "node:sqlite";',
        "src/hub/store/store.ts": "export type Store = 1;",
      }),
    ).toEqual(["src/hub/core/a.ts: of rank 0 imports src/hub/engine.ts of rank 2"]);
  });

  test("a file outside of the map, and an import of no file, are named", () => {
    expect(problemsOf({ "src/misc/a.ts": "", "src/net/b.ts": 'import "./c.ts"; import "../ipc";' })).toEqual([
      "src/misc/a.ts: stands in no folder of the map",
      'src/net/b.ts: imports "./c.ts", which is no source file',
      'src/net/b.ts: imports "../ipc", which is no source file',
    ]);
  });

  test("adapters do not know each other, but may use host and net", () => {
    expect(
      problemsOf({
        "src/surfaces/registry.ts": 'import "./exec/exec.ts"; import "./terminal/terminal.ts";',
        "src/surfaces/exec/exec.ts": 'import "../terminal/terminal.ts"; import "../../host/log.ts";',
        "src/surfaces/terminal/terminal.ts": 'import "../../net/ipc-client.ts";',
        "src/host/log.ts": "",
        "src/net/ipc-client.ts": 'import "../hub/store/sqlite.ts";',
        "src/hub/store/sqlite.ts": "",
      }),
    ).toEqual([
      "src/surfaces/exec/exec.ts: is an adapter and imports another one, src/surfaces/terminal/terminal.ts",
      "src/net/ipc-client.ts: is an adapter and imports another one, src/hub/store/sqlite.ts",
    ]);
  });

  test("what runs in a browser knows the core and its packages alone, and no program takes it in", () => {
    expect(
      problemsOf({
        "src/dashboard/api.ts": 'import type { V } from "../domain/v.ts";',
        "src/domain/v.ts": "export type V = 1;",
        "src/dashboard/page/main.tsx":
          'import "preact/hooks"; import "./row.tsx"; import "./page.css"; import type { V } from "../../domain/v.ts"; import "../api.ts";',
        "src/dashboard/page/row.tsx":
          'import "../server.ts"; import "node:fs"; import "undici"; import "./gone.ts";',
        "src/dashboard/server.ts": "",
        "src/dashboard/routes.ts": 'import "./page/row.tsx"; import "./api.ts";',
      }),
    ).toEqual([
      "src/dashboard/page/row.tsx: runs in a browser and imports src/dashboard/server.ts of rank 2",
      'src/dashboard/page/row.tsx: runs in a browser and imports "node:fs"',
      'src/dashboard/page/row.tsx: runs in a browser and imports "undici"',
      'src/dashboard/page/row.tsx: imports "./gone.ts", which is no source file',
      "src/dashboard/routes.ts: imports src/dashboard/page/row.tsx, which runs in a browser",
    ]);
  });

  test("circles are found, also those of types and of lazy imports", () => {
    expect(
      problemsOf({
        "src/fsm.ts": 'import type { A } from "./fsm/a.ts";',
        "src/fsm/a.ts": 'export { b } from "./b.ts"; export type A = 1;',
        "src/fsm/b.ts": 'export const b = () => import("../fsm.ts");',
      }),
    ).toEqual(["imports run in a circle: src/fsm.ts -> src/fsm/a.ts -> src/fsm/b.ts -> src/fsm.ts"]);
  });
});

describe("the core", () => {
  test.each([
    ['import { join } from "node:path";', 'the core imports "node:path"; it may import nothing but the core'],
    ['import ws from "ws";', 'the core imports "ws"; it may import nothing but the core'],
    ['type F = import("node:fs").Stats;', 'the core imports "node:fs"; it may import nothing but the core'],
    ["const now = Date.now();", "the core touches Date.now; it must be handed in"],
    ["const now = new Date();", "the core touches new Date(); it must be handed in"],
    ['const r = Math["random"]();', "the core touches Math.random; it must be handed in"],
    ["function f(bytes: Buffer) {}", "the core touches Buffer; it must be handed in"],
    ["setTimeout(() => {}, 1);", "the core touches setTimeout; it must be handed in"],
    ["const t = performance.now();", "the core touches performance; it must be handed in"],
    ["crypto.randomUUID();", "the core touches crypto; it must be handed in"],
    ["globalThis.foo = 1;", "the core touches globalThis; it must be handed in"],
  ])("may not: %s", (text, problem) => {
    expect(problemsOf({ "src/domain/a.ts": text })).toEqual([`src/domain/a.ts: ${problem}`]);
  });

  test("may speak of them in comments, texts and members of its own", () => {
    const text = `// Date.now, Buffer
      const words = "process.env"; const shown = new Date(0).toISOString();
      export const own = { console: words, performance: shown }; own.console; Math.max(1, 2);`;
    expect(problemsOf({ "src/domain/a.ts": text })).toEqual([]);
  });
});

describe("the root", () => {
  test.each(["process.argv", "process.env", "process.exit", "process.exitCode"])("alone uses %s", (use) => {
    expect(problemsOf({ "src/cli/a.ts": `const x = ${use};`, "src/main.ts": `const x = ${use};` })).toEqual([
      `src/cli/a.ts: only src/main.ts uses ${use}`,
    ]);
  });

  test("also when it is taken apart or imported", () => {
    expect(
      problemsOf({
        "src/cli/a.ts": "const { env, pid } = process;",
        "src/cli/b.ts": 'import { argv } from "node:process";',
      }),
    ).toEqual([
      "src/cli/a.ts: only src/main.ts uses process.env",
      'src/cli/b.ts: only src/main.ts uses "node:process"',
    ]);
  });
});

describe("a daemon's memory", () => {
  test("nothing heavy is reached from its start without a lazy import", () => {
    expect(
      problemsOf({
        "src/main.ts": 'import "./net/socket.ts"; const later = () => import("./hub/server.ts");',
        "src/net/socket.ts":
          'import "node:net"; import type { T } from "node:tls"; import { c } from "node:crypto"; import "ws"; performance.now();',
        "src/hub/server.ts": 'import "node:http";',
      }),
    ).toEqual([
      "src/net/socket.ts: touches performance, which loads 0.15 MB; use src/host/monotonic.ts",
      'src/net/socket.ts: loads "node:crypto" into every daemon (src/main.ts -> src/net/socket.ts)',
      'src/net/socket.ts: loads "ws" into every daemon (src/main.ts -> src/net/socket.ts)',
    ]);
  });
});

describe("names", () => {
  test.each([
    ["src/net/webSocket.ts", "not a kebab-case name"],
    ["src/net/string-utils.ts", "the name says nothing; name it after what it holds"],
    ["test/support/helpers/a.ts", "the name says nothing; name it after what it holds"],
    ["src/hub/session-manager.ts", "the name says nothing; name it after what it holds"],
  ])("%s is refused", (path, problem) => {
    expect(problemsOf({ [path]: "" })).toEqual([`${path}: ${problem}`]);
  });

  test("a file that outgrows its name is refused", () => {
    expect(problemsOf({ "src/fsm.ts": "\n".repeat(501) })).toEqual([
      "src/fsm.ts: 501 lines; a folder of the same name holds what outgrows one file",
    ]);
  });
});
