/**
 * Where the agent's hooks report: keeps the live sessions of the agent on this host, decides what a hook hands
 * to it, and counts receipts. Told of every change of the mailbox; decides nothing about rings.
 *
 * A session is told of news once: what a ring, a hook or a drain has told it is not said again. But an agent that
 * would go idle on waiting signals is held up at its turn's end: once for the same ones, and a few times in a row.
 */
import type { Address } from "../domain/address.ts";
import { bellWords } from "../domain/bell-words.ts";
import type { Doorbell } from "../domain/doorbell.ts";
import type { Log } from "../domain/log.ts";
import type { MailboxView } from "../domain/verbs.ts";
import { birthOf, isProcessAlive } from "../host/process-alive.ts";
import { HOOK_SILENT, type HookAnswer, type HookParams } from "../ipc/hook.ts";
import type { AgentReport } from "../ipc.ts";
import type { AgentSession, AgentSide, Receipt } from "../surfaces/agent-side.ts";
import { readSessions, recordOf, type StoredSession, type StoredSessions } from "./agent-store.ts";
import type { SetAlarm } from "./alarm.ts";
import type { BellFlag } from "./bell-flag.ts";

export interface AgentDeskOptions {
  readonly address: Address;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** When this host was started: no session is older. Epoch milliseconds. */
  readonly bootedAtMs: () => number;
  readonly alarm: SetAlarm;
  /** What was saved last, or null. */
  readonly load: () => unknown;
  readonly save: (record: StoredSessions) => void;
  /** The hub's word on the mailbox as a doorbell, with 0 open while there is none; position of its newest signal. */
  readonly waiting: () => { readonly bell: Doorbell; readonly through: number };
  /** How many tool servers of the agent are attached. */
  readonly listeners: () => number;
  readonly tellChannels: (words: string) => number;
  /** An agent is here, and idle, and nobody who is here was told of what waits. */
  readonly came: () => void;
  /** Shows or takes away the sign by which a hook's command sees, without a process, that it has nothing to do. */
  readonly flag: BellFlag;
  /** Told of each coming, going and turn in a few words. */
  readonly told?: (what: string) => void;
  readonly log: Log;
}

/** Windows of one person on one project; beyond it the one unheard the longest is dropped. */
const SESSIONS_MAX = 16;
/** Where no process is known to live: what was not heard from over a holiday is no session any more. */
const UNHEARD_MS_MAX = 14 * 86_400_000;
/** A mark is taken as a ring begins: far fewer come before it ends. */
const RECEIPTS_MAX = 64;
/** Claude Code ends a turn for good after eight blocks in a row; Codex never does. */
const HOLDS_MAX = 7;
/**
 * How long a session may take to become what it begins as: one that was started with a prompt is in its first turn by
 * then, and the hook that waits to wake it is there.
 */
const SETTLE_MS = 500;

interface Live extends StoredSession {
  state: "idle" | "busy";
  stateSinceMs: number;
  heardAtMs: number;
  /** Position up to which this session was told what waits. */
  told: number;
  /** Position up to which it was held up at a turn's end. */
  heldFor: number;
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
  #stopAlarm: (() => void) | null = null;
  #closed = false;

  constructor(options: AgentDeskOptions) {
    this.#options = options;
  }

  /** Takes up what a former life of the daemon has left, now that the place is this one's alone. */
  begin(): void {
    const { load, bootedAtMs, flag } = this.#options;
    for (const stored of readSessions(load())) {
      if (stored.heardAtMs < bootedAtMs()) continue;
      this.#sessions.set(stored.id, { ...stored, ...fresh(stored.heardAtMs) });
    }
    this.#dropDead();
    flag.takeAway();
  }

  // What the surface asks.

  get receipts(): number {
    return this.#dropped + this.#receipts.length;
  }

