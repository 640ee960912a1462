/**
 * An MCP server that offers tools, over the SDK: the hub's edge and the shim hand in which tools there are
 * and how to call one. Knows no transport and no hub. Loaded only by whoever speaks MCP: the SDK and its
 * schema library cost more memory than a whole daemon may.
 */
import {
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { printable } from "../domain/address.ts";
import { errorOf, PrismError, reportOf } from "../domain/errors.ts";
import { faultText, type Log } from "../domain/log.ts";
import { nearest } from "../domain/shape.ts";
import { errorText } from "../domain/tool-text.ts";
import type { Tool } from "../domain/tools.ts";

export interface ToolHost {
  readonly tools: readonly Tool[];
  /** What a model should know before it calls anything. */
  readonly instructions: string;
  readonly version: string;
  readonly log: Log;
  /** It may hand words to the agent unasked, as a channel of Claude Code. */
  readonly isChannel?: boolean;
  /**
   * A client has come to work, not only to look: said before its every call, and after its handshake.
   *
   * @param client its name, if it told one
   */
  met?(client: string | undefined): void;
  /**
   * @param args as the model gave them, unchecked
   * @returns the answer's text
   * @throws PrismError, which the model is told as the tool's own failure
   */
  call(tool: Tool, args: unknown, context: CallContext): Promise<string>;
}

/** What is told beside a call's arguments. */
export interface CallContext {
  /** Fires when the client no longer waits. */
  readonly abandoned: AbortSignal;
  /** The client's `_meta.traceparent`, unchecked. */
  readonly traceparent: unknown;
}

/**
 * @param notifies true declares the logging capability: the host sends doorbells that way
 */
export function mcpServerOf(host: ToolHost, notifies: boolean): Server {
  const server = new Server(
    { name: "prism", title: "Prism", version: host.version },
    {
      capabilities: {
        tools: {},
        ...(notifies ? { logging: {} } : {}),
        ...(notifies && host.isChannel === true ? { experimental: { "claude/channel": {} } } : {}),
      },
      instructions: host.instructions,
    },
  );
  const listed = host.tools.map(({ name, title, description, inputSchema, annotations }) => ({
    name,
    title,
    description,
    inputSchema: inputSchema as { type: "object" },
    annotations,
  }));
  // The handshake alone may be a probe that ends again at once; the client's word that it is done is not.
  const met = (context?: ServerContext) => host.met?.(clientName(server, context));
  server.oninitialized = () => met();
  server.setRequestHandler("tools/list", (_request, context) => {
    met(context);
    return { tools: listed };
  });
  server.setRequestHandler("tools/call", async (request, context) => {
    met(context);
    const tool = host.tools.find((candidate) => candidate.name === request.params.name);
    if (tool === undefined) throw unknownTool(request.params.name, host.tools);
    try {
      return textResult(await host.call(tool, request.params.arguments, callContext(context)), false);
    } catch (error) {
      return textResult(errorText(knownError(error, host.log, tool)), true);
    }
  });
  return server;
}

function callContext({ mcpReq }: ServerContext): CallContext {
  return { abandoned: mcpReq.signal, traceparent: mcpReq._meta?.["traceparent"] };
}

/** Older revisions tell it once, in the handshake; today's with every request. */
function clientName(server: Server, context: ServerContext | undefined): string | undefined {
  const envelope = context?.mcpReq.envelope as { readonly [key: string]: unknown } | undefined;
  const told = envelope?.[CLIENT_INFO_META_KEY];
  const name = typeof told === "object" && told !== null && "name" in told ? told.name : undefined;
  return typeof name === "string" ? name : server.getClientVersion()?.name;
}

function textResult(text: string, isError: boolean) {
  return { content: [{ type: "text" as const, text }], ...(isError ? { isError: true } : {}) };
}

function knownError(error: unknown, log: Log, tool: Tool): PrismError {
  if (error instanceof PrismError) return error;
  log("error", "toolFailed", {
    code: "internal",
    tool: tool.name,
    fault: faultText(error),
  });
  return errorOf(reportOf(error));
}

/** Source: MCP, server/tools, "Error Handling": an unknown tool is a protocol error, not a tool's failure. */
function unknownTool(name: string, tools: readonly Tool[]): ProtocolError {
  const near = nearest(
    name,
    tools.map((tool) => tool.name),
  );
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `there is no tool "${printable(name, 40)}"${hint}`,
  );
}
