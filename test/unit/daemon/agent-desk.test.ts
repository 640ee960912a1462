import { describe, expect, it } from "vitest";
import { AgentDesk } from "../../../src/daemon/agent-desk.ts";
import type { Doorbell } from "../../../src/domain/doorbell.ts";
import type { HookAnswer, HookEvent, HookParams } from "../../../src/ipc/hook.ts";
import { bellOf } from "../../support/ipc-stage.ts";

const never = new AbortController().signal;
const soon = () => AbortSignal.abort();

function deskWith(saved: string | null = null) {
  const state = { open: 0, through: 0, nowMs: 1_000_000 };
  const seen = { came: 0, flags: [] as boolean[], saved: [] as string[] };
  const desk = new AgentDesk({
    address: { persona: "reviewer", project: "shop" },
    nowMs: () => state.nowMs,
    load: () => saved,
    save: (text) => seen.saved.push(text),
    waiting: () => ({ bell: bellOf(1, { open: state.open }) as Doorbell, through: state.through }),
    listeners: () => 0,
    tellChannels: () => 0,
    came: () => {
      seen.came += 1;
    },
    flag: { show: (isUp) => seen.flags.push(isUp), takeAway: () => seen.flags.push(false) },
    log() {},
  });
  desk.begin();
  seen.flags.length = 0;
  const hook = (event: HookEvent, more: Partial<HookParams> = {}): HookAnswer =>
    desk.hook({ event, client: "claude-code", session: "s-1", ...more }, never) as HookAnswer;
  /** A signal comes in. */
  const arrive = (): void => {
    state.open += 1;
    state.through += 1;
    desk.viewed(false);
  };
  const drain = (left = 0): void => {
    state.open = left;
    desk.viewed(true);
  };
  return { desk, state, seen, hook, arrive, drain };
}

describe("what hooks hand to an agent", () => {
  it("is nothing while nothing waits", () => {
    const { hook } = deskWith();
    for (const event of ["session-start", "user-prompt-submit", "post-tool-use", "stop"] as const) {
      expect(hook(event)).toEqual({ say: null, hold: false });
    }
  });

  it("is said once at the first boundary, and again only for news", () => {
    const { hook, arrive } = deskWith();
    hook("user-prompt-submit");
    arrive();
    expect(hook("post-tool-use").say).toContain("1 signal waits for reviewer@shop");
    expect(hook("post-tool-use").say).toBeNull();
    arrive();
    expect(hook("post-tool-use").say).toContain("2 signals wait");
    expect(hook("post-tool-use").say).toBeNull();
  });

  it("holds up a turn that would end on waiting signals, once if the agent lets them wait all the same", () => {
    const { hook, arrive, desk } = deskWith();
    hook("user-prompt-submit");
    arrive();
    expect(hook("post-tool-use").say).not.toBeNull();
    expect(hook("stop")).toMatchObject({ hold: true });
    expect(hook("stop", { stopActive: true })).toEqual({ say: null, hold: false });
    expect(desk.sessions("claude-code")[0]?.state).toBe("idle");
  });

  it("never holds up a turn eight times in a row, whatever comes in", () => {
    const { hook, arrive } = deskWith();
    hook("user-prompt-submit");
    const held = Array.from({ length: 20 }, (_, i) => {
      arrive();
      return hook("stop", { stopActive: i > 0 }).hold;
    });
    expect(held.indexOf(false)).toBe(7);
  });

  it("is not said to a session whose prompt was the bell, or that has drained", () => {
    const { hook, arrive, drain } = deskWith();
    hook("session-start");
    arrive();
    expect(hook("user-prompt-submit", { isBell: true }).say).toBeNull();
    expect(hook("post-tool-use").say).toBeNull();
    arrive();
    drain(1);
    expect(hook("post-tool-use").say).toBeNull();
  });

  it("is said to each session for itself", () => {
    const { hook, arrive } = deskWith();
    hook("user-prompt-submit");
    hook("user-prompt-submit", { session: "s-2" });
    arrive();
    expect(hook("post-tool-use").say).not.toBeNull();
    expect(hook("post-tool-use", { session: "s-2" }).say).not.toBeNull();
  });
});

describe("receipts", () => {
  it("come from prompts, boundaries and drains, and are not lost between the mark and the wait", async () => {
    const { desk, hook, arrive, drain } = deskWith();
    const mark = desk.receipts;
    const waiting = desk.receiptAfter(mark, never);
    arrive();
    hook("user-prompt-submit", { isBell: true, via: "inbox" });
    expect(await waiting).toMatchObject({ by: "prompt", session: "s-1", via: "inbox" });
    drain();
    expect(await desk.receiptAfter(mark + 1, soon())).toMatchObject({ by: "drain", session: null });
    expect(await desk.receiptAfter(desk.receipts, soon())).toBeNull();
    arrive();
    hook("post-tool-use");
    expect(await desk.receiptAfter(mark, soon())).toMatchObject({ by: "prompt" });
  });

  it("are remembered only so far, and a mark beyond that gets the oldest known", async () => {
    const { desk, drain } = deskWith();
    for (let i = 0; i < 1000; i++) drain();
    expect(desk.receipts).toBe(1000);
    expect(await desk.receiptAfter(0, soon())).not.toBeNull();
  });
});

