import { describe, expect, test } from "vitest";
import { BEAT_MS } from "../../../../src/dashboard/api.ts";
import { Feed, type FeedResponse, type Link } from "../../../../src/dashboard/page/feed.ts";

/** A network of one server that does what the test says, and a clock that stands still until it is moved. */
class Stage {
  readonly links: Link[] = [];
  readonly told: string[] = [];
  readonly asked: Record<string, string>[] = [];
  nowMs = 1000;
  #timers: { atMs: number; work: () => void }[] = [];
  #answer: (response: FeedResponse | Error) => void = () => {};
  #sender: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #arrived: () => void = () => {};
  readonly feed = new Feed({
    fetch: (_, { headers, signal }) => {
      this.asked.push(headers);
      return new Promise((settle, fail) => {
        this.#answer = (response) => (response instanceof Error ? fail(response) : settle(response));
        signal.addEventListener("abort", () => {
          fail(new Error("aborted"));
          this.#sender?.error(new Error("aborted"));
        });
      });
    },
    nowMs: () => this.nowMs,
    after: (delayMs, work) => {
      const timer = { atMs: this.nowMs + delayMs, work };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      };
    },
    events: {
      overview: () => this.#tell("overview"),
      personas: () => this.#tell("personas"),
      hub: () => this.#tell("hub"),
      happening: () => this.#tell("happening"),
      beat: () => this.#tell("beat"),
    },
    onLink: (link) => {
      this.links.push(link);
      this.#arrived();
    },
  });

  get link(): Link | undefined {
    return this.links.at(-1);
  }

  /** Waits until the link has become so. */
  async until(kind: Link["kind"]): Promise<void> {
    while (this.link?.kind !== kind) await this.#next();
  }

  async untilTold(name: string): Promise<void> {
    while (!this.told.includes(name)) await this.#next();
  }

  async untilRetry(): Promise<void> {
    while (this.link?.kind !== "lost" || this.link.retryAtMs === null) await this.#next();
  }

  open(): void {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#sender = controller;
      },
    });
    this.#answer({ status: 200, ok: true, body, json: () => Promise.reject(new Error("no JSON")) });
  }

  refuse(status: number, body: unknown): void {
    this.#answer({ status, ok: false, body: null, json: () => Promise.resolve(body) });
  }

  unreachable(): void {
    this.#answer(new Error("refused"));
  }

  send(text: string): void {
    this.#sender?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.#sender?.close();
  }

  pass(spanMs: number): void {
    this.nowMs += spanMs;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { work } of due) work();
  }

  #tell(name: string): void {
    this.told.push(name);
    this.#arrived();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }
}

async function live(): Promise<Stage> {
  const stage = new Stage();
  stage.feed.start();
  stage.open();
  stage.send("event: overview\nid: s.4\ndata: {}\n\n");
  await stage.until("live");
  return stage;
}

test("a stream becomes live with its first event, and its events are told; unknown ones are passed over", async () => {
  const stage = await live();
  stage.send("event: novelty\ndata: 1\n\nevent: hub\ndata: {}\n\n");
  await stage.untilTold("hub");
  expect(stage.told).toEqual(["overview", "hub"]);
  expect(stage.links.map(({ kind }) => kind)).toEqual(["joining", "live"]);
});

describe("a connection that is lost", () => {
  test("says since when and why, tries again, and names what it had", async () => {
    const stage = await live();
    stage.nowMs = 5000;
    stage.end();
    await stage.until("lost");
    expect(stage.link).toEqual({
      ...{ kind: "lost", sinceMs: 5000, retryAtMs: 6000, hadOnce: true },
      reason: "the server ended the stream",
    });
    stage.pass(1000);
    expect(stage.link).toMatchObject({ kind: "lost", retryAtMs: null });
    stage.open();
    stage.send("event: beat\ndata: {}\n\n");
    await stage.until("live");
    expect(stage.asked[1]).toMatchObject({ "last-event-id": "s.4" });
  });

  test("waits longer each time, within bounds, and begins anew after a success", async () => {
    const stage = await live();
    stage.end();
    await stage.until("lost");
    const delays: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const { link } = stage;
      if (link?.kind !== "lost" || link.retryAtMs === null) throw new Error("not lost");
      const delayMs = link.retryAtMs - stage.nowMs;
      delays.push(delayMs);
      stage.pass(delayMs);
      stage.unreachable();
      await stage.untilRetry();
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(stage.link).toMatchObject({ sinceMs: 1000, reason: "the server is not reached" });
  });

  test("is tried at once when asked", async () => {
    const stage = await live();
    stage.end();
    await stage.until("lost");
    stage.feed.retryNow();
    stage.feed.retryNow();
    expect(stage.asked).toHaveLength(2);
  });

  test("is one that has gone silent", async () => {
    const stage = await live();
    stage.pass(2 * BEAT_MS + 1000);
    await stage.until("lost");
    expect(stage.link).toMatchObject({ reason: "the server has gone silent" });
  });

  test("says what the server says", async () => {
    const stage = new Stage();
    stage.feed.start();
    stage.refuse(503, { error: { code: "overloaded", message: "as many pages are open as may be" } });
    await stage.until("lost");
    expect(stage.link).toMatchObject({ reason: "as many pages are open as may be", hadOnce: false });
  });
});

test("a browser that was not let in stays out: it is not tried again", async () => {
  const stage = new Stage();
  stage.feed.start();
  const error = { code: "unauthorized", message: "this browser was not let in" };
  stage.refuse(401, { error });
  await stage.until("refused");
  expect(stage.link).toMatchObject({ report: error });
  stage.pass(60_000);
  expect(stage.asked).toHaveLength(1);
});
