/** The project's MCP servers as children, spoken to as far as a turn needs: what tools there are, and calling one. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { VERSION } from "./session.ts";

interface ServerEntry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: { readonly [name: string]: string };
}

interface Answer {
  readonly result?: {
    readonly tools?: readonly { readonly name: string }[];
    readonly content?: readonly { readonly type: string; readonly text?: string }[];
  };
}

const PROTOCOL = "2025-11-25";

export class McpServers {
  readonly #servers = new Map<string, McpServer>();

  /** Servers that do not start have no tools; nobody is told. */
  async start(project: string, approved: (name: string) => boolean, env: NodeJS.ProcessEnv): Promise<void> {
    const entries = Object.entries(read(project)).filter(([name]) => approved(name));
    for (const [name, entry] of entries) this.#servers.set(name, new McpServer(entry, project, env));
    await Promise.all([...this.#servers.values()].map((server) => server.greet()));
  }

  get tools(): readonly string[] {
    return [...this.#servers].flatMap(([name, server]) =>
      server.tools.map((tool) => `mcp__${name}__${tool}`),
    );
  }

  async call(tool: string, input: object): Promise<string> {
    const [, server = "", name = ""] = /^mcp__(.+?)__(.+)$/.exec(tool) ?? [];
    const answer = await this.#servers.get(server)?.ask("tools/call", { name, arguments: input });
    return (answer?.result?.content ?? []).map((part) => part.text ?? "").join("\n");
  }

  end(): void {
    for (const server of this.#servers.values()) server.end();
  }
}

class McpServer {
  tools: readonly string[] = [];
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor({ command, args = [], env: own = {} }: ServerEntry, cwd: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn(command, args, { cwd, env: { ...env, ...own }, stdio: ["pipe", "pipe", "ignore"] });
    this.#child.once("error", () => this.#giveUp());
    this.#child.once("exit", () => this.#giveUp());
    this.#child.stdin?.on("error", () => {});
    if (this.#child.stdout === null) return;
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const message = JSON.parse(line) as Answer & { readonly id?: number; readonly method?: string };
      if (message.method === undefined && message.id !== undefined) this.#asked.get(message.id)?.(message);
    });
  }

  async greet(): Promise<void> {
    const clientInfo = { name: "claude-code", version: VERSION };
    await this.ask("initialize", { protocolVersion: PROTOCOL, capabilities: {}, clientInfo });
    this.#send({ jsonrpc: "2.0", method: "notifications/initialized" });
    const { result } = await this.ask("tools/list", {});
    this.tools = (result?.tools ?? []).map(({ name }) => name);
  }

  ask(method: string, params: object): Promise<Answer> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      if (this.#child.exitCode !== null) resolve({});
      this.#send({ jsonrpc: "2.0", id, method, params });
    });
  }

  end(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }

  #send(message: object): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #giveUp(): void {
    for (const answer of this.#asked.values()) answer({});
  }
}

function read(project: string): { readonly [name: string]: ServerEntry } {
  try {
    return JSON.parse(readFileSync(join(project, ".mcp.json"), "utf8")).mcpServers ?? {};
  } catch {
    return {};
  }
}
