/**
 * One daemon: the lifecycle's world put together, and taken down again in the reverse order. It stays with
 * one persona and one project for its life (invariant 1); the lock on the host and the hub's own rule keep a
 * second one away. Knows no argument, environment or exit status.
 *
 *   lock ── state file ── IPC ── lifecycle (driver) ─┬─ hub link
 *                                                    └─ ringer ── surface
 */
import { dirname, join } from "node:path";
import { formatAddress } from "../domain/address.ts";
import { type ErrorReport, errorOf, type PrismError } from "../domain/errors.ts";
import { faultText } from "../domain/log.ts";
import { MINUTE_FILE } from "../domain/minute-file.ts";
import type { RungParams } from "../domain/verbs.ts";
import { DOORBELL_SCHEDULE, type DoorbellSchedule } from "../fsm/doorbell.ts";
import { RETRY_PLAN, type RetryPlan } from "../fsm/retry.ts";
import { begin, type EndReason } from "../fsm.ts";
import { ensurePrivateDir, hashOf, ipcPathOf, stateDirOf } from "../host/home.ts";
import { type HeldLock, holdLock } from "../host/lock.ts";
import { keepMemoryAtRest } from "../host/memory-rest.ts";
import { watchForWake } from "../host/wake.ts";
import type { IpcHandlers, RingAnswer } from "../ipc.ts";
import { exposition, PersonaMetrics } from "../metrics.ts";
import { randomBytes } from "../net/entropy.ts";
import { connectHub } from "../net/hub-client.ts";
import { openIpcServer, type RunningIpcServer } from "../net/ipc-server.ts";
import type { RunningPageServer } from "../net/page-server.ts";
import type { Surface } from "../surfaces/surface.ts";
import { type DaemonAgentSide, openAgentSide } from "./agent-side.ts";
import { hostAlarm } from "./alarm.ts";
import { type Attaching, openAttaching } from "./attaching.ts";
import { Chronicle } from "./chronicle.ts";
import { openClock } from "./clock.ts";
import { Driver, type RingEnd } from "./driver.ts";
import { type HubLink, openHubLink } from "./hub-link.ts";
import { MinuteBook } from "./minute-book.ts";
import type { DaemonEnd, DaemonOptions, DaemonPorts, RunningDaemon, SurfacePorts } from "./options.ts";
import { openRinger, type Ringer, withinTime } from "./ringer.ts";
import { fileDisk, openStateFile, type StateFile } from "./state-file.ts";
import { statusOf } from "./status.ts";
import type { DaemonTelemetry } from "./telemetry.ts";

export type { DaemonOptions, RunningDaemon } from "./options.ts";

/** For the closing handshake with a hub that answers; one that does not is left. */
const HUB_CLOSE_TIMEOUT_MS = 1000;
/** Fifty personas write their minutes over so long, one or two a second. */
const MINUTES_SPREAD_MS = 30_000;
/** As `VERBS.rung` takes it. */
const WAY_CHARS_MAX = 64;
/** A command that overran its time gets SIGTERM, then SIGKILL: that takes a moment after the bound. */
const RING_MARGIN_MS = 5000;

/**
 * Opens a daemon and returns at once it can be asked over IPC; the hub need not be there yet.
 *
 * @throws PrismError `already_running`, saying who holds the place; `permission_denied`, `storage_full`,
 *   `storage_failed` or `not_found` if lock, folder or socket can't be made
 */
export async function openDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const ports: DaemonPorts = { ...hostPorts(), ...options.ports };
  const address = formatAddress(options);
  let surface = typeof options.surface === "function" ? undefined : options.surface;
  let lock: HeldLock | undefined;
  let daemon: Daemon | undefined;
  try {
    const stateDir = stateDirOf(options.home, options.tenant, options);
    ensurePrivateDir(stateDir);
    const agentSide = openAgentSide(options, ports.clock, stateDir);
    const attaching = openAttaching(options, ports.clock);
    // Before the lock: who typed a bad setting hears of that, and not of who holds the place.
    surface ??= openSurface(options, { ...agentSide.lent, ...attaching.lent });
    const startedAtMs = ports.clock.nowMs();
    const holder = {
      pid: process.pid,
      startedAtMs: Math.round(startedAtMs),
      host: options.host,
      root: options.root,
    };
    lock = await holdLock(join(stateDir, "lock"), `the place of ${address}`, holder);
    const statePath = join(stateDir, "position");
    daemon = new Daemon({ options, ports, lock, surface, agentSide, attaching, startedAtMs, statePath });
    await daemon.open();
    return daemon;
  } catch (error) {
    if (daemon === undefined) {
      if (surface !== undefined) await openRinger(surface, options.log).close();
      lock?.release();
    } else {
      await daemon.abandon();
    }
    throw error;
  }
}

