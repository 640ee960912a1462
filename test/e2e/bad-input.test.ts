/**
 * Everything that can be typed, written or sent wrongly: each gets one clear sentence that names it, an exit
 * status that fits, and nothing lost. The rows run against the built executable, beside a hub with signals
 * in it; at the end those signals must all still be there.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { flagOf } from "../../src/cli/arguments.ts";
import { VERBS_BY_NAME } from "../../src/cli/verbs.ts";
import { homeAt, ipcPathOf } from "../../src/host/home.ts";
import {
  EXECUTABLE,
  endStarted,
  type Program,
  type Ran,
  type RunOptions,
  run,
  scratch,
  start,
} from "../support/prism-process.ts";

const place = scratch();
const home = place.folder("home");
const shop = place.folder("shop");
const TEXTS = ["first", "second", "third"];
const WHO = ["--persona", "reviewer", "--project", shop];
let hub: Program;
let daemon: Program;

beforeAll(async () => {
  hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
  daemon = await start(home, ["daemon", ...WHO, "--surface", "terminal"]);
  for (const text of TEXTS) {
    let sent = await run(home, ["signal", "reviewer@shop", text]);
    // On duty is who has registered: the daemon does so a moment after it stands.
    for (let tries = 0; sent.status === 67 && tries < 100; tries++) {
      sent = await run(home, ["signal", "reviewer@shop", text]);
    }
    expect(sent, sent.err).toMatchObject({ status: 0 });
  }
});

afterAll(async () => {
  await daemon?.kill("SIGTERM");
  await hub?.kill("SIGTERM");
  endStarted();
  place.remove();
});

/**
 * One sentence, for a target when it was last heard from, and at most one hint; no stack, no control
 * characters, nothing on stdout.
 */
function expectRefusal(ran: Ran, status: number, sentence: string | RegExp): void {
  const shown = `status ${ran.status}, stdout ${JSON.stringify(ran.out)}, stderr ${JSON.stringify(ran.err)}`;
  expect(ran.status, shown).toBe(status);
  expect(ran.out, shown).toBe("");
  // A program that had begun may have logged before it failed; its log is JSON.
  const told = ran.err.split("\n").filter((row) => row !== "" && !row.startsWith("{"));
  expect(told[0], shown).toMatch(/^prism: \S/);
  const details = told.slice(1).filter((row) => !row.startsWith("  last heard from: "));
  expect(
    details.every((row) => row.startsWith("  hint: ")),
    shown,
  ).toBe(true);
  expect(details.length, shown).toBeLessThanOrEqual(1);
  expect(/[\u0000-\u0009\u000b-\u001f\u007f]/.test(ran.err), shown).toBe(false);
  if (typeof sentence === "string") expect(told[0], shown).toContain(sentence);
  else expect(told[0], shown).toMatch(sentence);
}

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly options?: RunOptions;
  readonly status: number;
  readonly says: string | RegExp;
}

function table(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    test.each(rows)("$name", async ({ args, options, status, says }) => {
      expectRefusal(await run(home, args, options), status, says);
    });
  });
}

const CONTROL = "\u001b[2J\u0007";

