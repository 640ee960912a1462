/**
 * A model that says what a test tells it to: the messages interface that Claude Code speaks, on a free port of the
 * loopback. It knows requests and replies, nothing of clients: whoever asks gets what the script returns.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly name: string; readonly input: { readonly [key: string]: unknown } };

/** One message of the conversation, as the client sent it. */
export interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly content: string | readonly ContentPart[];
}

interface ContentPart {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly ContentPart[];
  readonly tool_use_id?: string;
}

export interface ModelRequest {
  /** Counted over all requests to this mock, from 1. */
  readonly number: number;
  /** When its last byte had come, by `performance.now()` of this process. */
  readonly atMs: number;
  readonly model: string;
  /** The names of the tools that the model may call; none for the client's own side questions. */
  readonly tools: readonly string[];
  readonly messages: readonly Message[];
  readonly system: string;
  /** The text of the messages that came after the model's last one: what is new to it. */
  readonly news: string;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
}

/** What the model answers: blocks in order. A call of a tool ends its turn until the tool's result is there. */
export type Script = (request: ModelRequest) => readonly Block[] | Promise<readonly Block[]>;

export interface MockModel {
  readonly url: string;
  /** Every request for a reply, also the client's side questions. */
  readonly requests: readonly ModelRequest[];
  /** What the client asked beside messages, as `METHOD path`. */
  readonly others: readonly string[];
  /** Replaces the script from the next request on. */
  script(next: Script): void;
  /** The first request from number `after` + 1 on that this holds for, also one that is already there. */
  request(holds: (request: ModelRequest) => boolean, after?: number): Promise<ModelRequest>;
  close(): Promise<void>;
}

export const say = (text: string): Block => ({ type: "text", text });
export const call = (name: string, input: { readonly [key: string]: unknown } = {}): Block => ({
  type: "tool_use",
  name,
  input,
});

/** A turn of the agent's own, not one of the client's side questions (a title, a summary, a quota check). */
export const isTurn = (request: ModelRequest): boolean => request.tools.length > 0;

/** 4 MB: a conversation of a test with all of the client's tool descriptions is well under one. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export async function mockModel(first: Script = () => [say("ok")]): Promise<MockModel> {
  let script = first;
  let ids = 0;
  const requests: ModelRequest[] = [];
  const others: string[] = [];
  const waiting = new Set<() => void>();

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const text = await bodyOf(request);
    if (request.method === "POST" && path === "/v1/messages/count_tokens") {
      others.push(`${request.method} ${path}`);
      json(response, 200, { input_tokens: Math.ceil(text.length / 4) });
      return;
    }
    if (request.method !== "POST" || path !== "/v1/messages") {
      others.push(`${request.method} ${path}`);
      if (request.method === "HEAD") response.writeHead(200).end();
      else json(response, 404, { type: "error", error: { type: "not_found_error", message: path } });
      return;
    }
    const body = JSON.parse(text) as WireRequest;
    const asked: ModelRequest = { ...requestOf(body), number: requests.length + 1, headers: request.headers };
    requests.push(asked);
    for (const look of waiting) look();
    const blocks = await script(asked);
    if (response.destroyed) return;
    ids += 1;
    const message = { id: `msg_mock_${ids}`, model: body.model, blocks: blocks.map(withId) };
    if (body.stream === true) stream(response, message);
    else json(response, 200, wholeMessage(message));
  }

  function withId(block: Block): WireBlock {
    if (block.type === "text") return block;
    ids += 1;
    return { ...block, id: `toolu_mock_${ids}` };
  }

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    others,
    script(next) {
      script = next;
    },
    request(holds, after = 0) {
      return new Promise((found) => {
        const look = () => {
          const hit = requests.slice(after).find(holds);
          if (hit === undefined) return;
          waiting.delete(look);
          found(hit);
        };
        waiting.add(look);
        look();
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

interface WireRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly system?: string | readonly ContentPart[];
  readonly messages: readonly Message[];
  readonly tools?: readonly { readonly name: string }[];
}

type WireBlock =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: object };

interface WireMessage {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly WireBlock[];
}

function requestOf(body: WireRequest): Omit<ModelRequest, "number" | "headers"> {
  const lastReply = body.messages.findLastIndex(({ role }) => role === "assistant");
  return {
    atMs: performance.now(),
    model: body.model,
    tools: (body.tools ?? []).map(({ name }) => name),
    messages: body.messages,
    system: textOf(body.system ?? ""),
    news: body.messages
      .slice(lastReply + 1)
      .map(({ content }) => textOf(content))
      .join("\n"),
  };
}

/** All text in a message or a tool's result, parts a line apart. */
export function textOf(content: string | readonly ContentPart[]): string {
  if (typeof content === "string") return content;
  return content.map((part) => part.text ?? (part.content ? textOf(part.content) : "")).join("\n");
}

const stopReason = (blocks: readonly WireBlock[]) =>
  blocks.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";

const USAGE = {
  input_tokens: 10,
  output_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};

const head = ({ id, model }: WireMessage) => ({
  id,
  type: "message",
  role: "assistant",
  model,
  content: [] as readonly WireBlock[],
  stop_reason: null as string | null,
  stop_sequence: null,
  usage: USAGE,
});

const wholeMessage = (message: WireMessage) => ({
  ...head(message),
  content: message.blocks,
  stop_reason: stopReason(message.blocks),
});

/** A reply as server-sent events, in the order that the interface promises. */
function stream(response: ServerResponse, message: WireMessage): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send("message_start", { message: head(message) });
  for (const [index, block] of message.blocks.entries()) {
    const isText = block.type === "text";
    send("content_block_start", {
      index,
      content_block: isText ? { type: "text", text: "" } : { ...block, input: {} },
    });
    send("content_block_delta", {
      index,
      delta: isText
        ? { type: "text_delta", text: block.text }
        : { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
    });
    send("content_block_stop", { index });
  }
  send("message_delta", {
    delta: { stop_reason: stopReason(message.blocks), stop_sequence: null },
    usage: { output_tokens: USAGE.output_tokens },
  });
  send("message_stop", {});
  response.end();
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error(`a request body of more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
