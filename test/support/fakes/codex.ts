/**
 * A program that behaves as Codex 0.169.0 was seen to, wherever others can tell: its command line, its control
 * socket, its hooks and their trust, its queue and turns, its screen. Run as `node codex.ts ARGUMENTS` in Codex's own
 * environment; the model is whatever config.toml names. What it does not play it refuses.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { appServerClient } from "../app-server-client.ts";
import { codexHome, type Json } from "./codex/home.ts";
import { AppServer, type Message } from "./codex/server.ts";
import { type Link, runScreen } from "./codex/tui.ts";
import { serveLines, serveSocket } from "./codex/wires.ts";

const COMMON = {
  config: { type: "string", short: "c", multiple: true },
  model: { type: "string", short: "m" },
  sandbox: { type: "string", short: "s" },
  "dangerously-bypass-hook-trust": { type: "boolean" },
  "dangerously-bypass-approvals-and-sandbox": { type: "boolean" },
} as const;
const EXEC_OPTIONS = {
  ...COMMON,
  json: { type: "boolean" },
  cd: { type: "string", short: "C" },
  "skip-git-repo-check": { type: "boolean" },
} as const;
const SCREEN_OPTIONS = {
  ...COMMON,
  cd: { type: "string", short: "C" },
  "ask-for-approval": { type: "string", short: "a" },
  "no-daemon": { type: "boolean" },
  "no-alt-screen": { type: "boolean" },
} as const;
const QUEUE_OPTIONS = {
  thread: { type: "string" },
  message: { type: "string" },
  resume: { type: "boolean" },
  remote: { type: "string" },
} as const;
const SERVE_OPTIONS = { listen: { type: "string" }, stdio: { type: "boolean" } } as const;

const home = codexHome(process.env);
const [verb, ...rest] = process.argv.slice(2);

switch (verb) {
  case "--version":
    process.stdout.write(`codex-cli ${process.env["FAKE_CODEX_VERSION"] ?? "0.169.0"}\n`);
    break;
  case "exec":
    await execute(rest);
    break;
  case "queue":
    await queue(rest);
    break;
  case "app-server":
    await serve(rest);
    break;
  default:
    await interact(process.argv.slice(2));
}

/** `codex exec [--json] [resume ID] PROMPT`: one turn in a process of its own, then the end. */
async function execute(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: EXEC_OPTIONS,
    allowPositionals: true,
  });
  const resumed = positionals[0] === "resume" ? positionals[1] : undefined;
  const prompt = positionals.at(-1) ?? "";
  const print = (line: Json) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const server = new AppServer({ home, bypassHookTrust: values["dangerously-bypass-hook-trust"] === true });
  const link = linkTo(server);
  await link.ask("initialize", { clientInfo: { name: "codex_exec", version: "0.169.0" } });
  try {
    const { thread } = await (resumed === undefined
      ? link.ask("thread/start", { cwd: process.cwd(), threadSource: "user", approvalPolicy: "never" })
      : link.ask("thread/resume", { threadId: resumed, approvalPolicy: "never" }));
    const { id } = thread;
    print({ type: "thread.started", thread_id: id });
    const completed = new Promise<void>((resolve) => {
      link.hears(({ method, params }) => {
        const item = params["item"] as Json | undefined;
        if (method === "turn/started") print({ type: "turn.started" });
        if (method === "item/completed" && item?.["type"] === "agentMessage") {
          print({
            type: "item.completed",
            item: { id: "item_0", type: "agent_message", text: item["text"] },
          });
        }
        if (method === "turn/completed") resolve();
      });
    });
    await link.ask("turn/start", { threadId: id, input: [{ type: "text", text: prompt }] });
    await completed;
    print({ type: "turn.completed", usage: { input_tokens: 10, output_tokens: 5 } });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Error: thread/resume: thread/resume failed: ${why} (code -32600)\n`);
    process.exitCode = 1;
  }
  await server.close();
}

/** `codex queue`: through the daemon if one is up, else straight into the queue that its processes share. */
async function queue(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: QUEUE_OPTIONS });
  const { thread: threadId = "", message = "", remote, resume = false } = values;
  const add = { threadId, clientUserMessageId: randomUUID(), input: [{ type: "text", text: message }] };
  const daemon = await link(remote?.slice("unix://".length) || home.socket);
  try {
    const { queuedSubmission } = await (daemon ?? (await ownLink())).ask("thread/queue/add", add);
    process.stdout.write(`Queued message ${queuedSubmission.id} for thread ${threadId}.\n`);
    if (resume && daemon !== undefined) await daemon.ask("thread/resume", { threadId });
    if (resume && daemon === undefined) {
      const advice = "start a local daemon or specify a server with --remote";
      process.stderr.write(
        `Warning: message was queued, but could not resume thread ${threadId}: ${advice}\n`,
      );
    }
    process.exit(0);
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    const why = `thread/queue/add failed: ${message} (code ${code ?? -32603})`;
    process.stderr.write(`Error: failed to queue session message: ${why}\n`);
    process.exit(1);
  }
}

async function serve(args: readonly string[]): Promise<void> {
  if (args[0] === "daemon") return daemon(args[1]);
  const { values } = parseArgs({ args: [...args], options: SERVE_OPTIONS, strict: false });
  const listen = values["stdio"] === true ? "stdio://" : String(values["listen"] ?? "stdio://");
  const server = new AppServer({ home });
  process.once("SIGTERM", () => {
    rmSync(home.socket, { force: true });
    process.exit(0);
  });
  if (listen.startsWith("unix://")) {
    await serveSocket(server, listen.slice("unix://".length) || home.socket);
    if (values["managed-daemon"] === true) home.writeDaemonPid(process.pid);
    return;
  }
  await serveLines(server);
  await server.close();
}

/** `codex [resume ID] [PROMPT]` in a terminal: on the daemon, which it starts if there is none. */
async function interact(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: SCREEN_OPTIONS,
    allowPositionals: true,
  });
  const resumed = positionals[0] === "resume" ? positionals[1] : undefined;
  const daemonless = values["no-daemon"] === true;
  const connected = daemonless ? await ownLink() : ((await link(home.socket)) ?? (await startDaemon()));
  await runScreen({
    home,
    link: connected,
    cwd: process.cwd(),
    threadId: resumed,
    approvalPolicy: values["ask-for-approval"] ?? "on-request",
  });
  process.exit(0);
}

/** `codex app-server daemon stop`. */
function daemon(what: string | undefined): void {
  if (what !== "stop") throw new Error(`the fake plays no codex app-server daemon ${what}`);
  const pid = home.daemonPid();
  if (pid !== undefined) process.kill(pid, "SIGTERM");
  process.stdout.write(`${JSON.stringify({ status: "stopped", socketPath: home.socket })}\n`);
}

async function startDaemon(): Promise<Link> {
  const script = process.argv[1] ?? "";
  const args = [...process.execArgv, script, "app-server", "--listen", "unix://", "--managed-daemon"];
  const child = spawn(process.execPath, args, { detached: true, stdio: "ignore", env: process.env });
  child.unref();
  for (;;) {
    const up = await link(home.socket);
    if (up !== undefined) return up;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Undefined when nobody listens there. */
async function link(socket: string): Promise<Link | undefined> {
  try {
    const client = await appServerClient(socket, { name: "codex-tui" });
    void client.closed.then(() => process.stdout.write("\r\n• Reconnecting to server…\r\n"));
    return client;
  } catch {
    return undefined;
  }
}

/** A server inside this process, for who wants no daemon. */
async function ownLink(): Promise<Link> {
  const linked = linkTo(new AppServer({ home }));
  const clientInfo = { name: "codex-tui", version: "0.169.0" };
  await linked.ask("initialize", { clientInfo, capabilities: { experimentalApi: true } });
  return linked;
}

function linkTo(server: AppServer): Link {
  const asked = new Map<number, (message: Message) => void>();
  const listeners = new Set<(note: { method: string; params: Json; id?: number }) => void>();
  let lastId = 0;
  const connection = server.connect((sent) => {
    const message = sent as Message;
    if (message.method === undefined) {
      asked.get(Number(message.id))?.(message);
      return;
    }
    for (const hear of listeners) hear(message as { method: string; params: Json; id?: number });
  });
  return {
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        asked.set(id, ({ result, ...other }) => {
          const error = other["error"] as { code: number; message: string } | undefined;
          if (error === undefined) resolve(result);
          else reject(Object.assign(new Error(error.message), { code: error.code }));
        });
        connection.hear({ id, method, params });
      }),
    hears: (listener) => listeners.add(listener),
    reply: (id, result) => connection.hear({ id, result }),
  };
}
