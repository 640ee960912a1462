import { describe, expect, it } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import { EngineBench, HOME, NOBODY } from "../../support/engine-bench.ts";

const full = new PrismError("storage_full", "the disk is full");

describe("a batch", () => {
  it("tells nothing before it is durable, then answers first and pushes after", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("signal"));
    expect(bench.told).toEqual([]);
    bench.store.release();
    expect(bench.told).toEqual(["signal ok", "daemon hears mailbox open=1"]);
  });

  it("holds a reader back that saw what is not durable yet", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.signal("signal");
    const status = bench.ask("status", "status", {});
    bench.settled(() => bench.ask("history", "history", { persona: "reviewer", project: "shop" }));
    expect(bench.told).toEqual([]);
    bench.store.release();
    expect(bench.told).toEqual(["signal ok", "status ok", "history ok", "daemon hears mailbox open=1"]);
    expect(status.answer?.waiting).toMatchObject([{ open: 1 }]);
  });

  it("commits once for all commands of a turn, and tells one view", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => {
      for (let at = 0; at < 20; at++) bench.signal(`signal-${at}`);
    });
    expect(bench.store.commits).toHaveLength(1);
    expect(bench.told.slice(-2)).toEqual(["signal-19 ok", "daemon hears mailbox open=20"]);
  });

  it("gathers the next one while the disk is at work", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("a"));
    bench.settled(() => bench.signal("b"));
    bench.settled(() => bench.signal("c"));
    expect(bench.store.commits).toHaveLength(1);
    bench.store.release();
    bench.scheduler.settle();
    expect(bench.store.commits.map(({ signals }) => signals.length)).toEqual([1, 2]);
    expect(bench.told).toEqual(["a ok", "daemon hears mailbox open=1"]);
  });

  it("does not commit when nothing changed", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => {
      bench.ask("status", "status", {});
      bench.ask("unknown", "signal_status", { id: "k7qd-zz" });
      bench.ask("empty", "drain", { persona: "reviewer", project: "shop" });
    });
    expect(bench.told).toEqual(["status ok", "unknown signal_unknown", "empty ok"]);
    expect(bench.store.commits).toEqual([]);
  });

  it("is bounded: what is too much for one goes into the next", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => {
      for (let at = 0; at < 1_200; at++) bench.signal("x");
    });
    expect(bench.store.commits.map(({ signals }) => signals.length)).toEqual([512, 512, 176]);
    bench.store.commits.length = 0;
    bench.settled(() => {
      for (let at = 0; at < 100; at++) bench.signal("x", "y".repeat(65_536));
    });
    expect(bench.store.commits.map(({ signals }) => signals.length)).toEqual([64, 36]);
  });

  it("is never told in the turn of the call", () => {
    const bench = new EngineBench();
    bench.signal("unknown");
    expect(bench.told).toEqual([]);
    bench.scheduler.settle();
    expect(bench.told).toEqual(["unknown target_unknown"]);
  });

  it("goes on when somebody's callback throws", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.hub.call(NOBODY, "status", {}, () => {
      throw new Error("a bug at an edge");
    });
    bench.settled(() => bench.signal("after"));
    expect(bench.told).toEqual(["after ok", "daemon hears mailbox open=1"]);
    expect(bench.logged).toEqual(["answerFailed"]);
  });
});

describe("deliveries", () => {
  it("wait for company, but not for long", () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    bench.settled(() => bench.signal("signal"));
    bench.settled(() => bench.ask("acknowledge", "acknowledge", { through: 9 }, { ...HOME, session }));
    expect(bench.store.commits).toHaveLength(1);
    expect(bench.told).not.toContain("acknowledge ok");
    bench.scheduler.advance(4);
    expect(bench.store.commits).toHaveLength(2);
    expect(bench.told.at(-1)).toBe("acknowledge ok");
  });

  it("are durable before anybody hears of them", () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    const { answer } = bench.settled(() => bench.signal("signal"));
    bench.settled(() => bench.ask("acknowledge", "acknowledge", { through: 9 }, { ...HOME, session }));
    const status = bench.settled(() => bench.ask("status", "signal_status", { id: answer?.id ?? "" }));
    expect(status.answer?.state).toBe("delivered");
    expect(bench.disk.progress.get(1)?.state).toBe("delivered");
    bench.scheduler.advance(10);
    expect(bench.store.commits).toHaveLength(2);
  });
});