describe("every flag of every verb", async () => {
  // A setting is the same flag at every verb, and flags of one kind are read by one function: each flag is tried
  // where it comes first, and all that can be wrong with a value at the first two of its kind.
  const known = new Set<string>();
  const tried = new Map<string, number>();
  for (const [name, entry] of VERBS_BY_NAME) {
    // A hook refuses nothing, or it would stop an agent: see hook.test.ts.
    if (name === "hook") continue;
    const { table: definition } = await entry.load();
    // Some names are of two words.
    const verb = name.split(" ");
    test(name, async () => {
      expectRefusal(await run(home, [...verb, "--bogus-flag"]), 64, `${name} has no flag "--bogus-flag"`);
      const firstFlag = flagOf(Object.keys(definition.flags)[0] ?? "");
      const typo = `${firstFlag.slice(0, 3)}x${firstFlag.slice(3)}`;
      const misspelt = await run(home, [...verb, typo]);
      expect(misspelt.err).toContain("hint: did you mean --");
      expectRefusal(
        await run(home, [...verb, ...definition.arguments.map(() => "a@b"), "extra", "more"]),
        64,
        /./,
      );
      for (const [key, flag] of Object.entries(definition.flags)) {
        const typed = flagOf(key);
        const flagKind = flag.kind === "switch" ? flag.kind : flag.kind.word;
        if (known.has(`${key} ${flagKind}`)) continue;
        known.add(`${key} ${flagKind}`);
        if (flag.kind === "switch") {
          expectRefusal(await run(home, [...verb, `${typed}=x`]), 64, `${typed} takes no value`);
          continue;
        }
        expectRefusal(await run(home, [...verb, typed]), 64, `${typed} needs a value`);
        const times = tried.get(flagKind) ?? 0;
        if (times >= 2) continue;
        tried.set(flagKind, times + 1);
        expectRefusal(await run(home, [...verb, typed, "--another"]), 64, `${typed} needs a value`);
        expectRefusal(await run(home, [...verb, typed, "1", typed, "1"]), 64, `${typed} is given twice`);
        expectRefusal(await run(home, [...verb, `${typed}=`]), 64, typed);
        expectRefusal(await run(home, [...verb, typed, CONTROL]), 64, typed);
        const long = await run(home, [...verb, typed, "x".repeat(5000)]);
        expect([64, 65]).toContain(long.status);
        expectRefusal(long, long.status ?? 0, typed);
      }
    });
  }
});

table("words", [
  { name: "nothing at all after a verb", args: ["signal"], status: 64, says: "signal needs PERSONA@PROJECT" },
  { name: "no text", args: ["signal", "reviewer@shop"], status: 64, says: "signal needs TEXT" },
  {
    name: "an empty text",
    args: ["signal", "reviewer@shop", ""],
    status: 64,
    says: "TEXT must not be empty",
  },
  {
    name: "several words unquoted",
    args: ["signal", "a@b", "hello", "there"],
    status: 64,
    says: '"there" is one too many',
  },
  { name: "an unknown verb", args: ["dran"], status: 64, says: 'there is no verb "dran"' },
  {
    name: "a flag instead of a verb",
    args: ["--persona", "x"],
    status: 64,
    says: 'a verb comes first, not "--persona"',
  },
  {
    name: "no address",
    args: ["signal", "reviewer", "x"],
    status: 64,
    says: '"reviewer" is not of the form PERSONA@PROJECT',
  },
  { name: "no name", args: ["signal", "Rev iewer@shop", "x"], status: 64, says: '"Rev iewer" is not a name' },
  {
    name: "a bad duration",
    args: ["signal", "reviewer@shop", "x", "--ttl", "ten"],
    status: 64,
    says: '--ttl "ten" is not a duration',
  },
  {
    name: "a duration without a unit",
    args: ["signal", "reviewer@shop", "x", "--ttl", "10"],
    status: 64,
    says: '--ttl "10" is not a duration',
  },
  {
    name: "a duration out of bounds",
    args: ["signal", "reviewer@shop", "x", "--ttl", "400d"],
    status: 64,
    says: "--ttl must be from 1ms to 365d",
  },
  {
    name: "a bad number",
    args: ["drain", ...WHO, "--limit", "0x10"],
    status: 64,
    says: '--limit must be a whole number from 1 to 500, not "0x10"',
  },
  {
    name: "a state that is none",
    args: ["history", ...WHO, "--state", "lost"],
    status: 64,
    says: "--state must be pending, delivered, drained or expired",
  },
  {
    name: "flags that contradict",
    args: ["wrap", "--session", "s", "--persona", "p"],
    status: 64,
    says: "--session and --persona contradict each other",
  },
  {
    name: "half a pair",
    args: ["hub", "--tls-cert", "x"],
    status: 64,
    says: "--tls-cert needs --tls-key beside it",
  },
  {
    name: "nothing to wrap",
    args: ["wrap"],
    status: 64,
    says: "wrap needs --persona and --project, or --session ID",
  },
  {
    name: "a flag of another surface",
    args: ["daemon", ...WHO, "--surface", "terminal", "--exec-command", "x"],
    status: 64,
    says: "--exec-command is for surface exec, not for terminal",
  },
  {
    name: "an unknown surface",
    args: ["daemon", ...WHO, "--surface", "termnal"],
    status: 64,
    says: 'there is no surface "termnal"',
  },
  {
    name: "a surface without its command",
    args: ["daemon", ...WHO, "--surface", "exec"],
    status: 64,
    says: 'surface exec lacks "command"',
  },
  {
    name: "a pane for no tmux",
    args: ["daemon", ...WHO, "--surface", "exec", "--exec-command", "x", "--tmux-target", "x"],
    status: 64,
    says: "--tmux-target is for surface tmux, claude-code or codex, not for exec",
  },
  {
    name: "tmux without a pane",
    args: ["daemon", ...WHO, "--surface", "tmux"],
    status: 64,
    says: 'surface tmux lacks "target"',
  },
  {
    name: "an open port without a certificate",
    args: ["hub", "--listen", "0.0.0.0:0", "--data", place.folder("exposed")],
    status: 64,
    says: "without TLS",
  },
]);

