/** The dashboard's server before a played observatory: who is let in, who is not, and what the stream tells. */
import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished, test } from "vitest";
import type { StreamEventName, StreamEvents } from "../../../src/dashboard/api.ts";
import { openDashboard } from "../../../src/dashboard/server.ts";
import { READERS_MAX } from "../../../src/dashboard/stream.ts";
import { PrismError } from "../../../src/domain/errors.ts";
import type { Happening, Overview, PersonaView } from "../../../src/domain/overview.ts";
import { homeAt } from "../../../src/host/home.ts";
import type { Listener, Observatory } from "../../../src/overview/observatory.ts";
import { hubViewOf, overviewOf, viewOf } from "../../support/overview-samples.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { ask, type PlainAnswer } from "../../support/test-server.ts";
import { rejectedBy } from "../../support/thrown.ts";

const PAGE = "<!doctype html><title>p</title><style>b{}</style><script>let a</script>";

class PlayedObservatory implements Observatory {
  readonly listeners = new Set<Listener>();
  readonly asked: { readonly verb: string; readonly params: unknown }[] = [];
  overview: Overview = overviewOf();
  answer: (verb: string) => unknown = () => ({});

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    const { atMs, personas, hub } = this.overview;
    listener.changed({ atMs, changed: personas, gone: [], hub }, this.overview);
    return () => void this.listeners.delete(listener);
  }

  async look(): Promise<Overview> {
    return this.overview;
  }

  readonly ask: Observatory["ask"] = async (verb, params) => {
    this.asked.push({ verb, params });
    return this.answer(verb) as never;
  };

  close(): void {
    this.listeners.clear();
  }

  change(view: PersonaView): void {
    this.overview = { ...this.overview, personas: [view] };
    for (const listener of this.listeners) {
      listener.changed({ atMs: 2, changed: [view], gone: ["local/gone@shop"] }, this.overview);
    }
  }

  happen(happening: Happening): void {
    for (const listener of this.listeners) listener.happened?.(happening);
  }
}

const drained = (count: number): Happening => ({
  ...{ atMs: 5, key: "local/reviewer@shop", name: "drained", detail: "", count },
});

async function served() {
  const observatory = new PlayedObservatory();
  const home = homeAt(tempDir());
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await openDashboard({ home, listen, observatory, page: PAGE, now: () => 1_000_000_000_000 });
  onTestFinished(() => server.close());
  const get = (path: string, headers: { readonly [name: string]: string } = {}, method = "GET") =>
    ask(`${server.url}${path}`, { method, headers });
  const letIn = async (): Promise<{ readonly Cookie: string }> => {
    const answer = await ask(server.newLink(), { method: "GET" });
    return { Cookie: cookieOf(answer) };
  };
  return { server, observatory, get, letIn };
}

function cookieOf({ headers }: PlainAnswer): string {
  return String(headers["set-cookie"]).split(";", 1)[0] ?? "";
}

