/**
 * Where each connected session's pushes go, and the connections that hear that another one took their session
 * over. A sink that throws is a fault of its edge: it is logged, and holds up nobody else.
 */
import type { HubPushes } from "../../domain/verbs.ts";
import type { Batch, Push } from "../core/core.ts";
import type { PushSink } from "../service.ts";

/** What of an edge's own may throw, as the log names it. */
export type EngineFault = "answerFailed" | "pushFailed" | "displaceFailed";

export class Sinks {
  readonly #fault: (event: EngineFault, error: unknown) => void;
  readonly #sinks = new Map<string, PushSink>();
  /** Sinks whose session another connection has taken over, to be told once the batch is through. */
  #displaced: PushSink[] = [];

  constructor(fault: (event: EngineFault, error: unknown) => void) {
    this.#fault = fault;
  }

  get sessions(): ReadonlySet<string> {
    return new Set(this.#sinks.keys());
  }

  /** A session has started over this connection, or over none. */
  bind(session: string, sink: PushSink | null): void {
    const older = this.#sinks.get(session);
    if (older !== undefined && older !== sink) this.#displaced.push(older);
    if (sink === null) this.#sinks.delete(session);
    else this.#sinks.set(session, sink);
  }

  /** @returns false if the session's pushes go elsewhere by now */
  unbind(session: string, sink: PushSink): boolean {
    return this.#sinks.get(session) === sink && this.#sinks.delete(session);
  }

  /** The connection whose `start` failed is nobody's. */
  forget(sink: PushSink): void {
    for (const [session, other] of this.#sinks) if (other === sink) this.#sinks.delete(session);
  }

  push({ session, name, value }: Push): void {
    try {
      this.#sinks.get(session)?.push(name, value);
    } catch (error) {
      this.#fault("pushFailed", error);
    }
  }

  /** Wrapped sessions have heard so; one that had to give way to a newer of the same caller hears it now. */
  detach({ detached, pushes }: Batch): void {
    for (const session of detached) {
      const sink = this.#sinks.get(session);
      this.#sinks.delete(session);
      const isWrapped = pushes.some((push) => push.name === "wrapped" && push.session === session);
      if (sink !== undefined && !isWrapped) this.#displaced.push(sink);
    }
  }

  tellDisplaced(): void {
    const displaced = this.#displaced;
    this.#displaced = [];
    for (const sink of displaced) {
      try {
        sink.displaced?.();
      } catch (error) {
        this.#fault("displaceFailed", error);
      }
    }
  }

  /** The hub's last word to everyone. */
  close(closing: HubPushes["closing"]): void {
    for (const session of this.#sinks.keys()) this.push({ session, name: "closing", value: closing });
    this.#sinks.clear();
  }
}