describe("texts", () => {
  test("too long on standard input", async () => {
    const ran = await run(home, ["signal", "reviewer@shop", "-"], { input: "x".repeat(70_000) });
    expectRefusal(ran, 65, "the text on standard input is longer than 65536 bytes");
  });
  test("too long as an argument", async () => {
    expectRefusal(
      await run(home, ["signal", "reviewer@shop", "ä".repeat(40_000)]),
      65,
      "TEXT is longer than 65536 bytes",
    );
  });
  test("binary", async () => {
    const ran = await run(home, ["signal", "reviewer@shop", "-"], { input: Buffer.from([0xff, 0x00, 0xfe]) });
    expectRefusal(ran, 65, "the text on standard input is not UTF-8");
  });
  test("empty on standard input", async () => {
    expectRefusal(
      await run(home, ["signal", "reviewer@shop", "-"], { input: "\n" }),
      64,
      "must not be empty",
    );
  });
});

table("what the hub refuses", [
  { name: "an unknown target", args: ["signal", "nobody@shop", "x"], status: 67, says: "nobody@shop" },
  { name: "an unknown session", args: ["signal", "session:none", "x"], status: 67, says: "none" },
  { name: "an unknown signal", args: ["signal-status", "zzzz-1"], status: 66, says: "zzzz-1" },
  { name: "wrapping what is not there", args: ["wrap", "--session", "none"], status: 67, says: "none" },
  {
    name: "a page that begins nowhere",
    args: ["history", ...WHO, "--before", "zzzz-1"],
    status: 66,
    says: "zzzz-1",
  },
]);

describe("a key that was used for something else", () => {
  test("signal", async () => {
    await run(home, ["wrap", "--persona", "temp", "--project", "shop"]);
    const temp = await start(home, [
      "daemon",
      "--persona",
      "temp",
      "--project",
      shop,
      "--surface",
      "terminal",
    ]);
    let sent = await run(home, ["signal", "temp@shop", "one", "--key", "k1"]);
    for (let tries = 0; sent.status === 67 && tries < 100; tries++) {
      sent = await run(home, ["signal", "temp@shop", "one", "--key", "k1"]);
    }
    expect(sent, sent.err).toMatchObject({ status: 0 });
    expectRefusal(await run(home, ["signal", "temp@shop", "two", "--key", "k1"]), 65, "k1");
    // Wrapped: the daemon ends in order, and the address takes no more.
    const ended = new Promise((resolve) => temp.child.once("exit", resolve));
    expect(await run(home, ["wrap", "--persona", "temp", "--project", "shop"])).toMatchObject({ status: 0 });
    expect(await ended).toBe(0);
    expectRefusal(await run(home, ["signal", "temp@shop", "three"]), 67, "temp@shop");
  });
});

