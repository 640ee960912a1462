/**
 * A server for the page that does what a test wants: feeds it a fake fleet second by second or by hand, lets it wait,
 * refuses it, goes away and comes back. The page itself and its policy are the real ones.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ApiFailure, StreamEventName, StreamEvents, ToldHappening } from "../../src/dashboard/api.ts";
import { policyFor } from "../../src/dashboard/policy.ts";
import type { Happening } from "../../src/domain/overview.ts";
import type { FakeFleet } from "./fake-fleet.ts";

/** `loading`: the stream is taken and says nothing. */
type Mood = "well" | "loading" | "refused" | "failing";

export class PageServer {
  mood: Mood = "well";
  readonly fleet: FakeFleet;
  readonly #html: string;
  readonly #streams = new Set<ServerResponse>();
  readonly #told: ToldHappening[] = [];
  #server: Server | null = null;
  #port = 0;

  constructor(html: string, fleet: FakeFleet) {
    this.#html = html;
    this.fleet = fleet;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** At the same port as before, if it was there before. */
  async start(): Promise<void> {
    const server = createServer(({ url = "/" }, response) => this.#answer(new URL(url, this.url), response));
    await new Promise<void>((done) => server.listen(this.#port, "127.0.0.1", done));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As if its program had ended. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#streams.clear();
    server?.closeAllConnections();
    await new Promise((done) => (server === null ? done(null) : server.close(done)));
  }

  /** One second of the fleet's life, told to all. */
  step(): void {
    const { atMs, changed, happenings } = this.fleet.step();
    this.tell("personas", { atMs, changed, gone: [] });
    this.tell("hub", this.fleet.hub);
    for (const happening of happenings) this.happen(happening);
  }

  happen(happening: Happening): void {
    const told = { ...happening, series: "s", number: this.#told.length + 1 };
    this.#told.push(told);
    this.tell("happening", told);
  }

  tell<N extends StreamEventName>(name: N, event: StreamEvents[N]): void {
    for (const stream of this.#streams) this.#write(stream, name, event);
  }

  #write<N extends StreamEventName>(stream: ServerResponse, name: N, event: StreamEvents[N]): void {
    stream.write(`event: ${name}\nid: s.${this.#told.length}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  #answer({ pathname, searchParams }: URL, response: ServerResponse): void {
    if (pathname === "/") {
      response.writeHead(200, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policyFor(this.#html),
      });
      response.end(this.#html);
    } else if (this.mood === "refused") json(response, 401, REFUSED);
    else if (this.mood === "failing") json(response, 500, FAILED);
    else if (pathname === "/api/stream") this.#stream(response);
    else {
      const answer = this.#data(pathname, searchParams);
      if (answer === null) json(response, 404, NOT_FOUND);
      else json(response, 200, answer);
    }
  }

  #data(pathname: string, query: URLSearchParams): unknown {
    const key = query.get("key");
    const [, id] = /^\/api\/signal\/(.+)$/.exec(pathname) ?? [];
    if (id !== undefined) return this.fleet.trace(decodeURIComponent(id));
    if (pathname === "/api/signals") return this.fleet.signals(key ?? "", query.get("before"));
    if (pathname !== "/api/history") return null;
    return key === null ? this.fleet.summary() : this.fleet.history(key);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
    if (this.mood === "loading") return;
    this.#write(response, "overview", { overview: this.fleet.overview, happenings: this.#told.slice(-200) });
  }
}

const REFUSED: ApiFailure = {
  error: {
    code: "unauthorized",
    message: "this browser was not let in",
    hint: "run prism dashboard again for a new link",
  },
};
const FAILED: ApiFailure = { error: { code: "internal", message: "something went wrong inside Prism" } };
const NOT_FOUND: ApiFailure = { error: { code: "not_found", message: "there is nothing of that name" } };

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
