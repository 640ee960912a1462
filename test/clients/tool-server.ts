/**
 * A server of tools over standard input and output, as small as clients of MCP let one be: each tool answers with its
 * own name, and is annotated as its name says. Run as `node tool-server.ts LOG`; what it was started with goes there.
 */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const harmless = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };

const TOOLS: { readonly [name: string]: { readonly [hint: string]: boolean } | undefined } = {
  unmarked: undefined,
  harmless,
  reading: { readOnlyHint: true },
  destructive: { ...harmless, destructiveHint: true },
  open: { ...harmless, openWorldHint: true },
};

interface Call {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly protocolVersion?: string; readonly name?: string };
}

function answer({ method, params }: Call): unknown {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "tools", version: "1" },
      };
    case "tools/list":
      return {
        tools: Object.entries(TOOLS).map(([name, annotations]) => ({
          name,
          description: name,
          inputSchema: { type: "object", properties: {} },
          ...(annotations === undefined ? {} : { annotations }),
        })),
      };
    case "tools/call":
      return { content: [{ type: "text", text: `this is ${params?.name}` }] };
    default:
      return undefined;
  }
}

writeFileSync(process.argv[2] ?? "/dev/null", JSON.stringify({ env: process.env, cwd: process.cwd() }));
createInterface({ input: process.stdin }).on("line", (line) => {
  const call = JSON.parse(line) as Call;
  if (call.id === undefined) return;
  const result = answer(call);
  const error = { code: -32601, message: `no method ${call.method}` };
  const said = { jsonrpc: "2.0", id: call.id, ...(result === undefined ? { error } : { result }) };
  process.stdout.write(`${JSON.stringify(said)}\n`);
});
