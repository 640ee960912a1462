/** A daemon in this process, with a home of its own, before a hub whose service the test plays. */
import { onTestFinished } from "vitest";
import { type DaemonOptions, openDaemon, type RunningDaemon } from "../../src/daemon/daemon.ts";
import type { MailboxView } from "../../src/domain/verbs.ts";
import { homeAt, ipcPathOf } from "../../src/host/home.ts";
import { connectIpc, type IpcConnection } from "../../src/net/ipc-client.ts";
import { FakeSurface } from "./fake-surface.ts";
import { NO_SIGNALS } from "./lifecycle-script.ts";
import { tempDir } from "./temp-dir.ts";
import { openTestServer, type TestServer, TOKEN } from "./test-server.ts";
import { type WatchedLog, watchedLog } from "./watched-log.ts";

export const REVIEWER = { persona: "reviewer", project: "shop" };

export const ONE_SIGNAL: MailboxView = {
  ...NO_SIGNALS,
  revision: 1,
  through: 1,
  open: 1,
  oldestAtMs: 1,
  newestAtMs: 1,
  senders: [{ from: "planner@shop", count: 1 }],
};

export interface StagedDaemon {
  readonly daemon: RunningDaemon;
  readonly surface: FakeSurface;
  readonly log: WatchedLog;
  readonly ipcPath: string;
}

export interface DaemonStage {
  readonly hub: TestServer;
  readonly homeDir: string;
  /** What the hub answers to the next starts. */
  mailbox: MailboxView;
  /** The newest session that started. */
  readonly session: () => string;
  readonly push: (view: MailboxView) => void;
  readonly open: (options?: Partial<DaemonOptions>) => Promise<StagedDaemon>;
}

export async function daemonStage(): Promise<DaemonStage> {
  const hub = await openTestServer();
  onTestFinished(() => hub.server.close("the test ends"));
  const homeDir = tempDir();
  const stage: DaemonStage = {
    hub,
    homeDir,
    mailbox: NO_SIGNALS,
    session: () => [...hub.service.sinks.keys()].at(-1) ?? "",
    push: (view) => hub.service.push(stage.session(), "mailbox", view),
    open: (options = {}) => openStaged(stage, options),
  };
  let sessions = 0;
  hub.service.answers.start = () => ({
    ok: {
      session: `session-${++sessions}`,
      master: false,
      tenant: "local",
      address: "reviewer@shop",
      leaseMs: 1000,
      hub: hub.service.identity,
      nowMs: Date.now(),
      mailbox: stage.mailbox,
    },
  });
  return stage;
}

async function openStaged(stage: DaemonStage, options: Partial<DaemonOptions>): Promise<StagedDaemon> {
  const home = homeAt(stage.homeDir);
  const surface = new FakeSurface();
  const log = watchedLog();
  const daemon = await openDaemon({
    ...REVIEWER,
    home,
    tenant: "local",
    host: "testhost",
    root: "/work/shop",
    surface,
    hub: { url: stage.hub.server.url, token: TOKEN },
    env: {},
    version: "1.2.3",
    log: log.log,
    // The delays themselves are the lifecycle's matter, and tested there.
    retry: { soonWindowsMs: [1], lossWindow: 0, slowWindowsMs: [1] },
    ...options,
  });
  onTestFinished(() => daemon.close("the test ends"));
  return { daemon, surface, log, ipcPath: ipcPathOf(home, "local", REVIEWER) };
}

/** Opens a daemon and waits until it has settled with the hub. */
export async function openSettled(
  stage: DaemonStage,
  options: Partial<DaemonOptions> = {},
): Promise<StagedDaemon> {
  const log = watchedLog();
  const settled = log.next("lifecycleChanged", { from: "reconciling" });
  const staged = await stage.open({ log: log.log, ...options });
  await settled;
  return { ...staged, log };
}

export async function askDaemon(
  path: string,
  heard: (open: number) => void = () => {},
): Promise<IpcConnection> {
  const connection = await connectIpc(
    path,
    { version: "1.2.3", role: "test", address: REVIEWER },
    { doorbell: (bell) => heard(bell.open), closed: () => {} },
  );
  onTestFinished(() => connection.close());
  return connection;
}
