/**
 * Everything that Prism writes anywhere, in a run with marked secrets and with everything going wrong that can: a mark
 * may stand where it belongs, which is the token's file and the hub's store, and nowhere else. The store's limit is a
 * limit on the size of its files, so that writing fails without a full disk.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { commandLines, type Found, filesBelow, marksIn } from "../support/marks.ts";
import {
  EXECUTABLE,
  endStarted,
  type Program,
  type Ran,
  run,
  scratch,
  start,
} from "../support/prism-process.ts";
import { isToolHere } from "../support/system-tool.ts";
import { until } from "../support/until.ts";

const place = scratch();
const home = join(place.path, "home");
const shop = place.folder("shop");
const mark = (name: string): string => `MARK${name}x7Qz9`;
const secrets = {
  wrongToken: mark("wrongtoken"),
  text: mark("signaltext"),
  tool: mark("toolargument"),
  prompt: mark("prompt"),
  frame: mark("frame"),
  variable: mark("variable"),
};
/** Of whoever starts Prism: their own, and nothing to write down. */
const env = { SHOP_API_KEY: secrets.variable, ANTHROPIC_API_KEY: secrets.variable };
/** What programs have written to their standard streams, by who they are. */
const written = new Map<string, string>();
const children: ChildProcess[] = [];

afterAll(async () => {
  for (const child of children) child.kill("SIGTERM");
  endStarted();
  place.remove();
});

function keep(name: string, text: string): void {
  written.set(name, (written.get(name) ?? "") + text);
}

/** A command whose answer is for its caller: what it says of a failure counts, and what it prints on success not. */
async function prism(words: readonly string[], more: { input?: string; token?: string } = {}): Promise<Ran> {
  const ran = await run(home, words, {
    env: { ...env, ...(more.token === undefined ? {} : { PRISM_TOKEN: more.token }) },
    ...(more.input === undefined ? {} : { input: more.input }),
    cwd: shop,
  });
  keep(`prism ${words[0]}, stderr`, ran.err);
  return ran;
}

/** Bytes that no program of ours would send, and whatever is said to that. */
async function sendRaw(to: number | string, bytes: string): Promise<void> {
  const socket = typeof to === "number" ? connect(to, "127.0.0.1") : connect(to);
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.end(bytes);
  await once(socket, "close");
  keep(`answer to bytes at ${to}`, heard);
}

function leaks(allowed: (found: Found) => boolean): readonly Found[] {
  const token = readFileSync(join(home, "token"), "utf8").trim();
  const marks = { ...secrets, token };
  const everything = [...filesBelow(place.path), ...written, ...commandLines()];
  return marksIn(marks, everything).filter((found) => !allowed(found));
}

/** The token in its file; texts in the hub's store, which is what it is for. */
function belongs({ mark, where }: Found): boolean {
  if (mark === "token") return where === "home/token";
  return ["text", "tool"].includes(mark) && /^home\/hub\/hub\.db(-wal)?$/.test(where);
}

async function startHub(fileKiBMax: number): Promise<Program> {
  // Beyond that size a write fails, to the store as to the log.
  const limited = join(place.path, "limited-hub");
  writeFileSync(limited, `#!/bin/bash\nulimit -f ${fileKiBMax}\nexec "${EXECUTABLE}" "$@"\n`, {
    mode: 0o755,
  });
  return start(home, ["hub", "--listen", "127.0.0.1:0", "--log-sink", "file", "--log-level", "debug"], {
    ...{ env, cwd: shop, command: limited },
  });
}

const DAEMON = ["--project", shop, "--surface", "exec", "--exec-timeout", "5s", "--log-level", "debug"];