describe("signs of life", () => {
  it("that come while the disk is at work are written after it", () => {
    const bench = new EngineBench();
    const { session, sink } = bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("signal"));
    bench.scheduler.advance(100);
    bench.hub.disconnected(session, sink);
    bench.scheduler.advance(100);
    bench.store.holding = false;
    bench.store.release();
    bench.scheduler.advance(10);
    expect(bench.disk.sessions.get(session)?.lastHeardAtMs).toBe(1_000_100);
  });
});

describe("a store that fails", () => {
  it("fails the batch's writers, serves its readers, and keeps nothing of it", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => bench.signal("before"));
    bench.disk.failing = full;
    bench.told.length = 0;
    bench.settled(() => {
      bench.signal("lost");
      bench.ask("status", "status", {});
      bench.ask("history", "history", { persona: "reviewer", project: "shop" });
      bench.ask("drain", "drain", { persona: "reviewer", project: "shop" });
    });
    expect(bench.told).toEqual(["lost storage_full", "drain storage_full", "status ok", "history ok"]);
    expect(bench.disk.signals.size).toBe(1);
  });

  it("is not asked again for a moment, then is, and pushes go on", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.disk.failing = full;
    bench.settled(() => bench.signal("first"));
    bench.settled(() => bench.signal("second"));
    expect(bench.store.commits).toHaveLength(1);
    expect(bench.told).toEqual(["first storage_full", "second storage_full"]);
    bench.disk.failing = null;
    bench.scheduler.advance(500);
    bench.settled(() => bench.signal("third"));
    expect(bench.told.slice(2)).toEqual(["third ok", "daemon hears mailbox open=1"]);
  });

  it("writes signs of life once it works again, without being asked", () => {
    const bench = new EngineBench();
    const { session, sink } = bench.startDaemon();
    bench.disk.failing = full;
    bench.settled(() => bench.signal("lost"));
    bench.scheduler.advance(100);
    bench.hub.disconnected(session, sink);
    bench.disk.failing = null;
    bench.scheduler.advance(2_000);
    expect(bench.disk.sessions.get(session)?.lastHeardAtMs).toBe(1_000_100);
  });

  it("refuses daemons' receipts at once, too", () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    bench.disk.failing = full;
    bench.settled(() => bench.signal("lost"));
    bench.settled(() => bench.ask("acknowledge", "acknowledge", { through: 1 }, { ...HOME, session }));
    expect(bench.told).toEqual(["lost storage_full", "acknowledge storage_full"]);
  });

  it("gives no position twice, and keeps revisions growing", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.disk.failing = full;
    bench.settled(() => bench.signal("lost"));
    bench.disk.failing = null;
    bench.scheduler.advance(500);
    const { answer } = bench.settled(() => bench.signal("kept"));
    expect(answer?.id).toBe("k7qd-2");
  });

  it("leaves a start that failed without its pushes, and an older session with them", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.disk.failing = full;
    bench.settled(() => bench.start("again", bench.sink("newcomer")));
    bench.disk.failing = null;
    bench.scheduler.advance(500);
    bench.settled(() => bench.signal("signal"));
    expect(bench.told).toEqual(["again storage_full", "signal ok", "daemon hears mailbox open=1"]);
  });

  it("answers nothing it can't know while it can't be read, and recovers", async () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.disk.failing = full;
    bench.disk.unreadable = new PrismError("storage_failed", "the disk is gone");
    bench.settled(() => {
      bench.signal("lost");
      bench.ask("status", "status", {});
    });
    expect(bench.told).toEqual(["lost storage_full", "status storage_failed"]);
    await expect(bench.hub.health()).rejects.toMatchObject({ code: "storage_failed" });
    bench.disk.failing = null;
    bench.disk.unreadable = null;
    bench.scheduler.advance(500);
    bench.settled(() => bench.signal("kept"));
    expect(bench.told.slice(2)).toEqual(["kept ok", "daemon hears mailbox open=1"]);
  });

  it("lets what is due expire once it works again, without being asked", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => bench.ask("short", "signal", { to: "reviewer@shop", text: "x", ttlMs: 100 }));
    bench.disk.failing = full;
    bench.scheduler.advance(200);
    bench.disk.failing = null;
    bench.told.length = 0;
    bench.scheduler.advance(2_000);
    expect(bench.told).toEqual(["daemon hears mailbox open=0"]);
    expect(bench.disk.progress.get(1)).toMatchObject({ state: "expired", endedAtMs: 1_000_100 });
  });
});

