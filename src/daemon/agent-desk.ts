/**
 * Where the agent's hooks report: keeps the live sessions of the agent on this host, decides what a hook hands
 * to it, and counts receipts. Told of every change of the mailbox; decides nothing about rings.
 *
 * A session is told of news once: what a ring, a hook or a drain has told it is not said again, except at the end
 * of a turn, where an agent that would go idle on waiting signals is held up, and then a bounded number of times.
 */
import type { Address } from "../domain/address.ts";
import { bellWords } from "../domain/bell-words.ts";
import type { Doorbell } from "../domain/doorbell.ts";
import type { Log } from "../domain/log.ts";
import { isProcessAlive } from "../host/process-alive.ts";
import { HOOK_SILENT, type HookAnswer, type HookParams } from "../ipc/hook.ts";
import type { AgentReport } from "../ipc.ts";
import type { AgentSession, AgentSide, Receipt } from "../surfaces/agent-side.ts";
import { readSessions, type StoredSession, storedText } from "./agent-store.ts";
import type { BellFlag } from "./bell-flag.ts";

export interface AgentDeskOptions {
  readonly address: Address;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** What was saved last, or null. */
  readonly load: () => string | null;
  readonly save: (text: string) => void;
  /** The newest view of the mailbox as a doorbell, and the position of its newest signal. */
  readonly waiting: () => { readonly bell: Doorbell; readonly through: number };
  /** How many tool servers of the agent are attached. */
  readonly listeners: () => number;
  readonly tellChannels: (words: string) => number;
  /** An agent came, or ended its turn, while something waits that it was not told of. */
  readonly came: () => void;
  /** Shows or takes away the sign by which a hook's command sees, without a process, that it has nothing to do. */
  readonly flag: BellFlag;
  readonly log: Log;
}

/** Windows of one person on one project; beyond it the one unheard the longest is dropped. */
const SESSIONS_MAX = 16;
/** A laptop closed over a holiday: what was not heard from since is no session any more. */
const UNHEARD_MS_MAX = 14 * 86_400_000;
/** A mark is taken as a ring begins: far fewer come before it ends. */
const RECEIPTS_MAX = 64;
/** Clients end a turn for good after eight blocks in a row. */
const HOLDS_MAX = 7;

interface Live extends StoredSession {
  state: "idle" | "busy";
  stateSinceMs: number;
  heardAtMs: number;
  /** Position up to which this session was told what waits. */
  told: number;
  /** Turn ends in a row at which it was held up. */
  holds: number;
  waiter: ((answer: HookAnswer) => void) | null;
}

export class AgentDesk implements AgentSide {
  readonly #options: AgentDeskOptions;
  readonly #sessions = new Map<string, Live>();
  readonly #waitingForReceipt = new Set<() => void>();
  readonly #waitingForChange = new Set<() => void>();
  readonly #receipts: Receipt[] = [];
  #dropped = 0;
  #isUp = false;

  constructor(options: AgentDeskOptions) {
    this.#options = options;
  }

  /** Takes up what a former life of the daemon has left, now that the place is this one's alone. */
  begin(): void {
    const nowMs = this.#options.nowMs();
    for (const stored of readSessions(this.#options.load())) {
      if (nowMs - stored.heardAtMs > UNHEARD_MS_MAX) continue;
      this.#sessions.set(stored.id, { ...stored, ...fresh(stored.heardAtMs), told: 0 });
    }
    this.#options.flag.takeAway();
  }

  // What the surface asks.

  get receipts(): number {
    return this.#dropped + this.#receipts.length;
  }

  sessions(client: string): readonly AgentSession[] {
    this.#dropDead();
    return this.#newestFirst()
      .filter((session) => session.client === client)
      .map(({ waiter, told: _told, holds: _holds, ...session }) => ({ ...session, waits: waiter !== null }));
  }

  receiptAfter(mark: number, until: AbortSignal): Promise<Receipt | null> {
    return settledBy(
      this.#waitingForReceipt,
      until,
      () => this.#receipts[Math.max(0, mark - this.#dropped)] ?? null,
    );
  }

  async changed(until: AbortSignal): Promise<void> {
    let isChanged = false;
    await settledBy(this.#waitingForChange, until, () => {
      if (isChanged) return true;
      // The first look is no change; every later one is.
      isChanged = true;
      return null;
    });
  }