describe("sessions", () => {
  it("are the newest first, known by their client, and forgotten at their end", () => {
    const { desk, hook, state } = deskWith();
    hook("session-start", { session: "old" });
    state.nowMs += 1;
    hook("session-start", { session: "new", inboxPath: "/x.sock", inboxToken: "t" });
    hook("session-start", { session: "other", client: "codex" });
    expect(desk.sessions("claude-code").map(({ id }) => id)).toEqual(["new", "old"]);
    expect(desk.sessions("claude-code")[0]?.inbox).toEqual({ path: "/x.sock", token: "t" });
    hook("session-end", { session: "new" });
    expect(desk.sessions("claude-code").map(({ id }) => id)).toEqual(["old"]);
  });

  it("whose process is gone are forgotten", () => {
    const { desk, hook } = deskWith();
    hook("session-start", { pid: 0x7fff_fff0 });
    expect(desk.sessions("claude-code")).toEqual([]);
  });

  it("outlive the daemon, with the secret of their inbox, but not for ever", () => {
    const first = deskWith();
    first.hook("session-start", { inboxPath: "/x.sock", inboxToken: "t", cwd: "/shop" });
    const saved = first.seen.saved.at(-1) ?? "";
    expect(deskWith(saved).desk.sessions("claude-code")).toMatchObject([
      { id: "s-1", inbox: { path: "/x.sock", token: "t" }, cwd: "/shop", state: "idle", waits: false },
    ]);
    const old = saved.replace(/"heardAtMs":\d+/, '"heardAtMs":-9999999999999');
    expect(deskWith(old).desk.sessions("claude-code")).toEqual([]);
    for (const broken of ["", "{", "[]", '{"format":2,"sessions":[]}', '{"format":1,"sessions":[1,{}]}']) {
      expect(deskWith(broken).desk.sessions("claude-code")).toEqual([]);
    }
  });

  it("are at most 16: the one unheard the longest goes", () => {
    const { desk, hook, state } = deskWith();
    for (let i = 0; i < 40; i++) {
      state.nowMs += 1;
      hook("session-start", { session: `s-${i}` });
    }
    const ids = desk.sessions("claude-code").map(({ id }) => id);
    expect(ids).toHaveLength(16);
    expect(ids[0]).toBe("s-39");
  });

  it("that come, or end their turn, while something waits that they were not told of, ask for a ring", () => {
    const { hook, arrive, seen } = deskWith();
    arrive();
    hook("session-start");
    expect(seen.came).toBe(1);
    hook("user-prompt-submit");
    hook("stop", { stopActive: true });
    expect(seen.came).toBe(1);
  });

  it("tell who waits for a change", async () => {
    const { desk, hook } = deskWith();
    const changed = desk.changed(never);
    hook("session-start");
    hook("user-prompt-submit");
    await changed;
  });
});

describe("a hook that blocks", () => {
  const wait = (desk: AgentDesk, gone: AbortSignal = never) =>
    Promise.resolve(desk.hook({ event: "wait", client: "claude-code", session: "s-1" }, gone));

  it("is ended by a wake, once", async () => {
    const { desk } = deskWith();
    const blocked = wait(desk);
    expect(desk.sessions("claude-code")[0]?.waits).toBe(true);
    expect(desk.wake("s-1", "up")).toBe(true);
    expect(await blocked).toEqual({ say: "up", hold: true });
    expect(desk.wake("s-1", "up")).toBe(false);
    expect(desk.wake("nobody", "up")).toBe(false);
  });

  it("ends in silence when another takes its place, the session ends, the client leaves or the daemon ends", async () => {
    const { desk, hook } = deskWith();
    const first = wait(desk);
    const gone = new AbortController();
    const second = wait(desk, gone.signal);
    expect(await first).toEqual({ say: null, hold: false });
    gone.abort();
    expect(await second).toEqual({ say: null, hold: false });
    expect(desk.wake("s-1", "up")).toBe(false);
    const third = wait(desk);
    hook("session-end");
    expect(await third).toEqual({ say: null, hold: false });
    const fourth = wait(desk);
    desk.close();
    expect(await fourth).toEqual({ say: null, hold: false });
  });
});

describe("the flag for hooks", () => {
  it("is up exactly while a session was not told of what waits", () => {
    const { desk, hook, arrive, drain, seen } = deskWith();
    hook("session-start");
    arrive();
    hook("post-tool-use");
    arrive();
    drain();
    desk.close();
    expect(seen.flags).toEqual([true, false, true, false, false]);
  });

  it("stays down where no session is known: a daemon without hooks writes no file for each signal", () => {
    const { arrive, seen } = deskWith();
    arrive();
    expect(seen.flags).toEqual([]);
  });
});
