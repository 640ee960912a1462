/**
 * A model that says what a test wants: the part of the Responses API that Codex calls, on a loopback port. It
 * knows nothing of Codex; whoever scripts it decides from each request what the model does next, and may let the
 * client wait, which is how an agent is kept busy.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One thing that the model says or does; a reply is several, in order. */
export type ModelMove =
  | { readonly say: string }
  /** Calls a function; `namespace` for tools that the client groups, such as those of one MCP server. */
  | {
      readonly call: string;
      readonly namespace?: string;
      readonly args: { readonly [name: string]: unknown };
    };

/** An entry of a request's `input`, as far as scripts look at it. */
export interface InputItem {
  readonly type: string;
  readonly role?: string;
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
  readonly name?: string;
  readonly call_id?: string;
  readonly output?: unknown;
}

export interface ModelRequest {
  /** Counts from 1. */
  readonly number: number;
  /** When its head arrived, monotonic milliseconds of this process. */
  readonly atMs: number;
  readonly body: {
    readonly model?: string;
    readonly input: readonly InputItem[];
    readonly tools?: readonly ModelTool[];
    readonly [key: string]: unknown;
  };
  /** The names of the tools that the model may call; none for the client's own side questions. */
  readonly tools: readonly string[];
  /** What came after the model's last word: what is new to it, as text. */
  readonly news: string;
}

export interface ModelTool {
  readonly type: string;
  readonly name?: string;
}

export type ModelScript = (request: ModelRequest) => readonly ModelMove[] | Promise<readonly ModelMove[]>;

export interface MockModel {
  /** With the path that a provider's `base_url` needs. */
  readonly url: string;
  /** All that was asked, oldest first. */
  readonly requests: readonly ModelRequest[];
  /** Paths asked for that this model does not serve: a client that changes shows here first. */
  readonly unserved: readonly string[];
  /** Answers from now on; until it is called the model says "ok". */
  script(next: ModelScript): void;
  /** The first request from number `after` + 1 on that this holds for, also one that is already there. */
  request(holds: (request: ModelRequest) => boolean, after?: number): Promise<ModelRequest>;
  close(): Promise<void>;
}

export async function mockModel(first: ModelScript = () => [{ say: "ok" }]): Promise<MockModel> {
  let script = first;
  const requests: ModelRequest[] = [];
  const unserved: string[] = [];
  let waiting: { holds: (request: ModelRequest) => boolean; take: (request: ModelRequest) => void }[] = [];

  async function answer(message: IncomingMessage, reply: ServerResponse): Promise<void> {
    const path = new URL(message.url ?? "/", "http://model").pathname;
    const atMs = performance.now();
    const text = await bodyOf(message);
    if (message.method !== "POST" || path !== "/v1/responses") {
      unserved.push(`${message.method} ${path}`);
      reply.writeHead(404, { "content-type": "application/json" }).end('{"error":{"message":"not served"}}');
      return;
    }
    const request = asRequest(JSON.parse(text), { number: requests.length + 1, atMs });
    requests.push(request);
    for (const one of waiting.filter(({ holds }) => holds(request))) one.take(request);
    waiting = waiting.filter(({ holds }) => !holds(request));
    const moves = await script(request);
    if (!reply.destroyed) stream(reply, request.number, moves);
  }

  const server = createServer((message, reply) => {
    answer(message, reply).catch((error: unknown) =>
      reply.destroy(error instanceof Error ? error : undefined),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    unserved,
    script(next) {
      script = next;
    },
    request(holds, after = 0) {
      const found = requests.slice(after).find(holds);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((take) => waiting.push({ holds, take }));
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function asRequest(
  body: ModelRequest["body"],
  { number, atMs }: { readonly number: number; readonly atMs: number },
): ModelRequest {
  const { input, tools = [] } = body;
  const spoken = input.findLastIndex(({ type, role }) => type === "function_call" || role === "assistant");
  return {
    number,
    atMs,
    body,
    tools: tools.map(({ type, name }) => name ?? type),
    news: input
      .slice(spoken + 1)
      .map(textOf)
      .join("\n"),
  };
}

function textOf({ content, output }: InputItem): string {
  if (content !== undefined) return content.map(({ text }) => text ?? "").join("\n");
  return typeof output === "string" ? output : JSON.stringify(output ?? "");
}

/** The events of one response, in the order in which the API sends them. */
function stream(reply: ServerResponse, number: number, moves: readonly ModelMove[]): void {
  reply.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (event: { readonly type: string; readonly [key: string]: unknown }) =>
    reply.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  const response = { id: `resp_${number}`, object: "response" };
  send({ type: "response.created", response: { ...response, status: "in_progress" } });
  const output = moves.map((move, index) => itemOf(move, `${number}_${index}`));
  for (const [output_index, item] of output.entries()) {
    const begun = item.type === "message" ? { ...item, content: [], status: "in_progress" } : item;
    send({ type: "response.output_item.added", output_index, item: begun });
    if (item.type === "message") {
      const delta = item.content[0].text;
      send({ type: "response.output_text.delta", item_id: item.id, output_index, content_index: 0, delta });
    }
    send({ type: "response.output_item.done", output_index, item });
  }
  send({ type: "response.completed", response: { ...response, status: "completed", output, usage: USAGE } });
  reply.end();
}

function itemOf(move: ModelMove, id: string) {
  if ("say" in move) {
    const content = [{ type: "output_text", text: move.say, annotations: [] }] as const;
    return { type: "message", id: `msg_${id}`, role: "assistant", status: "completed", content } as const;
  }
  const { call: name, namespace, args } = move;
  return {
    type: "function_call",
    id: `fc_${id}`,
    call_id: `call_${id}`,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    arguments: JSON.stringify(args),
    status: "completed",
  } as const;
}

const USAGE = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
};