describe("a hub that is not there, not one, or not ours", () => {
  test("nobody listens", async () => {
    expectRefusal(await run(home, ["signal-status", "1-1", "--hub", "127.0.0.1:1"]), 69, "127.0.0.1:1");
  });
  test("no such host", async () => {
    expectRefusal(
      await run(home, ["signal-status", "1-1", "--hub", "http://no-such-host.invalid:1"]),
      69,
      "no-such-host.invalid",
    );
  });
  test("something else answers", async () => {
    const other = createHttpServer((_request, response) => response.end("<html>hello</html>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const ran = await run(home, ["signal-status", "1-1", "--hub", `127.0.0.1:${port}`]);
    other.close();
    expect([69, 76], ran.err).toContain(ran.status);
    expectRefusal(ran, ran.status ?? 0, String(port));
  });
  test("garbage answers", async () => {
    const other = createServer((socket) => socket.end(Buffer.from([0, 255, 10, 13, 0, 1, 2, 3])));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const ran = await run(home, ["signal-status", "1-1", "--hub", `127.0.0.1:${port}`]);
    other.close();
    expect([69, 76], ran.err).toContain(ran.status);
    expectRefusal(ran, ran.status ?? 0, String(port));
  });
  test("a wrong token", async () => {
    const ran = await run(home, ["signal-status", "1-1"], {
      env: { PRISM_TOKEN: "wrong-wrong-wrong-wrong-wrong" },
    });
    expectRefusal(ran, 77, /token/);
    expect(ran.err).not.toContain("wrong-wrong");
  });
  test("no token", async () => {
    expectRefusal(await run(place.folder("empty"), ["status"]), 69, "no hub was ever started");
  });
  test("a token with a line break", async () => {
    expectRefusal(
      await run(home, ["signal-status", "1-1"], { env: { PRISM_TOKEN: "two words" } }),
      78,
      "PRISM_TOKEN",
    );
  });
  test("a password in the address is not repeated", async () => {
    const ran = await run(home, ["status", "--hub", "http://me:hunter2@127.0.0.1"]);
    expectRefusal(ran, 64, "user name or password");
    expect(ran.err).not.toContain("hunter2");
  });
});

/** Each row: a file in a home of its own, and what a verb that reads it says. */
describe("files", () => {
  interface FileRow {
    readonly name: string;
    readonly file: "config.json" | "token" | "hub.json";
    readonly holds: string | Uint8Array | "folder";
    readonly mode?: number;
    readonly status: number;
    readonly says: string;
  }
  const rows: FileRow[] = [
    { name: "configuration: no JSON", file: "config.json", holds: "{", status: 78, says: "is not JSON" },
    { name: "configuration: empty", file: "config.json", holds: "", status: 78, says: "is not JSON" },
    {
      name: "configuration: a list",
      file: "config.json",
      holds: "[]",
      status: 78,
      says: "is not a JSON object",
    },
    {
      name: "configuration: unknown key",
      file: "config.json",
      holds: '{"hubb": "x"}',
      status: 78,
      says: 'unknown key "hubb"',
    },
    {
      name: "configuration: wrong type",
      file: "config.json",
      holds: '{"hub": 7}',
      status: 78,
      says: '"hub" in',
    },
    {
      name: "configuration: wrong value",
      file: "config.json",
      holds: '{"hub": "ftp://x"}',
      status: 78,
      says: '"hub" in',
    },
    {
      name: "configuration: binary",
      file: "config.json",
      holds: Buffer.from([0, 159, 146, 150]),
      status: 78,
      says: "is not UTF-8 text",
    },
    {
      name: "configuration: too long",
      file: "config.json",
      holds: " ".repeat(70_000),
      status: 78,
      says: "is longer than 65536 bytes",
    },
    {
      name: "configuration: too deep",
      file: "config.json",
      holds: "[".repeat(20_000),
      status: 78,
      says: "is not JSON",
    },
    {
      name: "configuration: a folder",
      file: "config.json",
      holds: "folder",
      status: 78,
      says: "config.json",
    },
    { name: "token: empty", file: "token", holds: "", mode: 0o600, status: 65, says: "is empty" },
    {
      name: "token: two words",
      file: "token",
      holds: "two words",
      mode: 0o600,
      status: 65,
      says: "more than one word",
    },
    {
      name: "token: readable by others",
      file: "token",
      holds: "sometoken",
      mode: 0o644,
      status: 77,
      says: "can be read by others",
    },
    {
      name: "token: binary",
      file: "token",
      holds: Buffer.from([0, 255]),
      mode: 0o600,
      status: 65,
      says: "is not UTF-8 text",
    },
    {
      name: "token: too long",
      file: "token",
      holds: "x".repeat(5000),
      mode: 0o600,
      status: 65,
      says: "is longer than",
    },
    { name: "token: a folder", file: "token", holds: "folder", status: 65, says: "is not a plain file" },
  ];
  test.each(rows)("$name", async ({ file, holds, mode, status, says }) => {
    const own = place.folder(`files-${rows.findIndex((row) => row.file === file && row.holds === holds)}`);
    const path = join(own, file);
    if (holds === "folder") mkdirSync(path);
    else writeFileSync(path, holds);
    chmodSync(path, mode ?? (holds === "folder" ? 0o700 : 0o600));
    if (file === "config.json") writeFileSync(join(own, "token"), "sometoken", { mode: 0o600 });
    expectRefusal(await run(own, ["status"]), status, says);
  });

  test("a broken hub.json is passed over", async () => {
    const own = place.folder("broken-hub-file");
    writeFileSync(join(own, "hub.json"), "{broken");
    writeFileSync(join(own, "token"), "sometoken", { mode: 0o600 });
    expectRefusal(await run(own, ["status", "--hub", String(hub.facts["url"])]), 77, /token/);
  });

  test.each([
    ["no JSON", "{", "is not JSON"],
    ["an unknown key", '{"projct": "x"}', 'has no member "projct"'],
    ["a wrong type", '{"project": 7}', "must be a text, not 7"],
    ["no name", '{"project": "a b"}', '"a b" is not a name'],
    ["binary", Buffer.from([0, 255]), "is not UTF-8 text"],
  ])("prism.json: %s", async (_name, holds, says) => {
    const folder = place.folder(`project-${says.length}`);
    writeFileSync(join(folder, "prism.json"), holds);
    expectRefusal(await run(home, ["drain", "--persona", "reviewer", "--project", folder]), 78, says);
  });

  test("a project that does not exist, or is a file", async () => {
    const file = join(place.path, "a-file");
    writeFileSync(file, "");
    const daemonOf = (project: string) =>
      run(home, ["daemon", "--persona", "p", "--project", project, "--surface", "terminal"]);
    expectRefusal(await daemonOf(join(place.path, "absent")), 66, "does not exist");
    expectRefusal(await daemonOf(file), 66, "is not a folder");
  });

  test("certificates that are absent or no certificates", async () => {
    const data = place.folder("tls-data");
    const junk = join(place.path, "junk.pem");
    writeFileSync(junk, "junk");
    const hubWith = (cert: string) =>
      run(place.folder("tls-home"), [
        "hub",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
        "--tls-cert",
        cert,
        "--tls-key",
        junk,
      ]);
    expectRefusal(await hubWith(join(place.path, "absent.pem")), 66, "absent.pem");
    expectRefusal(await hubWith(junk), 64, "junk.pem");
  });

  test("a corrupt store is said so, and left as it is", async () => {
    const own = place.folder("corrupt-home");
    const data = place.folder("corrupt-data");
    const first = await start(own, ["hub", "--listen", "127.0.0.1:0", "--data", data]);
    await first.kill("SIGTERM");
    const store =
      execFileSync("find", [data, "-type", "f", "-size", "+3k"], { encoding: "utf8" })
        .trim()
        .split("\n")[0] ?? "";
    expect(store).not.toBe("");
    const junk = Buffer.alloc(8192, "junk");
    writeFileSync(store, junk);
    const ran = await run(own, ["hub", "--listen", "127.0.0.1:0", "--data", data]);
    expectRefusal(ran, 74, /store/);
    expect(readFileSync(store).equals(junk)).toBe(true);
  });

  test("a daemon's corrupt state is set aside, and the daemon stands", async () => {
    const folder = place.folder("corrupt-state");
    const args = ["daemon", "--persona", "setaside", "--project", folder, "--surface", "terminal"];
    const first = await start(home, args);
    await first.kill("SIGKILL");
    const state = join(home, "state", "local", "setaside@corrupt-state");
    for (const name of execFileSync("ls", [state], { encoding: "utf8" }).trim().split("\n")) {
      writeFileSync(join(state, name), Buffer.alloc(300, 0xfe));
    }
    const second = await start(home, args);
    expect(second.facts["address"]).toBe("setaside@corrupt-state");
    expect(await second.kill("SIGTERM")).toBe(0);
  });
});

describe("folders that are somebody else's work are not closed to them", () => {
  const busy = place.folder("busy");
  const open = () => chmodSync(busy, 0o755);
  beforeAll(() => {
    writeFileSync(join(busy, "thesis.txt"), "years of work");
    open();
  });
  test("as the store's", async () => {
    const ran = await run(place.folder("claim-home"), ["hub", "--listen", "127.0.0.1:0", "--data", busy]);
    expectRefusal(ran, 64, "holds other things and is open to others");
    expect(statSync(busy).mode & 0o777).toBe(0o755);
  });
  test("as the home", async () => {
    expectRefusal(
      await run(busy, ["hub", "--listen", "127.0.0.1:0"]),
      64,
      "holds other things and is open to others",
    );
    expect(statSync(busy).mode & 0o777).toBe(0o755);
  });
});

describe("taken places", () => {
  test("a port", async () => {
    const ran = await run(place.folder("port-home"), [
      "hub",
      "--listen",
      `127.0.0.1:${hub.facts["port"]}`,
      "--data",
      place.folder("port-data"),
    ]);
    expectRefusal(ran, 71, String(hub.facts["port"]));
  });
  test("a second daemon for one persona and project is told who holds it", async () => {
    const ran = await run(home, ["daemon", ...WHO, "--surface", "terminal"]);
    expectRefusal(ran, 73, `process ${daemon.pid}`);
    expect(ran.err).toContain("reviewer@shop");
  });
  test("a second hub for one store", async () => {
    const ran = await run(home, ["hub", "--listen", "127.0.0.1:0"]);
    expectRefusal(ran, 73, /./);
  });
});

/** Messages straight to the hub: it says what is wrong with each, and stands. */
describe("messages to the hub", () => {
  const url = () => String(hub.facts["url"]);
  const token = () => readFileSync(join(home, "token"), "utf8").trim();
  async function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
    const answer = await fetch(`${url()}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token()}`, "content-type": "application/json", ...headers },
      body,
    });
    const text = await answer.text();
    const error = text.startsWith("{")
      ? (JSON.parse(text).error as { code: string; message: string } | undefined)
      : undefined;
    return { status: answer.status, error };
  }
  test.each([
    ["a wrong token", "/v1/status", "{}", { authorization: "Bearer nope" }, 401, "unauthorized"],
    ["no JSON", "/v1/status", "{", {}, 400, "malformed"],
    ["a list", "/v1/status", "[]", {}, 400, "invalid_argument"],
    ["a wrong type", "/v1/drain", '{"persona": 7, "project": "shop"}', {}, 400, "invalid_argument"],
    ["an unknown member", "/v1/status", '{"persnoa": "x"}', {}, 400, "unknown_key"],
    ["an unknown verb", "/v1/statsu", "{}", {}, 404, "unknown_verb"],
    [
      "too deep",
      "/v1/status",
      `{"persona": ${"[".repeat(500)}${"]".repeat(500)}}`,
      {},
      400,
      /malformed|invalid_argument/,
    ],
    [
      "too long",
      "/v1/signal",
      `{"to": "reviewer@shop", "text": "${"x".repeat(3_000_000)}"}`,
      {},
      413,
      "too_large",
    ],
    [
      "a text too long",
      "/v1/signal",
      `{"to": "reviewer@shop", "text": "${"x".repeat(70_000)}"}`,
      {},
      413,
      "too_large",
    ],
    ["binary", "/v1/status", Buffer.from([0, 255, 254]), {}, 400, "malformed"],
  ] as const)("%s", async (_name, path, body, headers, status, code) => {
    const answer = await post(path, body, headers);
    expect(answer.status, JSON.stringify(answer)).toBe(status);
    expect(answer.error?.code).toMatch(code);
    expect(answer.error?.message.length).toBeLessThan(300);
  });

  async function say(
    frames: readonly (string | Uint8Array)[],
  ): Promise<{ readonly code: number; readonly heard: string[] }> {
    const socket = new WebSocket(`${url().replace("http", "ws")}/v1/socket`, "prism.v1", {
      headers: { authorization: `Bearer ${token()}` },
    });
    const heard: string[] = [];
    socket.on("message", (data) => {
      heard.push(String(data));
      if (heard.length >= frames.length) socket.close(1000);
    });
    socket.on("open", () => {
      for (const frame of frames) socket.send(frame, { binary: typeof frame !== "string" });
    });
    const code = await new Promise<number>((resolve) => socket.on("close", resolve));
    return { code, heard };
  }
  test("frames: JSON-RPC that is none is answered, and what can't be answered ends the connection alone", async () => {
    const refused = await say(['{"jsonrpc":"2.0","id":1,"method":"statsu"}']);
    expect(JSON.parse(refused.heard[0] ?? "{}").error.data.code).toBe("unknown_verb");
    const wrong = await say(['{"jsonrpc":"2.0","id":1,"method":"drain","params":{"persona":1}}']);
    expect(JSON.parse(wrong.heard[0] ?? "{}").error.data.code).toBe("invalid_argument");
    for (const frame of ["not json", "[]", "{}", Buffer.from([1, 2, 3])]) {
      const { code, heard } = await say([frame]);
      expect([1000, 1002, 1003, 1007, 1008, 1009], `${code} ${heard}`).toContain(code);
    }
    const long = await say(["x".repeat(3_000_000)]);
    expect(long.code).toBe(1009);
  });

  test("without a token no socket opens", async () => {
    const socket = new WebSocket(`${url().replace("http", "ws")}/v1/socket`, "prism.v1");
    const status = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
      socket.on("error", () => resolve("error"));
    });
    expect(status).toBe(401);
  });

  test("garbage on the port", async () => {
    for (const bytes of [
      "\u0000\u0001\u0002",
      "GET / HTTP/9.9\r\n\r\n",
      `GET / HTTP/1.1\r\nX: ${"y".repeat(200_000)}\r\n\r\n`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = createConnection(Number(hub.facts["port"]), "127.0.0.1", () => socket.write(bytes));
        socket.on("error", () => {});
        socket.on("data", () => {});
        socket.on("close", () => resolve());
      });
    }
    expect(await run(home, ["status"])).toMatchObject({ status: 0 });
  });
});