/** Whose lines go to a stand-in of the journal, with the socket that systemd would hand over. */
async function startJournalled(persona: string, journal: string): Promise<void> {
  const words = [
    "daemon",
    "--persona",
    persona,
    ...DAEMON,
    "--exec-command",
    "env >/dev/null",
    "--json",
    "--until-eof",
  ];
  const host = join(import.meta.dirname, "../support/journal-host.py");
  const child = spawn("python3", [host, journal, EXECUTABLE, ...words, "--log-sink", "journal"], {
    env: { PATH: process.env["PATH"] ?? "", PRISM_HOME: home, ...env },
    // It ends with this process.
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  child.stderr.setEncoding("utf8").on("data", (text: string) => keep(`${persona}, stderr`, text));
  await once(createInterface({ input: child.stdout }), "line");
}

/** A shim as an agent's client runs it: asked well, asked wrong, and sent what is no message. */
async function talkToShim(): Promise<void> {
  const call = (id: number, name: string, args: object): string =>
    `${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } })}\n`;
  const hello = {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  const child = spawn(EXECUTABLE, ["mcp", "--persona", "writer", "--project", shop, "--log-level", "debug"], {
    env: { PATH: process.env["PATH"] ?? "", PRISM_HOME: home, ...env },
    cwd: shop,
  });
  children.push(child);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const lines = [
    `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: hello })}\n`,
    `${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`,
    call(2, "prism_signal", { to: "reviewer@shop", text: secrets.tool }),
    call(3, "prism_signal", { to: 7, text: [secrets.tool], [secrets.tool]: 1 }),
    call(4, "prism_nothing", { [secrets.tool]: secrets.tool }),
    `{"jsonrpc": "2.0", "method": "${secrets.tool}\n`,
    `${JSON.stringify({ jsonrpc: "2.0", id: 5, method: secrets.tool, params: [secrets.tool] })}\n`,
  ];
  child.stdin.write(lines.join(""));
  const answered = new Set<unknown>();
  for await (const line of createInterface({ input: child.stdout })) {
    answered.add(JSON.parse(line).id);
    // What is not even a request is answered by none.
    if ([1, 2, 3, 4].every((id) => answered.has(id))) child.stdin.end();
  }
  keep("prism mcp, stderr", said);
  expect(said).toContain("mcpLineNotJson");
}

async function untilSaid(read: () => string, words: string): Promise<void> {
  await until(() => read().includes(words));
}

const textOf = (path: string) => (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

test.skipIf(process.platform !== "linux" || !isToolHere(["python3", "--version"]))(
  "no secret and no signal's text is written anywhere but where it belongs",
  { timeout: 60_000 },
  async () => {
    const journal = join(place.path, "journal");
    const hub = await startHub(1500);
    const port = Number(hub.facts["port"]);
    const hubLog = join(home, "log/hub.log");
    await startJournalled("reviewer", journal);
    const builder = await start(
      home,
      ["daemon", "--persona", "builder", ...DAEMON, "--exec-command", "exit 3"],
      { env, cwd: shop },
    );

    await untilSaid(textOf(journal), "to=connected");
    await untilSaid(builder.errors, '"to":"connected"');

    // What works, and what is refused.
    for (const to of ["reviewer@shop", "builder@shop"]) {
      expect(await prism(["signal", to, secrets.text])).toMatchObject({ status: 0 });
    }
    await untilSaid(textOf(journal), "doorbellRung");
    expect((await prism(["signal", "nobody@shop", secrets.text])).status).not.toBe(0);
    expect((await prism(["status"], { token: secrets.wrongToken })).err).toContain("token");
    await talkToShim();
    const hook = ["--client", "claude-code", "--persona", "reviewer", "--project", shop];
    const input = JSON.stringify({
      ...{ session_id: "s", cwd: shop, prompt: secrets.prompt, hook_event_name: "UserPromptSubmit" },
      ...{ tool_name: "Bash", tool_input: { command: secrets.prompt }, tool_response: secrets.prompt },
    });
    for (const event of ["user-prompt-submit", "post-tool-use", "stop"]) {
      keep("prism hook, stdout", (await prism(["hook", event, ...hook], { input })).out);
    }
    await prism(["hook", "stop", ...hook], { input: `{"prompt": "${secrets.prompt}` });
    // An agent of a daemon that is not there.
    await prism(["hook", "stop", ...hook.map((word) => (word === "reviewer" ? "nobody" : word))], { input });

    // What is no message at all.
    const socket = join(home, "run/local/reviewer@shop.sock");
    await sendRaw(
      port,
      `GET /${secrets.frame} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secrets.wrongToken}\r\n\r\n`,
    );
    await sendRaw(
      port,
      `POST /v1/signal HTTP/1.1\r\nhost: x\r\ncontent-length: 30\r\n\r\n{"text": "${secrets.frame}`,
    );
    await sendRaw(port, `${secrets.frame}\r\n\r\n`);
    await sendRaw(socket, `{"jsonrpc": "2.0", "method": "${secrets.frame}\n${secrets.frame}\n`);
    await brokenFrames(port);

    // Whoever looks.
    for (const words of [
      ["metrics"],
      ["status"],
      ["doctor"],
      ["logs", "--lines", "9999"],
      ["service", "status"],
    ]) {
      keep(`prism ${words.join(" ")}, stdout`, (await prism(words)).out);
    }
    for (const what of [["hub"], ["daemon", "--persona", "reviewer", ...DAEMON, "--exec-command", "true"]]) {
      const { out } = await prism(["service", "install", ...what, "--dry-run"]);
      keep(`the service of the ${what[0]}`, out);
    }
    keep("the hub's metrics", await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());

    // The store is full: in the middle of texts. Then the hub dies, and finds what it has left.
    const big = `${secrets.text}${"x".repeat(60_000)}`;
    let status = 200;
    for (let round = 0; round < 100 && status === 200; round++) status = await post(port, big);
    expect(status).toBeGreaterThan(200);
    await untilSaid(textOf(hubLog), "commitFailed");
    await untilSaid(builder.errors, "doorbellFailed");
    const before = leaks(belongs);
    await hub.kill("SIGKILL");
    keep("the hub, stderr", hub.errors());
    const again = await startHub(1_000_000);
    expect(await prism(["drain", "--persona", "reviewer", "--project", shop])).toMatchObject({ status: 0 });
    keep("builder, stderr", builder.errors());
    keep("the hub again, stderr", again.errors());
    expect(before).toEqual([]);
    expect(leaks(belongs)).toEqual([]);

    // It was all said, and this test would have heard a word too much.
    expect(builder.errors()).toContain("doorbellFailed");
    expect(written.get("prism logs --lines 9999, stdout")).toContain("hubOpened");
    const found = leaks(() => false);
    expect(
      new Set(found.filter(({ where }) => where.startsWith("home/hub/")).map((each) => each.mark)),
    ).toEqual(new Set(["text", "tool"]));
    expect(found).toContainEqual({ mark: "token", where: "home/token" });
    appendFileSync(hubLog, `{"event":"planted","text":"${secrets.text}"}\n`);
    keep("planted", Buffer.from(`x${secrets.variable}`).subarray(1).toString("base64"));
    expect(leaks(belongs)).toEqual([
      { mark: "text", where: "home/log/hub.log" },
      { mark: "variable", where: "planted" },
    ]);
    await again.kill("SIGTERM");
  },
);

/** @returns the HTTP status; what it says of a failure is kept */
async function post(port: number, text: string): Promise<number> {
  const token = readFileSync(join(home, "token"), "utf8").trim();
  const answer = await fetch(`http://127.0.0.1:${port}/v1/signal`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ to: "reviewer@shop", text }),
  });
  keep("the hub's answers", await answer.text());
  return answer.status;
}

/** A socket that is rightly opened, and then breaks every rule. */
async function brokenFrames(port: number): Promise<void> {
  const token = readFileSync(join(home, "token"), "utf8").trim();
  for (const words of [
    `{"id": 1, "verb": "${secrets.frame}`,
    JSON.stringify({ id: 1, verb: "signal", params: { text: secrets.frame } }),
  ]) {
    const payload = Buffer.from(words);
    const masked = Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
    const upgrade = [
      ...["GET /v1/socket HTTP/1.1", "host: x", "connection: upgrade", "upgrade: websocket"],
      ...["sec-websocket-version: 13", "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="],
      ...[`authorization: Bearer ${token}`, "", ""],
    ].join("\r\n");
    await sendRaw(port, upgrade + masked.toString("latin1") + secrets.frame);
  }
}
