/** What a daemon is opened with, and the ports behind which its world lies. */
import type { AttachSettings } from "../attach/attach.ts";
import type { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { DoorbellSchedule } from "../fsm/doorbell.ts";
import type { RetryPlan } from "../fsm/retry.ts";
import type { EndReason } from "../fsm.ts";
import type { Home } from "../host/home.ts";
import type { watchForWake } from "../host/wake.ts";
import type { DaemonStatus } from "../ipc.ts";
import type { connectHub, HubClientOptions } from "../net/hub-client.ts";
import type { OtlpTarget } from "../net/otlp.ts";
import type { Surface, SurfaceContext } from "../surfaces/surface.ts";
import type { Clock } from "./clock.ts";
import type { SlotDisk } from "./state-file.ts";

export type HubTarget = Pick<HubClientOptions, "url" | "token" | "tls">;

/** What a daemon lends its surface. */
export type SurfacePorts = Pick<SurfaceContext, "agent" | "memory" | "attached" | "attachDone">;

export interface DaemonOptions {
  readonly home: Home;
  readonly tenant: string;
  readonly host: string;
  readonly persona: string;
  readonly project: string;
  /** The project's folder on this host. */
  readonly root: string;
  /** Or how it is made. Closed with the daemon, also if the daemon can't be opened. */
  readonly surface: Surface | ((ports: SurfacePorts) => Surface);
  /** A function is asked before each dial: a hub's port and a token may change while a daemon lives. */
  readonly hub: HubTarget | (() => HubTarget);
  /** For HTTP_PROXY and its kin. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly doorbell?: Partial<DoorbellSchedule>;
  readonly retry?: Partial<RetryPlan>;
  /** How long the address stays on duty unheard; absent: the hub's default. */
  readonly leaseMs?: number;
  /** What is installed and activated in the project before an agent is started; absent: nothing. */
  readonly attach?: AttachSettings;
  /** Where its page can also be read over HTTP, on this host; absent: on its local socket alone. */
  readonly metricsListen?: { readonly host: string; readonly port: number };
  /** Where its metrics and spans are pushed to; absent: nowhere. */
  readonly otlp?: OtlpTarget;
  readonly version: string;
  readonly log: Log;
  readonly ports?: Partial<DaemonPorts>;
}

/** The world, for tests to replace. */
export interface DaemonPorts {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly newInstance: () => string;
  readonly connectHub: typeof connectHub;
  readonly watchForWake: typeof watchForWake;
  readonly openDisk: (path: string) => SlotDisk;
}

export interface DaemonEnd {
  readonly reason: EndReason;
  /** Why it failed; absent otherwise. */
  readonly error?: PrismError;
}

export interface RunningDaemon {
  /** Once everything that it held is given back. Never rejects. */
  readonly closed: Promise<DaemonEnd>;
  readonly status: () => DaemonStatus;
  /** Ends in order, without wrapping: the address stays on duty for its lease. Safe to call again. */
  close(reason: string): Promise<void>;
}
