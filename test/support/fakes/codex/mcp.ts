/**
 * Codex's tools from MCP servers on standard input and output: started for a session, in an environment of their own,
 * listed to the model by namespace, and called only with somebody's leave unless they say that they do no harm.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CodexHome, Json } from "./home.ts";

/** All that a server gets of Codex's own environment. */
const ENVIRONMENT = ["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];
const PREFIX = "mcp__";

export interface McpTool {
  readonly server: string;
  readonly name: string;
  /** By configuration, or by what the tool says of itself. */
  readonly needsLeave: boolean;
  call(args: Json): Promise<Json>;
}

export interface McpTools {
  /** As the model is told of them. */
  readonly offered: readonly Json[];
  find(namespace: string | undefined, name: string): McpTool | undefined;
  close(): void;
}

interface ServerConfig {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: { readonly [name: string]: string };
  readonly default_tools_approval_mode?: string;
  readonly tools?: { readonly [tool: string]: { readonly approval_mode?: string } };
}

interface ListedTool extends Json {
  readonly name: string;
  readonly annotations?: {
    readonly readOnlyHint?: boolean;
    readonly destructiveHint?: boolean;
    readonly openWorldHint?: boolean;
  };
}

/** Starts every server that is configured for this folder; one that fails is left out. */
export async function startMcp(home: CodexHome, cwd: string): Promise<McpTools> {
  const configured = (home.config(cwd)["mcp_servers"] ?? {}) as { readonly [name: string]: ServerConfig };
  const servers = await Promise.all(
    Object.entries(configured).map(([name, config]) => startServer(name, config, { home, cwd })),
  );
  const tools = servers.flatMap(({ tools }) => tools);
  return {
    offered: servers.map(({ name, listed }) => ({ type: "namespace", name: PREFIX + name, tools: listed })),
    find: (namespace, name) => tools.find((tool) => PREFIX + tool.server === namespace && tool.name === name),
    close: () => {
      for (const { child } of servers) child.kill();
    },
  };
}

async function startServer(
  name: string,
  config: ServerConfig,
  { home, cwd }: { readonly home: CodexHome; readonly cwd: string },
) {
  const own = ENVIRONMENT.flatMap((key) => (home.env[key] === undefined ? [] : [[key, home.env[key]]]));
  const env = { ...Object.fromEntries(own), ...config.env };
  const child = spawn(config.command, config.args ?? [], { cwd, env, stdio: ["pipe", "pipe", "ignore"] });
  const ask = clientOf(child);
  try {
    const clientInfo = { name: "codex-mcp-client", title: "Codex", version: "0.169.0" };
    await ask("initialize", { protocolVersion: "2025-06-18", capabilities: { elicitation: {} }, clientInfo });
    child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
    const { tools = [] } = (await ask("tools/list", {})) as { readonly tools?: readonly ListedTool[] };
    const listed = tools.map(({ name, description, inputSchema }) => ({
      ...{ type: "function", name, description, strict: false, parameters: inputSchema },
    }));
    const made = tools.map((tool): McpTool => {
      const mode = config.tools?.[tool.name]?.approval_mode ?? config.default_tools_approval_mode ?? "auto";
      return {
        server: name,
        name: tool.name,
        needsLeave: mode === "prompt" || (mode === "auto" && mayHarm(tool)),
        call: (args) => ask("tools/call", { name: tool.name, arguments: args }),
      };
    });
    return { name, child, listed, tools: made };
  } catch {
    return { name, child, listed: [], tools: [] };
  }
}

/** What a tool leaves unsaid counts against it. */
function mayHarm({ annotations = {} }: ListedTool): boolean {
  if (annotations.readOnlyHint === true) return false;
  return annotations.destructiveHint !== false || annotations.openWorldHint !== false;
}

function clientOf(child: ChildProcess): (method: string, params: Json) => Promise<Json> {
  const asked = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>();
  let lastId = 0;
  const gone = () => {
    for (const { reject } of asked.values()) reject(new Error("the server is gone"));
  };
  child.once("error", gone);
  child.once("close", gone);
  child.stdin?.on("error", () => {});
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, result, error } = JSON.parse(line) as {
        id?: number;
        result?: Json;
        error?: { message: string };
      };
      if (id === undefined) return;
      if (result === undefined) asked.get(id)?.reject(new Error(error?.message));
      else asked.get(id)?.resolve(result);
      asked.delete(id);
    });
  }
  return (method, params) =>
    new Promise((resolve, reject) => {
      if (child.exitCode !== null) return reject(new Error("the server is gone"));
      const id = lastId++;
      asked.set(id, { resolve, reject });
      child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    });
}