describe("sockets", () => {
  it("hear nothing after their goodbye, and an older one's goodbye is not the newer one's", () => {
    const bench = new EngineBench();
    const { session, sink } = bench.startDaemon();
    const newer = bench.sink("newer");
    bench.settled(() => {
      bench.hub.start(
        HOME,
        { kind: "daemon", persona: "reviewer", project: "shop", session, protocol: 1, version: "1" },
        newer,
        () => {},
      );
      bench.scheduler.turn();
      bench.hub.disconnected(session, sink);
    });
    bench.settled(() => bench.signal("signal"));
    expect(bench.told).toEqual(["daemon is displaced", "signal ok", "newer hears mailbox open=1"]);
    bench.hub.disconnected(session, newer);
    bench.settled(() => bench.signal("unheard"));
    expect(bench.told.slice(3)).toEqual(["unheard ok"]);
  });

  it("hear that another one took their session over, by its id or by its caller", () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    const params = {
      kind: "daemon",
      persona: "reviewer",
      project: "shop",
      instance: "i",
      protocol: 1,
      version: "1",
    } as const;
    bench.settled(() => bench.hub.start(HOME, { ...params, session }, bench.sink("second"), () => {}));
    expect(bench.told).toEqual(["daemon is displaced"]);
    bench.told.length = 0;
    bench.settled(() => bench.start("third", bench.sink("third")));
    expect(bench.told).toEqual(["third ok", "second is displaced"]);
  });

  it("hear of a wrap, and then nothing more", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => bench.ask("wrap", "wrap", { persona: "reviewer", project: "shop" }));
    expect(bench.told).toEqual(["wrap ok", "daemon hears wrapped"]);
    bench.settled(() => bench.start("anew", null));
    bench.settled(() => bench.signal("signal"));
    expect(bench.told.slice(2)).toEqual(["anew ok", "signal ok"]);
  });

  it("keep their address on duty by any sign of life, written once a minute", () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    for (let second = 0; second < 180; second++) {
      bench.scheduler.advance(1_000);
      bench.hub.heard(session);
    }
    bench.scheduler.advance(1_000);
    expect(bench.store.commits).toHaveLength(3);
    expect(bench.disk.addresses.get(1)?.lastHeardAtMs).toBe(1_180_000);
  });
});

describe("bounds", () => {
  it("refuse at once what is more than can wait, and lose nothing that was taken", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("first"));
    for (let at = 0; at < 20_005; at++) bench.ask(`status-${at}`, "status", {});
    bench.scheduler.settle();
    expect(bench.told).toHaveLength(5);
    expect(bench.told[0]).toBe("status-20000 overloaded");
    bench.store.release();
    bench.scheduler.settle();
    expect(bench.told.filter((line) => line.endsWith("ok"))).toHaveLength(20_001);
  });

  it("count the bytes that wait as well", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("first"));
    const text = "x".repeat(65_536);
    for (let at = 0; at < 1_030; at++) bench.signal(`signal-${at}`, text);
    bench.scheduler.settle();
    expect(bench.told).toHaveLength(6);
    expect(bench.told[0]).toBe("signal-1024 overloaded");
  });
});