  sessions(client: string): readonly AgentSession[] {
    return this.#live()
      .filter((session) => session.client === client)
      .map(({ waiter, born: _born, told: _told, heldFor: _heldFor, holds: _holds, ...session }) => ({
        ...session,
        waits: waiter !== null,
      }));
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

  /**
   * The mailbox is seen anew.
   *
   * @param before the view that it replaces; null if there was none, or it was of another hub
   */
  viewed(
    view: Pick<MailboxView, "told" | "drains">,
    before: Pick<MailboxView, "told" | "drains"> | null,
  ): void {
    this.#dropDead();
    if (before === null) {
      // Other positions, or none that anybody here was told of.
      for (const session of this.#sessions.values()) this.#untell(session);
    } else {
      // Whoever drained was told by the answer what still waited: up to there, and not of what came since.
      if (view.told > before.told) this.#tellAll(view.told);
      if (view.drains > before.drains) this.#drained();
    }
    this.#raiseFlag();
  }

  report(): readonly AgentReport[] {
    return this.#live().map(({ client, id, state, stateSinceMs, heardAtMs }) => ({
      client,
      session: id,
      state,
      stateSinceMs: Math.round(stateSinceMs),
      heardAtMs: Math.round(heardAtMs),
    }));
  }

  /** Ends the hooks that wait, and takes the flag away: without a daemon no hook has anything to do. */
  close(): void {
    this.#closed = true;
    this.#stopAlarm?.();
    for (const session of this.#sessions.values()) session.waiter?.(HOOK_SILENT);
    this.#isUp = false;
    this.#options.flag.takeAway();
  }

  // What hooks report.

  /** @param gone fires when the hook no longer waits: what it reports counts, and nothing can be said to it */
  hook(params: HookParams, gone: AbortSignal): HookAnswer | Promise<HookAnswer> {
    const { log } = this.#options;
    log("debug", "hookRan", { hook: params.event, client: params.client, session: params.session });
    if (this.#closed) return HOOK_SILENT;
    if (params.event === "session-end") {
      this.#ended(params);
      return HOOK_SILENT;
    }
    const session = this.#heard(params);
    const answer =
      params.event === "wait" ? this.#wait(session, gone) : this.#answer(session, params, gone.aborted);
    this.#raiseFlag();
    return answer;
  }

  #answer(session: Live, params: HookParams, isGone: boolean): HookAnswer {
    switch (params.event) {
      case "session-start":
        // A summary of the talk so far is made within a turn, and begins none.
        if (params.reason !== "compact") this.#enter(session, "idle");
        // What it was told before is not in its talk any more.
        this.#untell(session);
        this.#lookSoon();
        return HOOK_SILENT;
      case "user-prompt-submit":
        this.#enter(session, "busy");
        session.holds = 0;
        if (params.isBell !== true) return this.#sayNews(session, isGone);
        session.told = this.#options.waiting().through;
        this.#receive("prompt", session.id, params.via ?? null);
        return HOOK_SILENT;
      case "post-tool-use":
        this.#enter(session, "busy");
        return this.#sayNews(session, isGone);
      default:
        return this.#stop(session, isGone);
    }
  }

  /**
   * Counted here and not by what the client says of its hooks: Codex sets no bound, and a turn that goes on because
   * of somebody else's hook is no reason to let signals wait.
   */
  #stop(session: Live, isGone: boolean): HookAnswer {
    const { bell, through } = this.#options.waiting();
    if (!isGone && bell.open > 0 && session.heldFor < through && session.holds < HOLDS_MAX) {
      session.holds += 1;
      session.heldFor = through;
      return this.#say(session, true);
    }
    session.holds = 0;
    this.#enter(session, "idle");
    this.#lookSoon();
    return HOOK_SILENT;
  }

  #sayNews(session: Live, isGone: boolean): HookAnswer {
    const { bell, through } = this.#options.waiting();
    return !isGone && bell.open > 0 && through > session.told ? this.#say(session, false) : HOOK_SILENT;
  }

  #say(session: Live, hold: boolean): HookAnswer {
    const { bell, through } = this.#options.waiting();
    session.told = through;
    this.#receive("boundary", session.id, null);
    return { say: bellWords(bell), hold };
  }

  #wait(session: Live, gone: AbortSignal): Promise<HookAnswer> {
    if (gone.aborted) return Promise.resolve(HOOK_SILENT);
    // The client runs one at each turn's end, and ends none of them.
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

  #drained(): void {
    // What it left is worth one more turn.
    for (const session of this.#sessions.values()) session.heldFor = 0;
    this.#receive("drain", null, null);
  }

  #tellAll(through: number): void {
    for (const session of this.#sessions.values()) session.told = Math.max(session.told, through);
  }

  #untell(session: Live): void {
    session.told = 0;
    session.heldFor = 0;
  }

  /** A ring that failed before may work now, and one that was taken by who is gone again is worth nothing. */
  #lookSoon(): void {
    const { alarm, came } = this.#options;
    if (!this.#isUnheard()) return;
    this.#stopAlarm ??= alarm(SETTLE_MS, () => {
      this.#stopAlarm = null;
      if (this.#isUnheard()) came();
    });
  }

  #isUnheard(): boolean {
    const { bell, through } = this.#options.waiting();
    if (bell.open === 0) return false;
    const live = this.#live();
    return live.some(({ state }) => state === "idle") && live.every(({ told }) => told < through);
  }

  #heard(params: HookParams): Live {
    const nowMs = this.#options.nowMs();
    const before = this.#sessions.get(params.session);
    const { client, session: id } = params;
    const inbox =
      params.inboxPath === undefined
        ? (before?.inbox ?? null)
        : { path: params.inboxPath, token: params.inboxToken ?? null };
    const pid = params.pid ?? before?.pid ?? null;
    const live: Live = {
      ...(before ?? fresh(nowMs)),
      ...{ client, id, inbox, pid, heardAtMs: nowMs },
      born: pid === null ? null : birthOf(pid),
      cwd: params.cwd ?? before?.cwd ?? null,
      transcript: params.transcript ?? before?.transcript ?? null,
      version: params.version ?? before?.version ?? null,
      mode: params.mode ?? before?.mode ?? null,
    };
    const stored = before === undefined ? "" : keptText({ ...before, heardAtMs: nowMs });
    const session = before === undefined ? live : Object.assign(before, live);
    this.#sessions.set(id, session);
    if (before === undefined) {
      this.#options.log("info", "agentCame", { client, session: id });
      this.#options.told?.(`${client} came`);
      this.#dropDead();
      this.#dropOldest();
    }
    if (params.event === "session-start" || keptText(session) !== stored) this.#save();
    return session;
  }

  #enter(session: Live, state: "idle" | "busy"): void {
    if (session.state === state) return;
    session.state = state;
    session.stateSinceMs = this.#options.nowMs();
    this.#options.told?.(`${session.client} ${state === "busy" ? "began" : "ended"} a turn`);
    this.#change();
  }

  /** One talk may be open in two processes: who leaves it does not end it for the other. */
  #ended({ session: id, pid, reason }: HookParams): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    const isOther = pid !== undefined && session.pid !== null && pid !== session.pid;
    if (!isOther || !this.#isLive(session)) this.#forget(id, reason ?? "ended");
  }

  #forget(id: string, reason: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    session.waiter?.(HOOK_SILENT);
    this.#options.log("info", "agentLeft", { client: session.client, session: id, reason });
    this.#options.told?.(`${session.client} left: ${reason}`);
    this.#save();
    this.#change();
    this.#raiseFlag();
  }

  /** Of a process that is known, its life decides; a client that was killed said nothing. */
  #isLive({ pid, born, heardAtMs }: Live): boolean {
    if (pid === null) return this.#options.nowMs() - heardAtMs <= UNHEARD_MS_MAX;
    // Numbers are used again.
    return isProcessAlive(pid) && (born === null || born === birthOf(pid));
  }

  #live(): readonly Live[] {
    return this.#newestFirst().filter((session) => this.#isLive(session));
  }

  #dropDead(): void {
    for (const session of [...this.#sessions.values()]) {
      if (!this.#isLive(session)) this.#forget(session.id, "its process is gone");
    }
  }

  #dropOldest(): void {
    for (const { id } of this.#newestFirst().slice(SESSIONS_MAX)) this.#forget(id, "too many sessions");
  }

  #newestFirst(): readonly Live[] {
    return [...this.#sessions.values()].sort((a, b) => b.heardAtMs - a.heardAtMs);
  }

  #save(): void {
    this.#options.save(recordOf([...this.#sessions.values()]));
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

function fresh(
  sinceMs: number,
): Pick<Live, "state" | "stateSinceMs" | "told" | "heldFor" | "holds" | "waiter"> {
  return { state: "idle", stateSinceMs: sinceMs, told: 0, heldFor: 0, holds: 0, waiter: null };
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

/** Equal if a later life would be told the same. */
function keptText(session: StoredSession): string {
  return JSON.stringify(recordOf([session]));
}