describe("messages to the daemon", () => {
  test.skipIf(process.platform === "win32").each([
    ["garbage", Buffer.from([0, 1, 2, 255, 10])],
    ["no JSON", "hello\n"],
    ["no greeting", '{"jsonrpc":"2.0","id":1,"method":"status"}\n'],
    ["a line without an end", "x".repeat(3_000_000)],
    ["a truncated message", '{"jsonrpc":"2.0","id":1,"meth'],
    ["an unknown method", '{"jsonrpc":"2.0","id":1,"method":"dance"}\n'],
    [
      "an old protocol",
      '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":999,"protocolMin":999,"version":"x","role":"y"}}\n',
    ],
  ])("%s leaves it standing", async (_name, bytes) => {
    const path = ipcPathOf(homeAt(home), "local", { persona: "reviewer", project: "shop" });
    await new Promise<void>((resolve) => {
      const socket = createConnection(path, () => socket.end(bytes));
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.on("close", () => resolve());
    });
    const { out } = await run(home, ["doctor", "--json"]);
    const check = JSON.parse(out).checks.find(
      (found: { name: string }) => found.name === "daemon reviewer@shop",
    );
    expect(check?.verdict, out).toMatch(/ok|warn/);
  });
});

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

describe.skipIf(!isRoot)("folders that the system keeps from us (as another user)", () => {
  /** That user must reach the executable: what lies under root's own folders is copied out. */
  const command = join(place.path, "prism-for-nobody");
  beforeAll(() => {
    copyFileSync(EXECUTABLE, command);
    chmodSync(command, 0o755);
  });
  const as = (own: string, args: readonly string[], env?: { readonly [name: string]: string }) =>
    run(own, args, { uid: NOBODY, command, cwd: "/", ...(env === undefined ? {} : { env }) });

  test("a home that belongs to somebody else", async () => {
    chmodSync(home, 0o700);
    const ran = await as(home, ["daemon", "--persona", "p", "--project", "/tmp", "--surface", "terminal"]);
    expectRefusal(ran, 77, "home");
  });

  test("an unreadable configuration, token and project file", async () => {
    const own = place.folder("unreadable");
    chownSync(own, NOBODY, NOBODY);
    writeFileSync(join(own, "config.json"), "{}", { mode: 0o600 });
    expectRefusal(await as(own, ["status"]), 78, "config.json");
    rmSync(join(own, "config.json"));
    writeFileSync(join(own, "token"), "sometoken", { mode: 0o600 });
    expectRefusal(await as(own, ["status"]), 77, "token");
    const project = place.folder("closed-project");
    chmodSync(project, 0o700);
    expectRefusal(
      await as(own, ["daemon", "--persona", "p", "--project", join(project, "x"), "--surface", "terminal"]),
      77,
      "closed-project",
    );
  });

  test("a data folder that can't be written", async () => {
    const own = place.folder("data-home");
    chownSync(own, NOBODY, NOBODY);
    const data = place.folder("closed-data");
    chmodSync(data, 0o755);
    expectRefusal(await as(own, ["hub", "--listen", "127.0.0.1:0", "--data", data]), 77, "closed-data");
  });

  test("a port below 1024", async () => {
    const floor = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
    if (floor <= 1) return;
    const own = place.folder("low-port");
    chownSync(own, NOBODY, NOBODY);
    expectRefusal(await as(own, ["hub", "--listen", "127.0.0.1:1"]), 77, "127.0.0.1:1");
  });
});

