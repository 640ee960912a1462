/** An agent's side that a test plays: sessions as it says, receipts when it says. */
import type { AgentSession, AgentSide, Receipt } from "../../src/surfaces/agent-side.ts";

export function sessionOf(id: string, more: Partial<AgentSession> = {}): AgentSession {
  return {
    client: "claude-code",
    id,
    state: "idle",
    stateSinceMs: 1,
    heardAtMs: 1,
    cwd: null,
    transcript: null,
    pid: null,
    version: "2.1.329",
    mode: null,
    inbox: null,
    waits: false,
    ...more,
  };
}

export class FakeAgentSide implements AgentSide {
  live: AgentSession[] = [];
  readonly forgotten: string[] = [];
  /** Words by which a blocked hook was ended, oldest first. */
  readonly woken: { readonly session: string; readonly words: string }[] = [];
  readonly #receipts: Receipt[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #watching = new Set<() => void>();

  get receipts(): number {
    return this.#receipts.length;
  }

  sessions(client: string): readonly AgentSession[] {
    return this.live.filter((session) => session.client === client);
  }

  receive(more: Partial<Receipt> = {}): void {
    this.#receipts.push({ by: "prompt", session: null, via: null, atMs: 1, ...more });
    for (const look of [...this.#waiting]) look();
  }

  /** Replaces what is known, and tells whoever waits for a change. */
  become(...sessions: readonly AgentSession[]): void {
    this.live = [...sessions];
    for (const tell of [...this.#watching]) tell();
  }

  receiptAfter(mark: number, until: AbortSignal): Promise<Receipt | null> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(look);
        resolve(this.#receipts[mark] ?? null);
      };
      const look = (): void => {
        if (this.#receipts.length > mark) end();
      };
      this.#waiting.add(look);
      until.addEventListener("abort", end, { once: true });
      look();
      if (until.aborted) end();
    });
  }

  changed(until: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#watching.delete(end);
        resolve();
      };
      this.#watching.add(end);
      until.addEventListener("abort", end, { once: true });
      if (until.aborted) end();
    });
  }

  wake(id: string, words: string): boolean {
    const session = this.live.find((known) => known.id === id);
    if (session?.waits !== true) return false;
    this.live = this.live.map((known) => (known === session ? { ...known, waits: false } : known));
    this.woken.push({ session: id, words });
    return true;
  }

  /** Tool servers of the agent's that are attached. */
  attached = 0;

  listeners(): number {
    return this.attached;
  }

  /** What those that are channels were told. */
  readonly channelled: string[] = [];
  channels = 0;

  tellChannels(words: string): number {
    if (this.channels > 0) this.channelled.push(words);
    return this.channels;
  }

  gone(id: string): void {
    this.forgotten.push(id);
    this.become(...this.live.filter((session) => session.id !== id));
  }
}

/** A memory that is kept as a file would keep it: as text. */
export function keptMemory(first: unknown = null) {
  let text = JSON.stringify(first);
  return {
    load: (): unknown => JSON.parse(text),
    save(value: unknown): void {
      text = JSON.stringify(value);
    },
  };
}