  wake(id: string, words: string): boolean {
    const session = this.#sessions.get(id);
    if (session?.waiter == null) return false;
    const { waiter } = session;
    session.waiter = null;
    waiter({ say: words, hold: true });
    return true;
  }

  listeners(): number {
    return this.#options.listeners();
  }

  tellChannels(words: string): number {
    return this.#options.tellChannels(words);
  }

  gone(id: string): void {
    if (this.#sessions.has(id)) this.#forget(id, "the client is gone");
  }

  // What the daemon tells.

  /** The mailbox changed. @param drained true if somebody drained since the last view */
  viewed(drained: boolean): void {
    if (drained) {
      const { through } = this.#options.waiting();
      // Whoever drained was told by the answer what still waits.
      for (const session of this.#sessions.values()) session.told = through;
      this.#receive("drain", null, null);
    }
    this.#raiseFlag();
  }

  report(): readonly AgentReport[] {
    return this.#newestFirst().map(({ client, id, state, stateSinceMs, heardAtMs }) => ({
      client,
      session: id,
      state,
      stateSinceMs: Math.round(stateSinceMs),
      heardAtMs: Math.round(heardAtMs),
    }));
  }

  /** Ends the hooks that wait, and takes the flag away: without a daemon no hook has anything to do. */
  close(): void {
    for (const session of this.#sessions.values()) session.waiter?.(HOOK_SILENT);
    this.#isUp = false;
    this.#options.flag.takeAway();
  }

  // What hooks report.

  /** @param gone fires when the hook no longer waits */
  hook(params: HookParams, gone: AbortSignal): HookAnswer | Promise<HookAnswer> {
    const { log } = this.#options;
    log("debug", "hookRan", { event: params.event, client: params.client, session: params.session });
    if (params.event === "session-end") {
      this.#forget(params.session, params.reason ?? "ended");
      return HOOK_SILENT;
    }
    const session = this.#heard(params);
    const answer = params.event === "wait" ? this.#wait(session, gone) : this.#answer(session, params);
    this.#raiseFlag();
    return answer;
  }

  #answer(session: Live, params: HookParams): HookAnswer {
    switch (params.event) {
      case "session-start":
        // A summary of the talk so far is made within a turn, and begins none.
        if (params.reason !== "compact") this.#rests(session);
        session.told = 0;
        this.#tellOwed(session);
        return HOOK_SILENT;
      case "user-prompt-submit":
        this.#works(session);
        session.holds = 0;
        if (params.isBell !== true) return this.#sayNews(session, false);
        session.told = this.#options.waiting().through;
        this.#receive("prompt", session.id, params.via ?? null);
        return HOOK_SILENT;
      case "post-tool-use":
        this.#works(session);
        return this.#sayNews(session, false);
      default:
        return this.#stop(session, params.stopActive === true);
    }
  }

  #stop(session: Live, isGoingOn: boolean): HookAnswer {
    const { bell, through } = this.#options.waiting();
    if (!isGoingOn) session.holds = 0;
    const isNews = through > session.told;
    if (bell.open > 0 && session.holds < HOLDS_MAX && (isNews || !isGoingOn)) {
      session.holds += 1;
      return this.#say(session, true);
    }
    session.holds = 0;
    this.#rests(session);
    this.#tellOwed(session);
    return HOOK_SILENT;
  }

  #sayNews(session: Live, hold: boolean): HookAnswer {
    const { bell, through } = this.#options.waiting();
    return bell.open > 0 && through > session.told ? this.#say(session, hold) : HOOK_SILENT;
  }

  #say(session: Live, hold: boolean): HookAnswer {
    const { bell, through } = this.#options.waiting();
    session.told = through;
    this.#receive("boundary", session.id, null);
    return { say: bellWords(bell), hold };
  }

  #wait(session: Live, gone: AbortSignal): Promise<HookAnswer> {
    session.waiter?.(HOOK_SILENT);
    return new Promise((resolve) => {
      const waiter = (answer: HookAnswer): void => {
        if (session.waiter === waiter) session.waiter = null;
        gone.removeEventListener("abort", leave);
        resolve(answer);
        this.#change();
      };
      const leave = (): void => waiter(HOOK_SILENT);
      session.waiter = waiter;
      gone.addEventListener("abort", leave, { once: true });
      this.#change();
    });
  }

  /** It is here, and idle, and does not know of what waits: a ring that failed before may work now. */
  #tellOwed(session: Live): void {
    const { bell, through } = this.#options.waiting();
    if (session.state === "idle" && bell.open > 0 && through > session.told) this.#options.came();
  }

  #heard(params: HookParams): Live {
    const nowMs = this.#options.nowMs();
    const before = this.#sessions.get(params.session);
    const { client, session: id } = params;
    const inbox =
      params.inboxPath === undefined
        ? (before?.inbox ?? null)
        : { path: params.inboxPath, token: params.inboxToken ?? null };
    const live: Live = {
      ...(before ?? { ...fresh(nowMs), told: 0 }),
      ...{ client, id, inbox, heardAtMs: nowMs },
      cwd: params.cwd ?? before?.cwd ?? null,
      transcript: params.transcript ?? before?.transcript ?? null,
      pid: params.pid ?? before?.pid ?? null,
      version: params.version ?? before?.version ?? null,
      mode: params.mode ?? before?.mode ?? null,
    };
    const session = before === undefined ? live : Object.assign(before, live);
    this.#sessions.set(id, session);
    if (before === undefined) {
      this.#options.log("info", "agentCame", { client, session: id });
      this.#dropOldest();
    }
    if (before === undefined || params.event === "session-start") this.#save();
    return session;
  }

  #works(session: Live): void {
    if (session.state !== "busy") this.#enter(session, "busy");
  }

  #rests(session: Live): void {
    if (session.state !== "idle") this.#enter(session, "idle");
  }

  #enter(session: Live, state: "idle" | "busy"): void {
    session.state = state;
    session.stateSinceMs = this.#options.nowMs();
    this.#change();
  }

  #forget(id: string, reason: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    session.waiter?.(HOOK_SILENT);
    this.#options.log("info", "agentLeft", { client: session.client, session: id, reason });
    this.#save();
    this.#change();
    this.#raiseFlag();
  }

  #dropDead(): void {
    for (const { id, pid } of [...this.#sessions.values()]) {
      if (pid !== null && !isProcessAlive(pid)) this.#forget(id, "its process is gone");
    }
  }

  #dropOldest(): void {
    for (const { id } of this.#newestFirst().slice(SESSIONS_MAX)) this.#forget(id, "too many sessions");
  }

  #newestFirst(): readonly Live[] {
    return [...this.#sessions.values()].sort((a, b) => b.heardAtMs - a.heardAtMs);
  }

  #save(): void {
    this.#options.save(storedText([...this.#sessions.values()]));
  }

  #receive(by: Receipt["by"], session: string | null, via: string | null): void {
    this.#receipts.push({ by, session, via, atMs: this.#options.nowMs() });
    if (this.#receipts.length > RECEIPTS_MAX) {
      this.#receipts.shift();
      this.#dropped += 1;
    }
    for (const settle of [...this.#waitingForReceipt]) settle();
  }

  #change(): void {
    for (const settle of [...this.#waitingForChange]) settle();
  }

  /** A session that nobody knows yet makes itself known by its next prompt or turn's end, flag or no flag. */
  #raiseFlag(): void {
    const { bell, through } = this.#options.waiting();
    const isUp = bell.open > 0 && [...this.#sessions.values()].some(({ told }) => told < through);
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#options.flag.show(isUp);
  }
}

function fresh(sinceMs: number): Pick<Live, "state" | "stateSinceMs" | "holds" | "waiter"> {
  return { state: "idle", stateSinceMs: sinceMs, holds: 0, waiter: null };
}

/** Settles with the first look that is not null, or null when `until` fires. */
function settledBy<T>(waiting: Set<() => void>, until: AbortSignal, look: () => T | null): Promise<T | null> {
  const found = look();
  if (found !== null || until.aborted) return Promise.resolve(found);
  return new Promise((resolve) => {
    const end = (value: T | null): void => {
      waiting.delete(again);
      until.removeEventListener("abort", stop);
      resolve(value);
    };
    const again = (): void => {
      const value = look();
      if (value !== null) end(value);
    };
    const stop = (): void => end(look());
    waiting.add(again);
    until.addEventListener("abort", stop, { once: true });
  });
}
