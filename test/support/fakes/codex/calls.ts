/** What the model calls for: commands, and tools of MCP servers; with the hooks around them, and a person's leave. */
import { spawn } from "node:child_process";
import type { CodexHome, Json } from "./home.ts";
import type { HookEvent, HookSaying } from "./hooks.ts";
import type { McpTool, McpTools } from "./mcp.ts";
import type { ModelItem } from "./model.ts";

/** A person's word; "cancel" ends the turn as well. */
export type Approval = "accept" | "decline" | "cancel";

/** What a call needs of the turn that it is made in. */
export interface CallFrame {
  readonly home: CodexHome;
  readonly cwd: string;
  readonly approvalPolicy: string;
  readonly cancelled: AbortSignal;
  readonly mcp: McpTools;
  hooks(event: HookEvent, more: Json): Promise<HookSaying>;
  tell(method: string, params: Json): void;
  leave(method: string, asked: Json): Promise<Approval>;
}

export interface CallOutcome {
  /** What the model is told; null when a person ended the turn over it. */
  readonly output: unknown;
  /** What hooks add to it. */
  readonly context: readonly string[];
}

interface Work {
  /** In the words of hooks. */
  readonly tool: Json;
  readonly needsLeave: boolean;
  /** Asks for leave; only where the policy lets it ask. */
  ask(): Promise<Approval>;
  /** Why it may not even ask. */
  readonly refusal: string;
  /** @returns the result for hooks, and what the model is told of it */
  run(): Promise<{ readonly response: unknown; readonly output: unknown }>;
}

const COMMAND_APPROVAL = "item/commandExecution/requestApproval";
const TOOL_APPROVAL = "mcpServer/elicitation/request";

export async function runCall(call: ModelItem, frame: CallFrame): Promise<CallOutcome> {
  const args = JSON.parse(call.arguments ?? "{}") as Json;
  const tool = frame.mcp.find(call.namespace, call.name ?? "");
  if (tool !== undefined) return runWork(toolWork(call, tool, args, frame), frame);
  if (call.name === "exec_command") return runWork(commandWork(call, args, frame), frame);
  return told(`unsupported call: ${call.name}`);
}

async function runWork(work: Work, frame: CallFrame): Promise<CallOutcome> {
  const before = await frame.hooks("PreToolUse", work.tool);
  if (before.block !== null) return told(before.block);
  if (work.needsLeave) {
    if (frame.approvalPolicy === "never") return told(work.refusal);
    await frame.hooks("PermissionRequest", work.tool);
    const approval = await work.ask();
    if (approval === "cancel") return told(null);
    if (approval === "decline") return told("rejected by user");
  }
  const { response, output } = await work.run();
  const after = await frame.hooks("PostToolUse", { ...work.tool, tool_response: response });
  return { output, context: after.context };
}

function commandWork({ call_id }: ModelItem, args: Json, frame: CallFrame): Work {
  const { cwd } = frame;
  const command = String(args["cmd"]);
  const shell = `/bin/sh -lc '${command}'`;
  return {
    tool: { tool_name: "Bash", tool_input: { command }, tool_use_id: call_id },
    needsLeave: args["sandbox_permissions"] === "require_escalated",
    ask() {
      const reason = args["justification"] ?? null;
      const availableDecisions = ["accept", "cancel"];
      return frame.leave(COMMAND_APPROVAL, {
        kind: "command",
        reason,
        command: shell,
        cwd,
        availableDecisions,
      });
    },
    refusal:
      "approval policy is Never; reject command — you cannot ask for escalated permissions if the approval policy is Never",
    async run() {
      const shown = { type: "commandExecution", id: call_id, command: shell, cwd };
      frame.tell("item/started", { item: { ...shown, status: "inProgress" } });
      const { printed, exitCode } = await runCommand(command, frame);
      const status = exitCode === 0 ? "completed" : "failed";
      frame.tell("item/completed", { item: { ...shown, status, aggregatedOutput: printed, exitCode } });
      return { response: printed, output: `Process exited with code ${exitCode}\nOutput:\n${printed}` };
    },
  };
}

function toolWork({ call_id }: ModelItem, tool: McpTool, args: Json, frame: CallFrame): Work {
  const { server, name } = tool;
  return {
    tool: { tool_name: `mcp__${server}__${name}`, tool_input: args, tool_use_id: call_id },
    needsLeave: tool.needsLeave,
    ask() {
      const message = `Allow the ${server} MCP server to run tool "${name}"?`;
      return frame.leave(TOOL_APPROVAL, { serverName: server, message });
    },
    refusal: "MCP tool call requires approval, but approval policy is never",
    async run() {
      const shown = { type: "mcpToolCall", id: call_id, server, tool: name, arguments: args };
      frame.tell("item/started", { item: { ...shown, status: "inProgress" } });
      const response = await tool.call(args);
      frame.tell("item/completed", { item: { ...shown, status: "completed", result: response } });
      const content = (response["content"] ?? []) as readonly { readonly text?: string }[];
      const texts = ["Wall time: 0.0000 seconds\nOutput:", ...content.map(({ text }) => text ?? "")];
      return { response, output: texts.map((text) => ({ type: "input_text", text })) };
    },
  };
}

function runCommand(
  command: string,
  { home, cwd, cancelled }: CallFrame,
): Promise<{ printed: string; exitCode: number }> {
  const child = spawn("/bin/sh", ["-c", command], { cwd, env: home.env, signal: cancelled });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  return new Promise((resolve) => {
    child.once("error", () => {});
    child.once("close", (status) => resolve({ printed, exitCode: status ?? 1 }));
  });
}

function told(output: unknown): CallOutcome {
  return { output, context: [] };
}
