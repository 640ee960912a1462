/**
 * The agent's side of a doorbell, as a surface sees it: the live sessions that hooks made known, and the
 * receipts by which an agent shows that a ring reached it. A contract alone; the daemon keeps it.
 */

/** What a session does, as far as its hooks tell: a turn that a person interrupted ends without a word. */
export type AgentState = "idle" | "busy";

/** One live session of an agent's client, as its hooks made it known. Times are epoch milliseconds, host's clock. */
export interface AgentSession {
  /** As in `claude-code` or `codex`. */
  readonly client: string;
  /** The client's own id of the session or thread. */
  readonly id: string;
  readonly state: AgentState;
  readonly stateSinceMs: number;
  /** When a hook of it was last heard. */
  readonly heardAtMs: number;
  readonly cwd: string | null;
  readonly transcript: string | null;
  /** A process of the client's, as far as the hook could tell. */
  readonly pid: number | null;
  readonly version: string | null;
  /** Its permission mode in the client's word, once a hook has named it. */
  readonly mode: string | null;
  /** Where the session itself takes messages. The token is a secret: it goes nowhere but there. */
  readonly inbox: { readonly path: string; readonly token: string | null } | null;
  /** True while a hook of this session blocks, ready to wake it. */
  readonly waits: boolean;
}

/** The agent's side showed that it has a doorbell. */
export interface Receipt {
  /** `prompt`: it stood in a prompt; `boundary`: a hook handed it over within a turn or at its end; `drain`. */
  readonly by: "prompt" | "boundary" | "drain";
  /** The client's session, where it is known: a drain names none. */
  readonly session: string | null;
  /** The path by which the words came, where they show it. */
  readonly via: string | null;
  readonly atMs: number;
}

export interface AgentSide {
  /** The live sessions of a client, the one heard from last first. */
  sessions(client: string): readonly AgentSession[];
  /** How many receipts there were so far: a mark to wait from. */
  readonly receipts: number;
  /**
   * The first receipt after the mark, at once if it is there already.
   *
   * @returns null if `until` fires first; a receipt that came before that wins
   */
  receiptAfter(mark: number, until: AbortSignal): Promise<Receipt | null>;
  /** Settles at the next change of any session, or when `until` fires. */
  changed(until: AbortSignal): Promise<void>;
  /**
   * Ends the blocked hook of a session with these words, which wakes the session.
   *
   * @returns false if none blocks there
   */
  wake(session: string, words: string): boolean;
  /** How many of the agent's own tool servers are attached, and so hold the newest doorbell. */
  listeners(): number;
  /** Hands words to those of them that are a channel into the agent's session. @returns how many those are */
  tellChannels(words: string): number;
  /** A session turned out to be gone: it is forgotten. */
  gone(session: string): void;
}

/** A few facts that a surface keeps over the daemon's restarts; what was written may be lost, never torn. */
export interface SurfaceMemory {
  /** What was saved last, or null. Read it with care: it may be of another version. */
  load(): unknown;
  save(value: unknown): void;
}
