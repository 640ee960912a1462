/** The door to MCP: loads it when the first request comes, as most hubs on one host never see one. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bearer } from "../service.ts";
import type { Edge } from "./edge.ts";
import { isEnded } from "./guard.ts";
import type { McpEdge } from "./mcp.ts";

export interface McpDoor {
  handle(request: IncomingMessage, response: ServerResponse, bearer: Bearer): Promise<void>;
  /** Ends every stream that came in by one of these tokens. */
  endTokens(ended: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export function openMcpDoor(edge: Edge): McpDoor {
  let opening: Promise<McpEdge> | undefined;
  /** What is under way, by its answer: a subscription stays open as long as its client wants. */
  const open = new Map<ServerResponse, Bearer>();
  return {
    async handle(request, response, bearer) {
      open.set(response, bearer);
      response.on("close", () => open.delete(response));
      opening ??= import("./mcp.ts").then((mcp) => mcp.openMcpEdge(edge));
      const opened = await opening;
      await opened.handle(request, response, bearer);
    },
    endTokens(ended) {
      for (const [response, bearer] of open) if (isEnded(bearer, ended)) response.destroy();
    },
    async close() {
      await (await opening)?.close();
    },
  };
}