describe("the link", () => {
  it("lets one browser in, once; that one may come by it again", async () => {
    const { server, get } = await served();
    const link = server.newLink();
    const first = await ask(link, { method: "GET" });
    expect(first).toMatchObject({ status: 303, headers: { location: "/" }, text: "" });
    const port = new URL(server.url).port;
    expect(String(first.headers["set-cookie"])).toMatch(
      new RegExp(`^prism-${port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`),
    );
    const second = await ask(link, { method: "GET" });
    expect(second.status).toBe(403);
    expect(second.text).toContain("has been used");
    expect(second.headers["set-cookie"]).toBeUndefined();
    const again = await ask(link, { method: "GET", headers: { Cookie: cookieOf(first) } });
    expect(again.status).toBe(303);
    expect((await get("/", { Cookie: cookieOf(first) })).text).toBe(PAGE);
  });

  it("leads on by a page where a browser comes from elsewhere, which would not send the cookie along", async () => {
    const { server } = await served();
    const answer = await ask(server.newLink(), {
      method: "GET",
      headers: { "Sec-Fetch-Site": "cross-site" },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["set-cookie"]).toBeDefined();
    expect(answer.text).toContain('content="0; url=/"');
  });

  it("of an earlier time still works when there is a newer one; one that was never given does not", async () => {
    const { server, get } = await served();
    const earlier = server.newLink();
    server.newLink();
    expect((await get("/?once=guessed")).status).toBe(403);
    expect((await ask(earlier, { method: "GET" })).status).toBe(303);
  });
});

describe("who is turned away", () => {
  test.each(["/", "/api/overview", "/api/stream", "/api/history", "/api/signals?key=a", "/api/signal/x"])(
    "whoever was not let in, at %s",
    async (path) => {
      const { get, observatory } = await served();
      for (const headers of [{}, { Cookie: "prism-1=x" }, { Cookie: `prism=${"y".repeat(5000)}` }]) {
        const { status, headers: said } = await get(path, headers);
        expect(status).toBe(401);
        expect(said["cache-control"]).toBe("no-store");
      }
      expect(observatory.listeners.size).toBe(0);
    },
  );

  test.each([
    { Host: "evil.example" },
    { Host: "evil.example:80" },
    { Host: "127.0.0.1.evil.example" },
    { Origin: "http://evil.example" },
    { Origin: "null" },
  ])("whoever comes with %o, cookie or not", async (headers) => {
    const { get, letIn, server } = await served();
    const cookie = await letIn();
    for (const path of ["/", "/api/overview", new URL(server.newLink()).search]) {
      expect((await get(path.startsWith("?") ? `/${path}` : path, { ...cookie, ...headers })).status).toBe(
        403,
      );
    }
    // By that the token was not used up.
    expect((await get("/api/overview", cookie)).status).toBe(200);
  });

  it("whoever names no host at all", async () => {
    const { server } = await served();
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    const answer = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk))));
    socket.write("GET / HTTP/1.0\r\n\r\n");
    expect(await answer).toContain(" 403 ");
  });

  it("another site's page that asks for data", async () => {
    const { get, letIn } = await served();
    const cookie = await letIn();
    for (const site of ["cross-site", "same-site"]) {
      expect((await get("/api/overview", { ...cookie, "Sec-Fetch-Site": site })).status).toBe(403);
    }
    expect((await get("/api/overview", { ...cookie, "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("whoever would %s", async (method) => {
    const { get, letIn } = await served();
    const answer = await get("/api/overview", await letIn(), method);
    expect(answer).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  });

  it("everybody, beyond this host", async () => {
    const opening = openDashboard({
      ...{ home: homeAt(tempDir()), listen: { host: "0.0.0.0", port: 0 } },
      ...{ observatory: new PlayedObservatory(), page: PAGE, now: Date.now },
    });
    expect(await rejectedBy(opening)).toMatchObject({ code: "invalid_argument" });
  });
});

describe("the page", () => {
  it("may run and show what stands in it and ask this server, and nothing else", async () => {
    const { get, letIn } = await served();
    const { headers } = await get("/", await letIn());
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='/);
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).not.toContain("http");
    expect(headers).toMatchObject({
      ...{
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    });
  });

  it("has a head that can be asked for alone", async () => {
    const { get, letIn } = await served();
    expect(await get("/", await letIn(), "HEAD")).toMatchObject({ status: 200, text: "" });
  });
});

describe("data", () => {
  it("is the overview, and a persona's signals without their texts", async () => {
    const { get, letIn, observatory } = await served();
    const cookie = await letIn();
    expect((await get("/api/overview", cookie)).json).toEqual(observatory.overview);
    observatory.answer = () => ({
      signals: [{ id: "a-1", state: "drained", text: "secret plan" }],
      next: "a-0",
    });
    const answer = await get("/api/signals?key=local/reviewer@shop&before=a-2", cookie);
    expect(answer.json).toEqual({
      key: "local/reviewer@shop",
      signals: [{ id: "a-1", state: "drained" }],
      next: "a-0",
    });
    expect(answer.text).not.toContain("secret");
    expect(observatory.asked).toEqual([
      {
        verb: "history",
        params: { persona: "reviewer", project: "shop", limit: expect.any(Number), before: "a-2" },
      },
    ]);
  });

  it("is one signal's way, in its order", async () => {
    const { get, letIn, observatory } = await served();
    const trace = { signal: { id: "a-1" }, steps: [{ name: "accepted", atMs: 10 }], traceparent: null };
    observatory.answer = () => trace;
    const { json } = await get("/api/signal/a-1", await letIn());
    expect(json).toEqual(trace);
    expect(observatory.asked).toEqual([{ verb: "signal_trace", params: { id: "a-1" } }]);
  });

  it("is what an older hub knows of a signal's way", async () => {
    const { get, letIn, observatory } = await served();
    observatory.answer = () => {
      if (observatory.asked.at(-1)?.verb === "signal_trace") throw new PrismError("unknown_verb", "too old");
      return {
        ...{ id: "a-1", to: "a@b", from: "c@b", state: "drained", acceptedAtMs: 10, deliveredAtMs: 20 },
        ...{ drainedAtMs: 30, expiredAtMs: null },
      };
    };
    const { json } = await get("/api/signal/a-1", await letIn());
    expect(json["steps"]).toEqual([
      { name: "accepted", atMs: 10, host: null, detail: "c@b" },
      { name: "acknowledged", atMs: 20, host: null, detail: "" },
      { name: "drained", atMs: 30, host: null, detail: "" },
    ]);
  });

  test.each([
    ["/api/nothing", 404, "not_found"],
    ["/api/history?key=local/nobody@here", 404, "not_found"],
    ["/api/history?step=7", 400, "invalid_argument"],
    ["/api/signals?key=..%2F..", 400, "invalid_argument"],
    ["/api/signal/%ff", 400, "invalid_argument"],
  ])("at %s is refused with %i", async (path, status, code) => {
    const { get, letIn } = await served();
    expect(await get(path, await letIn())).toMatchObject({ status, json: { error: { code } } });
  });

  it("that the hub refuses is no fault of the browser's cookie", async () => {
    const { get, letIn, observatory } = await served();
    observatory.answer = () => {
      throw new PrismError("unauthorized", "the hub does not know the token");
    };
    const answer = await get("/api/signal/a-1", await letIn());
    expect(answer).toMatchObject({ status: 502, json: { error: { code: "unauthorized" } } });
  });

  it("is a day of history, empty where no daemon ever ran", async () => {
    const { get, letIn } = await served();
    const { json } = await get("/api/history?step=60", await letIn());
    expect(json).toEqual({ fromMs: expect.any(Number), stepMs: 3_600_000, steps: 24, personas: [] });
  });
});

type Told = {
  [E in StreamEventName]: { readonly event: E; readonly id: string; readonly data: StreamEvents[E] };
};

/** A reader of the stream that can stop reading. */
async function reading(url: string, headers: { readonly [name: string]: string }) {
  const opened = Promise.withResolvers<number>();
  const asked = request(`${url}/api/stream`, { headers, agent: false });
  onTestFinished(() => void asked.destroy());
  asked.on("error", () => {});
  const events: Told[StreamEventName][] = [];
  let arrived = (): void => {};
  let rest = "";
  asked.on("response", (response) => {
    response.setEncoding("utf8").on("data", (chunk: string) => {
      const blocks = `${rest}${chunk}`.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
        if (fields["event"] !== undefined) {
          events.push({ event: fields["event"], id: fields["id"] ?? "", data: JSON.parse(fields["data"]) });
        }
      }
      arrived();
    });
    opened.resolve(response.statusCode ?? 0);
  });
  asked.end();
  const status = await opened.promise;
  const next = async <E extends StreamEventName>(event: E): Promise<Told[E]> => {
    for (;;) {
      const at = events.findIndex((told) => told.event === event);
      if (at !== -1) return events.splice(0, at + 1)[at] as Told[E];
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
  };
  return { status, next, end: () => asked.destroy(), socket: () => asked.socket };
}

describe("the stream", () => {
  it("tells everything at first, then what changes and happens, with ids to come back by", async () => {
    const { server, letIn, observatory } = await served();
    const cookie = await letIn();
    const reader = await reading(server.url, cookie);
    const first = await reader.next("overview");
    expect(first.data).toEqual({ overview: observatory.overview, happenings: [] });
    observatory.happen(drained(1));
    const happening = await reader.next("happening");
    expect(happening.data).toMatchObject({ ...drained(1), number: 1 });
    observatory.change(viewOf({ pending: 9 }));
    const { data, id } = await reader.next("personas");
    expect(data).toEqual({ atMs: 2, changed: [viewOf({ pending: 9 })], gone: ["local/gone@shop"] });

    // Somebody else goes on looking, so nothing is forgotten; this one comes back by its last id.
    const other = await reading(server.url, cookie);
    expect((await other.next("overview")).data.happenings).toHaveLength(1);
    reader.end();
    observatory.happen(drained(2));
    await other.next("happening");
    const back = await reading(server.url, { ...cookie, "Last-Event-ID": id });
    const again = await back.next("overview");
    expect(again.data.overview.personas).toEqual([viewOf({ pending: 9 })]);
    expect(again.data.happenings.map(({ number }) => number)).toEqual([2]);
    const stranger = await reading(server.url, { ...cookie, "Last-Event-ID": "other.99" });
    expect((await stranger.next("overview")).data.happenings).toHaveLength(2);
  });

  it("tells of the hub when that changes", async () => {
    const { server, letIn, observatory } = await served();
    const reader = await reading(server.url, await letIn());
    await reader.next("overview");
    const hub = hubViewOf({ answers: false, reason: "gone" });
    for (const listener of observatory.listeners) {
      listener.changed({ atMs: 3, changed: [], gone: [], hub }, { ...observatory.overview, hub });
    }
    expect((await reader.next("hub")).data).toEqual(hub);
  });

  it("leaves the observatory when its last reader has left", async () => {
    const { server, letIn, observatory } = await served();
    const cookie = await letIn();
    const readers = [await reading(server.url, cookie), await reading(server.url, cookie)];
    for (const reader of readers) await reader.next("overview");
    expect(observatory.listeners.size).toBe(1);
    for (const reader of readers) reader.end();
    while (observatory.listeners.size > 0) await new Promise(setImmediate);
  });

  it("drops a slow reader to the newest: it is told everything anew when it reads on", async () => {
    const { server, letIn, observatory } = await served();
    const reader = await reading(server.url, await letIn());
    await reader.next("overview");
    reader.socket()?.pause();
    const long = "x".repeat(4000);
    const told = 4000;
    for (let count = 1; count <= told; count++) observatory.happen({ ...drained(count), detail: long });
    observatory.change(viewOf({ pending: 77 }));
    reader.socket()?.resume();
    const caughtUp = await reader.next("overview");
    expect(caughtUp.data.overview.personas).toEqual([viewOf({ pending: 77 })]);
    expect(caughtUp.data.happenings.at(-1)).toMatchObject({ number: told });
    expect(caughtUp.data.happenings.length).toBeLessThanOrEqual(200);
    observatory.happen(drained(5));
    expect((await reader.next("happening")).data).toMatchObject({ number: told + 1 });
  });

  it("has room for so many readers, and says so to one more", async () => {
    const { server, letIn } = await served();
    const cookie = await letIn();
    const readers = await Promise.all(Array.from({ length: READERS_MAX }, () => reading(server.url, cookie)));
    expect(readers.map(({ status }) => status)).toEqual(readers.map(() => 200));
    expect((await reading(server.url, cookie)).status).toBe(503);
  });

  it("ends with the server", async () => {
    const { server, letIn } = await served();
    const reader = await reading(server.url, await letIn());
    const closed = new Promise((resolve) => reader.socket()?.once("close", resolve));
    await Promise.all([server.close(), server.close(), closed]);
  });
});
