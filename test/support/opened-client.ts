/** The sans-I/O client with everything handed in made predictable, opened or about to be. */
import { openDeflate } from "../../src/net/deflate.ts";
import { nodeBytes } from "../../src/net/node-bytes.ts";
import { WsClient, type WsClientOptions, type WsEvent } from "../../src/wsproto.ts";
import { answerTo, type ClientFrame, ClientFrameReader } from "./server-frames.ts";

/** The nonce of RFC 6455 section 1.3: "the sample nonce". */
export const SAMPLE_NONCE = new TextEncoder().encode("the sample nonce");

export interface TestClient {
  readonly client: WsClient;
  readonly request: string;
  /** Feeds bytes and returns the events. */
  receive(...chunks: readonly (Uint8Array | string)[]): WsEvent[];
  /** Frames that were written since the last call. */
  sent(): ClientFrame[];
}

/** Everything that can be read. */
export function eventsOf(client: WsClient): WsEvent[] {
  const events: WsEvent[] = [];
  for (let event = client.next(); event !== null; event = client.next()) events.push(event);
  return events;
}

/** @param options what differs from a plain request to `/` */
export function newClient(options: Partial<WsClientOptions> = {}): TestClient {
  let key = 0x01020304;
  const client = new WsClient(
    { resource: "/", host: "hub.test", nonce: SAMPLE_NONCE, ...options },
    {
      bytes: nodeBytes,
      nextMaskKey: () => {
        key = Math.imul(key, 1664525) + 1013904223;
        return key;
      },
      openDeflate,
    },
  );
  const request = Buffer.from(client.take()).toString("latin1");
  const reader = new ClientFrameReader();
  return {
    client,
    request,
    receive: (...chunks) =>
      chunks.flatMap((chunk) => {
        client.receive(typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk);
        return eventsOf(client);
      }),
    sent: () => reader.feed(client.take()),
  };
}

/** @param fields of the answer, beside the necessary ones */
export function openedClient(
  options: Partial<WsClientOptions> = {},
  fields: Readonly<Record<string, string>> = {},
): TestClient {
  const test = newClient(options);
  const [opened] = test.receive(answerTo(test.request, fields));
  if (opened?.kind !== "opened") throw new Error(`not opened: ${JSON.stringify(opened)}`);
  return test;
}

/** Opened with compression agreed on. @param params of the answer, as in `; server_no_context_takeover` */
export function deflatingClient(params = "", options: Partial<WsClientOptions> = {}): TestClient {
  return openedClient(
    { deflate: { clientMaxWindowBits: true }, ...options },
    { "Sec-WebSocket-Extensions": `permessage-deflate${params}` },
  );
}
