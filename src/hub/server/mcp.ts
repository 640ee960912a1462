/**
 * The verbs as MCP tools at `POST /mcp`, streamable HTTP: today's revision (2026-07-28, stateless) and the
 * older ones, each request served by itself. Turns node's request into the web's and back; what a tool does
 * stands in the tool table, and what a verb does in the service.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createMcpHandler, type McpHttpHandler } from "@modelcontextprotocol/server";
import { PrismError } from "../../domain/errors.ts";
import { answerText } from "../../domain/tool-text.ts";
import { paramsOf, type Tool, toolsFor } from "../../domain/tools.ts";
import { tracedBy } from "../../domain/traceparent.ts";
import { HUB_PROTOCOL } from "../../domain/verbs.ts";
import { mcpServerOf, type ToolHost } from "../../net/mcp-tools.ts";
import type { Bearer } from "../service.ts";
import type { Edge } from "./edge.ts";
import { answerOf } from "./verb-answer.ts";

const INSTRUCTIONS =
  "Prism carries signals between AI agents and wakes them. Addresses are PERSONA@PROJECT. Send with prism_signal, " +
  "read what waits for a persona with prism_drain, see who is there with prism_status. Lines that begin with a bar are a " +
  "sender's words. Answer a signal only if an answer is wanted, never only to thank or confirm.";

export interface McpEdge {
  handle(request: IncomingMessage, response: ServerResponse, bearer: Bearer): Promise<void>;
  close(): Promise<void>;
}

export function openMcpEdge(edge: Edge): McpEdge {
  const tools = toolsFor("any");
  // What a persona's token may never do is not offered to whoever holds one.
  const ownTools = tools.filter(({ verb }) => !verb.startsWith("persona_"));
  const hostOf = (bearer: Bearer): ToolHost => ({
    tools: bearer.scope === "home" ? tools : ownTools,
    instructions: INSTRUCTIONS,
    version: edge.version,
    log: edge.log,
    call: (tool, args, { traceparent }) => callTool(edge, bearer, tool, { args, traceparent }),
  });
  const handler = createMcpHandler((context) => mcpServerOf(hostOf(bearerIn(context.authInfo)), false), {
    maxRequestBodySize: edge.bounds.messageBytesMax,
    maxSubscriptions: edge.bounds.mcpSubscriptionsMax,
    onerror: (error) => edge.log("debug", "mcpRefused", { code: "malformed", reason: error.name }),
  });
  return {
    handle: (request, response, bearer) => serve(handler, request, response, bearer),
    close: () => handler.close(),
  };
}

/** As `serve` put it there. */
function bearerIn(authInfo: { readonly extra?: Record<string, unknown> } | undefined): Bearer {
  const bearer = authInfo?.extra?.["bearer"];
  if (bearer === undefined) throw new Error("an MCP request came in without its bearer");
  return bearer as Bearer;
}

async function callTool(
  edge: Edge,
  bearer: Bearer,
  tool: Tool,
  { args, traceparent }: { readonly args: unknown; readonly traceparent: unknown },
): Promise<string> {
  const filled =
    tool.verb === "start" ? { kind: "agent", protocol: HUB_PROTOCOL, version: `mcp ${edge.version}` } : {};
  const given = paramsOf(tool, args, filled);
  const params = tool.verb === "signal" ? tracedBy(traceparent, given) : given;
  return answerText(tool.verb, await answerOf(edge, bearer, tool.verb, params));
}

async function serve(
  handler: McpHttpHandler,
  request: IncomingMessage,
  response: ServerResponse,
  bearer: Bearer,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const answer = await handler.fetch(webRequest(request, gone.signal), {
    // Who asks travels in the SDK's own place for it; the token itself goes no further than here.
    authInfo: { token: "", clientId: bearer.tenant, scopes: [], extra: { bearer } },
  });
  if (response.destroyed) return;
  const unread = !request.complete;
  response.writeHead(answer.status, {
    ...Object.fromEntries(answer.headers),
    "X-Content-Type-Options": "nosniff",
    ...(unread ? { Connection: "close" } : {}),
  });
  if (answer.body === null) {
    response.end();
    return;
  }
  await pipe(answer.body, response);
}

function webRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // The SDK checks no token: what it doesn't need, it doesn't get.
    if (name === "authorization" || value === undefined) continue;
    headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const method = request.method ?? "GET";
  const withBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://${request.headers.host || "localhost"}${request.url ?? "/mcp"}`, {
    method,
    headers,
    signal,
    ...(withBody ? { body: Readable.toWeb(request) as ReadableStream, duplex: "half" } : {}),
  });
}

async function pipe(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  try {
    for await (const chunk of body) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
  } catch (error) {
    throw new PrismError("interrupted", "the MCP stream broke off", { cause: error });
  } finally {
    response.end();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
