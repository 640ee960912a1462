/** The door to MCP: loads it when the first request comes, as most hubs on one host never see one. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Edge } from "./edge.ts";
import type { McpEdge } from "./mcp.ts";

export interface McpDoor {
  handle(request: IncomingMessage, response: ServerResponse, tenant: string): Promise<void>;
  close(): Promise<void>;
}

export function openMcpDoor(edge: Edge): McpDoor {
  let opening: Promise<McpEdge> | undefined;
  return {
    async handle(request, response, tenant) {
      opening ??= import("./mcp.ts").then((mcp) => mcp.openMcpEdge(edge));
      const opened = await opening;
      await opened.handle(request, response, tenant);
    },
    async close() {
      await (await opening)?.close();
    },
  };
}