describe("texts", () => {
  it("are at hand for the usual drain, and read from the store when they are not", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => bench.signal("signal", "short"));
    const address = { persona: "reviewer", project: "shop" };
    const first = bench.settled(() => bench.ask("drain", "drain", address));
    expect(first.answer?.signals.map(({ text }) => text)).toEqual(["short"]);
    expect(bench.store.reads).toBe(0);

    const texts = Array.from({ length: 300 }, (_, at) => `${at}`.padEnd(65_536, "x"));
    for (const text of texts) bench.settled(() => bench.signal("signal", text));
    const drained: string[] = [];
    for (let left = 1; left > 0; ) {
      const { answer } = bench.settled(() => bench.ask("drain", "drain", { ...address, limit: 500 }));
      drained.push(...(answer?.signals.map(({ text }) => text) ?? []));
      left = answer?.remaining ?? 0;
    }
    expect(drained).toEqual(texts);
    expect(bench.store.reads).toBeGreaterThan(0);
  });

  it("are weighed as they stand in an answer, so that a full drain fits one message", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => {
      for (let at = 0; at < 10; at++) bench.signal("signal", "\u0001".repeat(16_384));
    });
    const { answer } = bench.settled(() =>
      bench.ask("drain", "drain", { persona: "reviewer", project: "shop", limit: 500 }),
    );
    expect(answer?.signals).toHaveLength(2);
    expect(JSON.stringify(answer).length).toBeLessThan(1024 * 1024);
  });
});

describe("time", () => {
  it("expires what is due without being asked, and tells the daemon", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => bench.ask("short", "signal", { to: "reviewer@shop", text: "x", ttlMs: 60_000 }));
    bench.told.length = 0;
    bench.scheduler.advance(59_999);
    expect(bench.told).toEqual([]);
    bench.scheduler.advance(1);
    expect(bench.told).toEqual(["daemon hears mailbox open=0"]);
  });

  it("expires a backlog of any size in bounded steps, and a drain in between is exact", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.settled(() => {
      for (let at = 0; at < 5_000; at++)
        bench.ask("short", "signal", { to: "reviewer@shop", text: "x", ttlMs: 1_000 });
    });
    bench.told.length = 0;
    bench.store.commits.length = 0;
    bench.scheduler.nowMs += 1_000;
    const drain = bench.settled(() => bench.ask("drain", "drain", { persona: "reviewer", project: "shop" }));
    expect(drain.answer).toMatchObject({ signals: [], remaining: 0 });
    expect(bench.disk.progress.size).toBe(5_000);
  });

  it("forgets in its own time, by the retention it was given", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.scheduler.advance(30_000);
    expect(bench.store.maintained).toMatchObject([
      { endedBeforeMs: 1_030_000 - 3_600_000, keysBeforeMs: 1_030_000 - 86_400_000 },
    ]);
  });
});

describe("health", () => {
  it("answers after a round through the store", async () => {
    const bench = new EngineBench();
    const health = bench.settled(() => bench.hub.health());
    expect(await health).toEqual({ storeLatencyMs: 0 });
  });

  it("waits for what the disk is at: healthy means answered in time", async () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("signal"));
    const health = bench.settled(() => bench.hub.health());
    bench.scheduler.nowMs += 70;
    bench.store.release();
    expect(await health).toEqual({ storeLatencyMs: 70 });
  });
});

describe("health after a failed commit", () => {
  it("is that failure until a commit works again", async () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.disk.failing = full;
    bench.settled(() => bench.signal("lost"));
    await expect(bench.hub.health()).rejects.toMatchObject({ code: "storage_full" });
    bench.scheduler.advance(2_000);
    const still = bench.hub.health();
    bench.scheduler.settle();
    await expect(still).rejects.toMatchObject({ code: "storage_full" });
    bench.disk.failing = null;
    expect(await bench.settled(() => bench.hub.health())).toEqual({ storeLatencyMs: 0 });
    const { commits } = bench.store;
    const asked = commits.length;
    await bench.settled(() => bench.hub.health());
    expect(commits).toHaveLength(asked);
  });
});

