import { describe, expect, it } from "vitest";
import { AgentDesk } from "../../../src/daemon/agent-desk.ts";
import type { Doorbell } from "../../../src/domain/doorbell.ts";
import type { HookAnswer, HookEvent, HookParams } from "../../../src/ipc/hook.ts";
import { bellOf } from "../../support/ipc-stage.ts";

const never = new AbortController().signal;
const soon = () => AbortSignal.abort();

function deskWith(saved: string | null = null, bootedAtMs = 0) {
  const state = { open: 0, through: 0, told: 0, drains: 0, nowMs: 1_000_000 };
  const seen = { came: 0, flags: [] as boolean[], saved: [] as string[] };
  const alarms = new Set<() => void>();
  const desk = new AgentDesk({
    address: { persona: "reviewer", project: "shop" },
    nowMs: () => state.nowMs,
    bootedAtMs: () => bootedAtMs,
    alarm: (_delayMs, rang) => {
      alarms.add(rang);
      return () => void alarms.delete(rang);
    },
    load: () => (saved === null ? null : JSON.parse(saved)),
    save: (record) => seen.saved.push(JSON.stringify(record)),
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
  const hook = (event: HookEvent, more: Partial<HookParams> = {}, gone = never): HookAnswer =>
    desk.hook({ event, client: "claude-code", session: "s-1", ...more }, gone) as HookAnswer;
  const change = (more: Partial<typeof state>): void => {
    const before = { ...state };
    Object.assign(state, more);
    desk.viewed(state, before);
  };
  /** A signal comes in. */
  const arrive = (): void => change({ open: state.open + 1, through: state.through + 1 });
  const drain = (left = 0): void => change({ open: left, told: state.through, drains: state.drains + 1 });
  /** Time passes, and whatever alarm was set rings. */
  const settle = (): void => {
    for (const rang of [...alarms]) {
      alarms.delete(rang);
      rang();
    }
  };
  return { desk, state, seen, alarms, hook, change, arrive, drain, settle };
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
    expect(hook("stop")).toEqual({ say: null, hold: false });
    expect(desk.sessions("claude-code")[0]?.state).toBe("idle");
  });

  it("never holds up a turn eight times in a row, whatever comes in", () => {
    const { hook, arrive } = deskWith();
    hook("user-prompt-submit");
    const held = Array.from({ length: 20 }, () => {
      arrive();
      return hook("stop").hold;
    });
    expect(held.indexOf(false)).toBe(7);
  });

  it("holds up no later turn for the same signals, and one more for what a drain has left", () => {
    const { hook, arrive, drain } = deskWith();
    const turn = () => {
      hook("user-prompt-submit");
      return hook("stop").hold;
    };
    arrive();
    expect([turn(), turn(), turn()]).toEqual([true, false, false]);
    arrive();
    expect([turn(), turn()]).toEqual([true, false]);
    drain(1);
    expect([turn(), turn()]).toEqual([true, false]);
    drain();
    expect(turn()).toBe(false);
  });

  it("is said of what came after a drain, though both are seen at once", () => {
    const { hook, arrive, change } = deskWith();
    hook("user-prompt-submit");
    arrive();
    expect(hook("post-tool-use").say).not.toBeNull();
    change({ through: 3, told: 1, drains: 1, open: 2 });
    expect(hook("post-tool-use").say).toContain("2 signals wait");
    expect(hook("post-tool-use").say).toBeNull();
  });

  it("is said anew when another hub counts from the beginning", () => {
    const { desk, state, hook, arrive } = deskWith();
    hook("user-prompt-submit");
    for (let i = 0; i < 5; i++) arrive();
    expect(hook("post-tool-use").say).not.toBeNull();
    Object.assign(state, { open: 1, through: 1 });
    desk.viewed({ told: 0, drains: 9 }, null);
    expect(desk.receipts).toBe(1);
    expect(hook("post-tool-use").say).toContain("1 signal waits");
    expect(hook("stop").hold).toBe(true);
  });

  it("is not said to a hook that has gone, nor counted as told", async () => {
    const { desk, hook, arrive } = deskWith();
    hook("user-prompt-submit");
    arrive();
    for (const event of ["post-tool-use", "stop"] as const) {
      expect(hook(event, {}, soon())).toEqual({ say: null, hold: false });
    }
    expect(desk.receipts).toBe(0);
    expect(hook("post-tool-use").say).not.toBeNull();
    hook("user-prompt-submit", { isBell: true }, soon());
    expect(desk.receipts).toBe(2);
  });

  it("is said again once the session has forgotten its talk", () => {
    const { desk, hook, arrive } = deskWith();
    hook("user-prompt-submit");
    arrive();
    hook("post-tool-use");
    hook("session-start", { reason: "compact" });
    expect(desk.sessions("claude-code")[0]?.state).toBe("busy");
    expect(hook("post-tool-use").say).not.toBeNull();
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

  it("whose process is gone are known no more, and forgotten at the next change", () => {
    const { desk, hook, arrive, seen } = deskWith();
    hook("session-start", { pid: 0x7fff_fff0 });
    const before = seen.saved.length;
    expect(desk.sessions("claude-code")).toEqual([]);
    expect(desk.report()).toEqual([]);
    expect(seen.saved).toHaveLength(before);
    arrive();
    expect(seen.saved.at(-1)).not.toContain("s-1");
  });

  it.runIf(process.platform === "linux")("whose process has left its number to another are gone", () => {
    const first = deskWith();
    first.hook("session-start", { pid: process.pid });
    const saved = first.seen.saved.at(-1) ?? "";
    expect(deskWith(saved).desk.sessions("claude-code")).toHaveLength(1);
    const other = saved.replace(/"born":"\d+"/, '"born":"1"');
    expect(deskWith(other).desk.sessions("claude-code")).toEqual([]);
  });

  it("are none that were heard before the host was started", () => {
    const first = deskWith();
    first.hook("session-start");
    expect(deskWith(first.seen.saved.at(-1), 1_000_001).desk.sessions("claude-code")).toEqual([]);
  });

  it("open in two processes end with the one that was heard last", () => {
    const { desk, hook } = deskWith();
    hook("session-start", { pid: 0x7fff_fff0 });
    hook("session-start", { pid: process.pid });
    hook("session-end", { pid: 0x7fff_fff0 });
    expect(desk.sessions("claude-code")).toHaveLength(1);
    hook("session-end", { pid: process.pid });
    expect(desk.sessions("claude-code")).toEqual([]);
  });

  it("are saved when what a later life must know of them changes, and not at each hook", () => {
    const { hook, seen } = deskWith();
    hook("session-start");
    const saves = () => seen.saved.length;
    const first = saves();
    hook("user-prompt-submit", { mode: "bypassPermissions" });
    expect(saves()).toBe(first + 1);
    expect(seen.saved.at(-1)).toContain("bypassPermissions");
    hook("post-tool-use", { mode: "bypassPermissions" });
    hook("stop", { mode: "bypassPermissions" });
    expect(saves()).toBe(first + 1);
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
    for (const broken of ["3", '"x"', "[]", '{"format":2,"sessions":[]}', '{"format":1,"sessions":[1,{}]}']) {
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

  it("that come while something waits ask for a ring, once they had time to begin", () => {
    const { hook, arrive, seen, settle } = deskWith();
    arrive();
    hook("session-start");
    expect(seen.came).toBe(0);
    settle();
    expect(seen.came).toBe(1);
    settle();
    expect(seen.came).toBe(1);
  });

  it("ask for none if they begin with a turn, or while another knows already", () => {
    const { hook, arrive, seen, settle, alarms } = deskWith();
    arrive();
    hook("session-start");
    hook("user-prompt-submit");
    settle();
    hook("stop");
    hook("session-start", { session: "s-2" });
    settle();
    expect(seen.came).toBe(0);
    hook("session-end");
    hook("session-start", { session: "s-3" });
    settle();
    expect(seen.came).toBe(1);
    expect(alarms.size).toBe(0);
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

  it("stays away once the daemon ends, whatever hooks come after", async () => {
    const { desk, hook, arrive, seen } = deskWith();
    hook("session-start");
    arrive();
    desk.close();
    seen.flags.length = 0;
    expect(hook("post-tool-use")).toEqual({ say: null, hold: false });
    expect(await hook("wait")).toEqual({ say: null, hold: false });
    expect(seen.flags).toEqual([]);
  });

  it("stays down where no session is known: a daemon without hooks writes no file for each signal", () => {
    const { arrive, seen } = deskWith();
    arrive();
    expect(seen.flags).toEqual([]);
  });
});
