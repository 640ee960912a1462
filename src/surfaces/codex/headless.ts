/** An agent that is started without anybody before it: what it is made with, and what it tells. Shapes alone. */
import type { Doorbell } from "../../domain/doorbell.ts";
import type { RingOutcome, SurfaceContext } from "../surface.ts";
import type { Autonomy } from "./autonomy.ts";
import type { CodexLimits } from "./limits.ts";

/** A turn of an agent that runs without anybody before it. */
export interface Headless {
  /** Settles once the agent has taken the words, or can't. */
  readonly begun: Promise<RingOutcome>;
  /** Settles once nothing of it runs any more: null if all went well, else why not. */
  readonly ended: Promise<string | null>;
  /** Ends it. Safe to call again. */
  stop(): void;
}

/** What a headless start is made with. */
export interface HeadlessFrame {
  readonly program: string;
  readonly autonomy: Autonomy;
  readonly bell: Doorbell;
  /** Null: a new one. */
  readonly thread: string | null;
  readonly threadIs: (thread: string | null) => void;
  readonly root: string;
  readonly env: { readonly [name: string]: string };
  readonly context: Pick<SurfaceContext, "agent">;
  readonly called: AbortSignal;
  readonly limits: CodexLimits;
}