describe("close", () => {
  it("answers what waits, tells the sessions, closes the store and leaves no timer", async () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    bench.ask("acknowledge", "acknowledge", { through: 1 }, { ...HOME, session });
    bench.signal("signal");
    const closed = bench.hub.close("an update");
    bench.signal("late");
    bench.scheduler.settle();
    await closed;
    expect(bench.told).toEqual([
      "acknowledge ok",
      "signal ok",
      "daemon hears mailbox open=1",
      "daemon hears closing",
      "late interrupted",
    ]);
    expect(bench.store.closed).toBe(true);
    expect(bench.scheduler.timers).toBe(0);
    await bench.hub.close("again");
  });

  it("writes when it heard from whom, to the millisecond", async () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.scheduler.advance(12_345);
    await bench.settled(() => bench.hub.close("done"));
    expect(bench.disk.sessions.get("n1")?.lastHeardAtMs).toBe(1_012_345);
  });

  it("waits for a commit under way", async () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("signal"));
    const closed = bench.settled(() => bench.hub.close("done"));
    expect(bench.told).toEqual([]);
    bench.store.holding = false;
    bench.store.release();
    bench.scheduler.settle();
    await closed;
    expect(bench.told).toEqual(["signal ok", "daemon hears mailbox open=1", "daemon hears closing"]);
  });
});

describe("a reply", () => {
  const reviewed = { persona: "reviewer", project: "shop" } as const;

  it("to what is drained is checked against the store, in one read for the batch", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    const sent = bench.settled(() =>
      bench.ask("sent", "signal", { to: "reviewer@shop", text: "that is all", final: true }),
    );
    const open = bench.settled(() => bench.signal("open"));
    bench.settled(() => bench.ask("drain", "drain", { ...reviewed, limit: 1 }));
    bench.told.length = 0;
    bench.store.reads = 0;
    bench.settled(() => {
      for (const [name, replyTo] of [
        ["closed", sent.answer?.id],
        ["taken", open.answer?.id],
        ["unknown", "k7qd-3"],
      ] as const)
        bench.ask(name, "signal", { to: "reviewer@shop", text: name, replyTo: replyTo ?? "" });
    });
    expect(bench.told).toEqual([
      "closed matter_closed",
      "taken ok",
      "unknown signal_unknown",
      "daemon hears mailbox open=2",
    ]);
    expect(bench.store.reads).toBe(1);
  });

  it("is refused with the store's own failure if that can't be read, and nothing else is", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    const sent = bench.settled(() => bench.signal("sent"));
    bench.told.length = 0;
    bench.disk.unreadable = new PrismError("storage_failed", "the disk is broken");
    bench.settled(() => {
      bench.ask("reply", "signal", { to: "reviewer@shop", text: "t", replyTo: sent.answer?.id ?? "" });
      bench.signal("other");
    });
    expect(bench.told).toEqual(["reply storage_failed", "other ok", "daemon hears mailbox open=2"]);
  });

  it("is not looked up while the store refuses, and is then", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    const sent = bench.settled(() => bench.signal("sent"));
    bench.disk.failing = full;
    bench.settled(() => bench.signal("failed"));
    bench.told.length = 0;
    bench.store.reads = 0;
    const reply = { to: "reviewer@shop", text: "t", replyTo: sent.answer?.id ?? "" };
    bench.settled(() => bench.ask("refused", "signal", reply));
    expect(bench.store.reads).toBe(0);
    bench.disk.failing = null;
    bench.scheduler.advance(500);
    bench.settled(() => bench.ask("taken", "signal", reply));
    expect(bench.told.filter((line) => !line.startsWith("daemon"))).toEqual([
      "refused storage_full",
      "taken ok",
    ]);
  });
});

describe("a loop", () => {
  it("is logged once when it is stopped, and listed until it opens", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    const answer = () =>
      bench.ask("s", "signal", { to: "reviewer@shop", from: "reviewer@shop", text: "again" });
    bench.settled(() => {
      for (let at = 0; at < 20; at++) answer();
    });
    expect(bench.told.filter((line) => line === "s loop_stopped")).toHaveLength(7);
    expect(bench.logged).toEqual(["loopStopped"]);
    const listed = () => bench.settled(() => bench.ask("status", "status", {})).answer?.loops;
    expect(listed()).toMatchObject([{ between: ["reviewer@shop", "reviewer@shop"], answers: 12 }]);
    bench.scheduler.advance(600_000);
    expect(listed()).toBeUndefined();
  });
});