describe.skipIf(!canMount())("a read-only disk", () => {
  const disk = place.folder("read-only-disk");
  afterAll(() => void execFileSync("umount", ["-l", disk]));

  test("under the home folder", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=1m,mode=700", "prism-test", disk]);
    expectRefusal(await run(disk, ["hub", "--listen", "127.0.0.1:0"]), 77, "read-only");
    expectRefusal(await run(join(disk, "below"), ["hub", "--listen", "127.0.0.1:0"]), 77, "read-only");
    const args = ["daemon", ...WHO, "--surface", "terminal"];
    expectRefusal(await run(disk, args), 77, "read-only");
    expectRefusal(await run(disk, ["up"]), 77, "read-only");
  });
});

/** A disk of 8 MB that is filled, refuses, and works again. */
describe.skipIf(!canMount())("a full disk", () => {
  const disk = place.folder("small-disk");
  afterAll(() => void execFileSync("umount", ["-l", disk]));

  test("new signals are refused, old ones stay readable, and space makes it well again", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "prism-test", disk]);
    const own = place.folder("disk-home");
    const full = await start(own, ["hub", "--listen", "127.0.0.1:0", "--data", join(disk, "store")]);
    const args = ["daemon", "--persona", "p", "--project", shop, "--surface", "terminal"];
    const watch = await start(own, args);
    const send = (text: string) => run(own, ["signal", "p@shop", text]);
    let sent = await send("before");
    for (let tries = 0; sent.status === 67 && tries < 100; tries++) sent = await send("before");
    expect(sent, sent.err).toMatchObject({ status: 0 });
    fill(join(disk, "filler"));
    let refused = await send("x".repeat(60_000));
    // What the store had set aside before is used up first.
    for (let tries = 0; refused.status === 0 && tries < 200; tries++)
      refused = await send("x".repeat(60_000));
    expectRefusal(refused, 74, /full/);
    const read = await run(own, [
      "history",
      "--persona",
      "p",
      "--project",
      "shop",
      "--limit",
      "500",
      "--json",
    ]);
    expect(JSON.parse(read.out).signals.some((signal: { text: string }) => signal.text === "before")).toBe(
      true,
    );
    rmSync(join(disk, "filler"));
    let after = await send("after");
    // The system gives back a removed file's space a moment later.
    for (let tries = 0; after.status === 74 && tries < 100; tries++) after = await send("after");
    expect(after, after.err).toMatchObject({ status: 0 });
    await watch.kill("SIGTERM");
    expect(await full.kill("SIGTERM")).toBe(0);
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0 || process.platform !== "linux") return false;
  const probe = place.folder("mount-probe");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "prism-probe", probe], { stdio: "ignore" });
    execFileSync("umount", [probe]);
    return true;
  } catch {
    return false;
  }
}

function fill(path: string): void {
  for (const size of [1024 * 1024, 4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full, at this grain.
    }
  }
}

/** Last: after all that was wrong, what was accepted at the start is there, once, and in order. */
test("nothing was lost", async () => {
  const { out, status } = await run(home, ["drain", ...WHO, "--json"]);
  expect(status).toBe(0);
  expect(JSON.parse(out).signals.map((signal: { text: string }) => signal.text)).toEqual(TEXTS);
  expect(JSON.parse((await run(home, ["drain", ...WHO, "--json"])).out).signals).toEqual([]);
});
