/** The hub's edges over the fake service, on a free port of 127.0.0.1, with a home token and a persona's. */
import { request as httpRequest } from "node:http";
import type { LogFields } from "../../src/domain/log.ts";
import type { ServerBounds } from "../../src/hub/server/bounds.ts";
import { type HubServer, openHubServer } from "../../src/hub/server.ts";
import type { Bearer } from "../../src/hub/service.ts";
import { FakeHubService } from "./fake-hub-service.ts";

export const TOKEN = "right-token";
/** Acts for ada@shop alone. */
export const ADA_TOKEN = "token-of-ada";
export const ADA: Bearer = { tenant: "local", scope: { address: "ada@shop", tokenSha256: "aa" } };

function bearerOf(token: string): Bearer | undefined {
  if (token === ADA_TOKEN) return ADA;
  return token === TOKEN ? { tenant: "local", scope: "home" } : undefined;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

export interface TestServer {
  readonly service: FakeHubService;
  readonly server: HubServer;
  readonly log: LogLine[];
  readonly socketUrl: string;
}

export async function openTestServer(
  bounds: Partial<ServerBounds> = {},
  listen = { host: "127.0.0.1", port: 0 },
): Promise<TestServer> {
  const service = new FakeHubService();
  const log: LogLine[] = [];
  const server = await openHubServer({
    service,
    bearerOf,
    listen,
    plaintext: listen.host !== "127.0.0.1",
    version: "1.2.3",
    log: (level, event, fields = {}) => log.push({ level, event, fields }),
    bounds: { closeTimeoutMs: 200, ...bounds },
  });
  return { service, server, log, socketUrl: `${server.url}/v1/socket` };
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly text: string;
  readonly json: { [key: string]: unknown };
}

/** One plain HTTP request; headers are sent as given, the token only if given. */
export function ask(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: { readonly [name: string]: string };
    readonly body?: string | Uint8Array;
  } = {},
): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method: options.method ?? "POST",
      headers: options.headers ?? {},
      agent: false,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        let json: { [key: string]: unknown } = {};
        try {
          json = JSON.parse(text) as { [key: string]: unknown };
        } catch {}
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    request.end(options.body);
  });
}

export const AUTH = { Authorization: `Bearer ${TOKEN}` };
export const JSON_AUTH = { ...AUTH, "Content-Type": "application/json" };
