/**
 * The daemon's hold on attach-time work: begun once in its life, in the background, and ended with it. Where nothing
 * is configured, nothing is loaded; while it runs, the daemon does all else that it is there for.
 */
import type { AttachSettings, AttachWork } from "../attach/attach.ts";
import { faultText } from "../domain/log.ts";
import type { AttachStatus } from "../ipc.ts";
import type { SurfaceContext } from "../surfaces/surface.ts";
import type { Clock } from "./clock.ts";
import type { DaemonOptions } from "./options.ts";

export interface Attaching {
  /** Begins the work. Called once, by a daemon that stands. */
  begin(): void;
  /** Null where nothing is configured. */
  status(): AttachStatus | null;
  /** What a surface is lent of it. */
  readonly lent: Pick<SurfaceContext, "attached" | "attachDone">;
  /** Ends what runs, and settles once it has ended. */
  close(): Promise<void>;
}

export function openAttaching(options: DaemonOptions, clock: Clock): Attaching {
  const { attach: settings } = options;
  if (settings === undefined || (settings.deps === "off" && settings.venv === "off")) return NOTHING;
  return attachingWith(options, settings, clock);
}

function attachingWith(options: DaemonOptions, settings: AttachSettings, clock: Clock): Attaching {
  const openedAtMs = Math.round(clock.nowMs());
  const { promise: done, resolve: settle } = Promise.withResolvers<void>();
  let isClosed = false;
  let work: AttachWork | undefined;
  let status: AttachStatus = {
    ...{ state: "running", step: 0, steps: 0, log: null },
    ...{ detail: "about to begin", sinceMs: openedAtMs },
  };

  async function run(): Promise<void> {
    try {
      const { openAttach } = await import("../attach/attach.ts");
      if (!isClosed) work = openAttach({ ...options, settings, nowMs: () => clock.nowMs() });
      await work?.done;
    } catch (error) {
      options.log("error", "attachBroke", { code: "internal", fault: faultText(error) });
      status = { ...status, state: "failed", detail: "something went wrong inside Prism; see its log" };
    }
    settle();
  }

  return {
    begin: () => void run(),
    status: () => work?.status() ?? status,
    lent: { attached: () => work?.environment() ?? {}, attachDone: () => done },
    async close() {
      isClosed = true;
      // What waits for the work waits no longer: nothing is started on a daemon that ends.
      settle();
      await work?.close();
    },
  };
}

const NOTHING: Attaching = {
  begin() {},
  status: () => null,
  lent: { attached: () => ({}), attachDone: () => Promise.resolve() },
  close: () => Promise.resolve(),
};
