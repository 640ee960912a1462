/**
 * What happens to one persona, written down: the last ring and drain for `status`, each happening for who watches now,
 * and the counts of each minute for who looks tomorrow. Told by the driver; nothing follows from it, and it decides
 * nothing.
 */
import type { MailboxView } from "../domain/verbs.ts";
import type { State } from "../fsm.ts";
import type { DaemonHappening, LifecycleName } from "../ipc.ts";
import type { MinuteBook } from "./minute-book.ts";

export interface ChronicleWorld {
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** Told of each happening; costs nothing where nobody watches. */
  readonly inform: (happening: DaemonHappening) => void;
  /** Null: no minutes are kept. */
  readonly book: Pick<MinuteBook, "stood" | "drained" | "took"> | null;
}

/** The last ring's outcome, for `status`. Times are epoch milliseconds. */
export interface LastRing {
  readonly rungAtMs: number | null;
  /** From the hub's acceptance to that; null if it was not for news. */
  readonly latencyMs: number | null;
  /** The way by which it was taken. */
  readonly path: string | null;
  /** When one last came to its end, taken or not. */
  readonly endedAtMs: number | null;
  readonly outcome: "taken" | "failed" | null;
  readonly reason: string | null;
}

export interface Drains {
  readonly count: number;
  readonly lastAtMs: number | null;
}

/** For a watcher's one line: a surface may have much to say. */
const DETAIL_CHARS_MAX = 300;

export class Chronicle {
  readonly #world: ChronicleWorld;
  #lastRing: LastRing = {
    ...{ rungAtMs: null, latencyMs: null, path: null },
    ...{ endedAtMs: null, outcome: null, reason: null },
  };
  #drains: Drains = { count: 0, lastAtMs: null };

  constructor(world: ChronicleWorld) {
    this.#world = world;
  }

  get lastRing(): LastRing {
    return this.#lastRing;
  }

  get drains(): Drains {
    return this.#drains;
  }

  /** The surface took a ring. */
  rung(path: string | null): void {
    const atMs = this.#world.nowMs();
    const said = { path, outcome: "taken", reason: null } as const;
    this.#lastRing = { rungAtMs: atMs, endedAtMs: atMs, latencyMs: null, ...said };
    this.#tell("rung", path ?? "", null);
  }

  /** How long the ring that was just taken has taken. */
  took(latencyMs: number): void {
    this.#lastRing = { ...this.#lastRing, latencyMs: Math.round(latencyMs) };
    this.#world.book?.took(latencyMs);
  }

  ringFailed(reason: string): void {
    this.#lastRing = { ...this.#lastRing, endedAtMs: this.#world.nowMs(), outcome: "failed", reason };
    this.#tell("ringFailed", reason, null);
  }

  /** An agent came, left, or began or ended a turn. */
  agent(detail: string): void {
    this.#tell("agent", detail, null);
  }

  /** A mailbox is seen anew. @param before null if that one was another's */
  viewed(view: MailboxView, before: MailboxView | null): void {
    const waited = before?.open ?? 0;
    const drained = before === null ? 0 : Math.max(0, view.drains - before.drains);
    if (drained > 0) {
      this.#drains = { count: this.#drains.count + drained, lastAtMs: this.#world.nowMs() };
      this.#world.book?.drained(drained);
    }
    if (drained > 0 || view.open < waited) {
      this.#tell("drained", drained > 0 ? "" : "expired", view.open);
    }
    const hasArrived = before === null ? view.open > 0 : view.through > before.through;
    if (hasArrived) this.#tell("waits", "", view.open);
  }

  /** Where the lifecycle stands after a step. */
  stepped(before: State, after: State): void {
    const state = nameOf(after);
    if (state !== nameOf(before)) this.#tell("state", state, null);
    this.#world.book?.stood(state, after.watch.doorbells.view?.open ?? 0);
  }

  #tell(name: DaemonHappening["name"], detail: string, count: number | null): void {
    const atMs = Math.round(this.#world.nowMs());
    this.#world.inform({ atMs, name, detail: detail.slice(0, DETAIL_CHARS_MAX), count });
  }
}

function nameOf({ id }: State): LifecycleName {
  return id === "ended" ? "disconnected" : id;
}