function openSurface({ surface }: DaemonOptions, ports: SurfacePorts): Surface {
  return typeof surface === "function" ? surface(ports) : surface;
}

/** A surface that bounds its rings itself is left its own time, and a little more to say how it went. */
function scheduleFor({ doorbell }: DaemonOptions, surface: Surface): DoorbellSchedule {
  const schedule = { ...DOORBELL_SCHEDULE, ...doorbell };
  const surfaceMs = surface.ringMsMax === undefined ? 0 : surface.ringMsMax + RING_MARGIN_MS;
  return { ...schedule, ringTimeoutMs: Math.max(schedule.ringTimeoutMs, surfaceMs) };
}

function hostPorts(): DaemonPorts {
  return {
    clock: openClock(),
    random: Math.random,
    newInstance: () => Array.from(randomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    connectHub,
    watchForWake,
    openDisk: fileDisk,
  };
}

/** Each persona's own part of half a minute, the same at each start. */
function spreadMs({ persona, project }: DaemonOptions): number {
  return Number.parseInt(hashOf(`${persona}@${project}`).slice(-4), 36) % MINUTES_SPREAD_MS;
}

interface DaemonParts {
  readonly options: DaemonOptions;
  readonly ports: DaemonPorts;
  readonly lock: HeldLock;
  readonly agentSide: DaemonAgentSide;
  readonly attaching: Attaching;
  readonly surface: Surface;
  readonly startedAtMs: number;
  readonly statePath: string;
}

class Daemon implements RunningDaemon {
  readonly closed: Promise<DaemonEnd>;
  readonly #parts: DaemonParts;
  readonly #metrics: PersonaMetrics;
  readonly #book: MinuteBook;
  readonly #chronicle: Chronicle;
  readonly #stateFile: StateFile;
  readonly #hub: HubLink;
  readonly #driver: Driver;
  readonly #ringer: Ringer;
  #ipc: RunningIpcServer | undefined;
  #pages: RunningPageServer | undefined;
  #telemetry: DaemonTelemetry | null = null;
  #stopWatching: () => void = () => {};
  #stopResting: () => void = () => {};
  #settle: (end: DaemonEnd) => void;
  #storageFailed = "";

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    const { options, ports, surface, agentSide } = parts;
    const ringer = openRinger(surface, options.log);
    this.#ringer = ringer;
    const { promise, resolve } = Promise.withResolvers<DaemonEnd>();
    this.closed = promise;
    this.#settle = resolve;
    this.#metrics = new PersonaMetrics(options);
    this.#book = this.#openBook();
    this.#chronicle = new Chronicle({
      nowMs: () => ports.clock.nowMs(),
      inform: (happening) => this.#ipc?.inform(happening),
      book: this.#book,
    });
    this.#stateFile = this.#openStateFile();
    const plan: RetryPlan = { ...RETRY_PLAN, ...options.retry };
    this.#hub = this.#openHubLink(plan);
    const initial = begin({
      plan,
      schedule: scheduleFor(options, surface),
      position: this.#stateFile.position,
      nowMs: ports.clock.nowMs(),
    });
    this.#driver = new Driver(
      {
        persona: options.persona,
        project: options.project,
        clock: ports.clock,
        alarm: hostAlarm,
        random: ports.random,
        hub: this.#hub,
        ringer,
        save: (position) => this.#stateFile.save(position),
        viewed: (view, before) => agentSide.desk.viewed(view, before),
        tellAttached: (bell) => this.#ipc?.broadcast(bell),
        rang: (ring) => this.#rang(ring),
        metrics: this.#metrics,
        chronicle: this.#chronicle,
        log: options.log,
        ended: (reason, failure) => void this.#takeDown(reason, failure),
      },
      initial,
    );
    agentSide.know({
      waiting: () => this.#driver.waiting(),
      ring: () => void this.#driver.askRing(),
      listeners: () => this.#ipc?.attached().length ?? 0,
      tellChannels: (words) => this.#ipc?.tellChannels(words) ?? 0,
      told: (what) => this.#chronicle.agent(what),
    });
  }

  #openBook(): MinuteBook {
    const { options, statePath } = this.#parts;
    return new MinuteBook({
      path: join(dirname(statePath), MINUTE_FILE),
      wallMs: Date.now,
      writeDelayMs: spreadMs(options),
      metrics: this.#metrics,
      failed: (error) => this.#countStorageError(error),
    });
  }

  #openStateFile(): StateFile {
    const { options, ports, statePath } = this.#parts;
    return openStateFile({
      disk: ports.openDisk(statePath),
      newInstance: ports.newInstance,
      corrupt: () => options.log("warn", "stateFileCorrupt", { code: "malformed", path: statePath }),
      failed: (error) => this.#countStorageError(error),
    });
  }

  /** The daemon goes on without its file; the same failure again is worth no line in the log. */
  #countStorageError(error: PrismError): void {
    this.#metrics.countError(error.code === "storage_full" ? "storage_full" : "storage_failed");
    const level = error.message === this.#storageFailed ? "debug" : "warn";
    this.#storageFailed = error.message;
    this.#parts.options.log(level, "stateFileFailed", { code: error.code, reason: error.message });
  }

  #openHubLink(plan: RetryPlan): HubLink {
    const { options, ports, surface } = this.#parts;
    const { hub, persona, project, host, root, version, leaseMs } = options;
    return openHubLink({
      target: typeof hub === "function" ? hub : () => hub,
      env: options.env,
      connectHub: ports.connectHub,
      dialTimeoutMs: plan.dialTimeoutMs,
      startTimeoutMs: plan.startTimeoutMs,
      introduction: {
        ...{ persona, project, host, root, version },
        surface: surface.name,
        instance: this.#stateFile.instance,
        ...(leaseMs === undefined ? {} : { leaseMs }),
      },
      feed: (event, isCurrent) => this.#driver.feed(event, isCurrent),
    });
  }

  async open(): Promise<void> {
    const { options, ports, surface, agentSide, attaching } = this.#parts;
    const { home, tenant, persona, project, version, log } = options;
    agentSide.desk.begin();
    this.#ipc = await openIpcServer({
      path: ipcPathOf(home, tenant, options),
      identity: { version, tenant, persona, project },
      handlers: this.#handlers(),
      standing: () => this.#driver.standing(),
      log,
    });
    await this.#openPages();
    await this.#openTelemetry();
    this.#stopWatching = ports.watchForWake(
      ({ gapMs }) => this.#woke(gapMs),
      () => this.#book.look(),
    );
    this.#stopResting = keepMemoryAtRest();
    log("info", "daemonStarted", { surface: surface.name, version });
    this.#driver.begin();
    // Last: what a project needs may take minutes, and the watch does not wait for it.
    attaching.begin();
  }

  /** Loaded where asked: most daemons push nothing. */
  async #openTelemetry(): Promise<void> {
    const { options, surface } = this.#parts;
    if (options.otlp === undefined) return;
    const { openDaemonTelemetry } = await import("./telemetry.ts");
    const { instance } = this.#stateFile;
    const facts = { metrics: this.#metrics, instance, surface: surface.name };
    this.#telemetry = openDaemonTelemetry(options, facts);
  }

  #rang(ring: RingEnd): void {
    this.#hub.rung(rungParamsOf(ring));
    this.#telemetry?.rang(ring, this.#driver.state.watch.hubId ?? "");
  }

  /** Loaded where asked: fifty daemons need no port each, since one endpoint of the host reads all their sockets. */
  async #openPages(): Promise<void> {
    const { metricsListen: listen, log } = this.#parts.options;
    if (listen === undefined) return;
    const { openDaemonPort } = await import("../net/daemon-pages.ts");
    this.#pages = await openDaemonPort({ listen, metrics: this.#handlers().metrics, log });
    log("info", "metricsServed", { url: this.#pages.url });
  }

  #handlers(): IpcHandlers {
    const { desk } = this.#parts.agentSide;
    return {
      status: () => this.status(),
      metrics: ({ form }) => ({ page: exposition([this.#metrics], form) }),
      notify_surface: () => this.#driver.askRing(),
      resume_surface: () => this.#resume(),
      hook: (params, gone) => desk.hook(params, gone),
      shutdown: ({ reason }) => {
        // After the answer: the server lets what is under way reach its caller.
        setImmediate(() => void this.close(reason ?? "asked over IPC"));
        return { stopping: true };
      },
    };
  }

  /** Not before the project has what the agent will need. */
  async #resume(): Promise<RingAnswer> {
    await this.#parts.attaching.lent.attachDone();
    if (this.#driver.state.id === "ended") return { kind: "failed", reason: "the daemon is ending" };
    return this.#ringer.resume(this.#driver.doorbell());
  }

  status() {
    const { options, surface, agentSide, attaching, startedAtMs } = this.#parts;
    return statusOf({
      options,
      surface,
      attach: attaching.status(),
      agents: agentSide.desk.report(),
      startedAtMs,
      pid: process.pid,
      state: this.#driver.state,
      sinceMs: this.#driver.sinceMs,
      lastRing: this.#chronicle.lastRing,
      drains: this.#chronicle.drains,
      metrics: this.#metrics,
      attached: this.#ipc?.attached() ?? [],
    });
  }

  async close(reason: string): Promise<void> {
    if (this.#driver.state.id !== "ended") this.#parts.options.log("info", "daemonStopping", { reason });
    this.#driver.feed({ on: "stopAsked" });
    await this.closed;
  }

  /** It could not be opened whole: gives back what it has, and tells nobody. */
  async abandon(): Promise<void> {
    this.#driver.feed({ on: "stopAsked" });
    await this.closed;
  }

  #woke(gapMs: number): void {
    this.#parts.options.log("info", "hostWoke", { gapMs: Math.round(gapMs) });
    this.#driver.hostResumed();
  }

  /** In the reverse order of `open`; each step is bounded, and none can keep the next from its turn. */
  async #takeDown(reason: EndReason, failure: ErrorReport | null): Promise<void> {
    const { options, agentSide, attaching, lock } = this.#parts;
    this.#stopWatching();
    this.#stopResting();
    this.#driver.stopAlarm();
    await this.#giveBack("attach", () => attaching.close());
    await this.#giveBack("hub", () => withinTime(this.#hub.closed(), HUB_CLOSE_TIMEOUT_MS));
    await this.#giveBack("surface", () => this.#ringer.close());
    await this.#giveBack("agentSide", () => agentSide.desk.close());
    await this.#giveBack("otlp", () => this.#telemetry?.close());
    await this.#giveBack("pages", () => this.#pages?.close());
    await this.#giveBack("ipc", () => this.#ipc?.close());
    await this.#giveBack("stateFile", () => this.#stateFile.close());
    await this.#giveBack("history", () => this.#book.close());
    await this.#giveBack("lock", () => lock.release());
    const level = reason === "failed" ? "error" : "info";
    options.log(level, "daemonEnded", {
      ...{ state: reason, reason: failure?.message ?? null },
      ...(failure === null ? {} : { code: failure.code }),
    });
    this.#settle(failure === null ? { reason } : { reason, error: errorOf(failure) });
  }

  async #giveBack(what: string, give: () => unknown): Promise<void> {
    try {
      await give();
    } catch (error) {
      this.#parts.options.log("warn", "notGivenBack", { code: "internal", what, fault: faultText(error) });
    }
  }
}

function rungParamsOf({ through, attempt, rungAtMs, endedAtMs, way }: RingEnd): RungParams {
  const ring = { through, attempt, rungAtMs };
  return way === null ? ring : { ...ring, takenAtMs: endedAtMs, way: way.slice(0, WAY_CHARS_MAX) };
}
