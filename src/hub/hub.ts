/**
 * `prism hub`: puts the store, the engine and the listener together, and tells this host where it listens.
 * Opens in that order and closes in the reverse one; decides nothing.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { unlink } from "node:fs/promises";
import type { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { ensurePrivateDir, type Home } from "../host/home.ts";
import { readPrivateFile, writePrivateFile } from "../host/private-file.ts";
import type { OtlpTarget } from "../net/otlp.ts";
import type { LoopBounds } from "./core/loops.ts";
import type { TakenSignal } from "./core/reply.ts";
import { diskFactsOf } from "./disk-facts.ts";
import { openEngine } from "./engine.ts";
import type { ServerBounds } from "./server/bounds.ts";
import { type HubServer, openHubServer } from "./server.ts";
import type { HubService } from "./service.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";
import type { HubTelemetry } from "./telemetry.ts";
import { openTokens } from "./tokens.ts";

export interface HubOptions {
  /** Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The store's folder; made if absent, owner-only. */
  readonly dataDir: string;
  readonly home: Home;
  readonly retentionMs: number;
  /** When two agents that only answer each other are stopped; what is absent is as the hub thinks best. */
  readonly loops?: Partial<LoopBounds>;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Allows a reachable address without TLS. */
  readonly plaintext: boolean;
  /** This host's name. */
  readonly host?: string;
  /** Where its metrics and spans are pushed to; absent: nowhere. */
  readonly otlp?: OtlpTarget;
  /** For HTTP_PROXY and its kin, on the way there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly log: Log;
  readonly bounds?: Partial<ServerBounds>;
}

export interface RunningHub {
  /** As a client on this host would write it. */
  readonly url: string;
  readonly port: number;
  /** Settles if it can't go on by itself; never otherwise. */
  readonly failed: Promise<PrismError>;
  /** Answers what is under way, says goodbye to everyone, closes the store. Safe to call again. */
  close(reason: string): Promise<void>;
}

/** What stands in `home.hubFilePath` while the hub listens: no secret. */
interface HubFile {
  readonly url: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly version: string;
  readonly dataDir: string;
}

const HUB_FILE_BYTES_MAX = 16 * 1024;

/**
 * @throws PrismError `port_taken`, `already_running` (another hub has the store), `permission_denied`,
 *   `storage_failed`, `storage_full`, `invalid_argument`, `not_found`
 */
export async function openHub(options: HubOptions): Promise<RunningHub> {
  const { home, dataDir, log, version } = options;
  ensurePrivateDir(home.root);
  const startedAtMs = Date.now();
  // First of all the store, which one hub holds: a second one must not touch anything else of it.
  const store = openSqliteStore({ folder: dataDir, newHubId: () => randomBytes(8).toString("hex") });
  const undo: (() => Promise<void>)[] = [() => closeStore(store)];
  try {
    const spans: { drained?: (signals: readonly TakenSignal[]) => void } = {};
    const engine = openEngine({
      store,
      now: Date.now,
      newId: randomUUID,
      retentionMs: options.retentionMs,
      drained: (signals) => spans.drained?.(signals),
      ...(options.loops === undefined ? {} : { loops: options.loops }),
      ...(options.host === undefined ? {} : { host: options.host }),
      version,
      log,
    });
    // From here the engine closes the store.
    undo.splice(0, 1, () => engine.close("the hub could not start"));
    const tokens = await openTokens(
      { dataDir, tokenPath: home.tokenPath },
      (tokenSha256) => engine.bearerOf(tokenSha256),
      log,
    );
    const server = await openHubServer({
      service: engine,
      bearerOf: (token) => tokens.bearerOf(token),
      listen: options.listen,
      tls: options.tls,
      plaintext: options.plaintext,
      disk: () => diskFactsOf(dataDir),
      version,
      log,
      ...(options.bounds === undefined ? {} : { bounds: options.bounds }),
    });
    undo.push(() => server.close("the hub could not start"));
    const telemetry = await openTelemetry(options, engine, () => server.sockets());
    if (telemetry !== null) spans.drained = telemetry.drained;
    const file: HubFile = { url: server.url, pid: process.pid, startedAtMs, version, dataDir };
    await writePrivateFile(home.hubFilePath, `${JSON.stringify(file)}\n`, { durable: false });
    log("info", "hubOpened", { url: server.url, dataDir });
    return running({ server, engine, telemetry, hubFilePath: home.hubFilePath, file, log });
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

interface Parts {
  readonly server: HubServer;
  readonly engine: HubService;
  readonly telemetry: HubTelemetry | null;
  readonly hubFilePath: string;
  readonly file: HubFile;
  readonly log: Log;
}

function running(parts: Parts): RunningHub {
  const { server, engine, telemetry, hubFilePath, file, log } = parts;
  let closing: Promise<void> | undefined;
  async function close(reason: string): Promise<void> {
    log("info", "hubClosing", { reason });
    await removeHubFile(hubFilePath, file);
    server.refuse();
    await engine.close(reason);
    await server.close(reason);
    await telemetry?.close();
    log("info", "hubClosed", {});
  }
  return {
    url: server.url,
    port: server.port,
    failed: server.failed,
    close(reason) {
      closing ??= close(reason);
      return closing;
    },
  };
}

/** Loaded where asked: most hubs push nothing. */
async function openTelemetry(
  options: HubOptions,
  engine: HubService,
  sockets: () => number,
): Promise<HubTelemetry | null> {
  const { otlp: target, env = {}, host, dataDir, version, log } = options;
  if (target === undefined) return null;
  const { openHubTelemetry } = await import("./telemetry.ts");
  const disk = () => diskFactsOf(dataDir);
  return openHubTelemetry({ target, env, host: host ?? "", version, engine, sockets, disk, log });
}

function closeStore(store: Store): Promise<void> {
  return new Promise((resolve) => store.close(() => resolve()));
}

/** Only our own: another hub of this home may have written it since. */
async function removeHubFile(path: string, own: HubFile): Promise<void> {
  try {
    const written = JSON.parse(
      readPrivateFile(path, { what: "hub's file", bytesMax: HUB_FILE_BYTES_MAX }),
    ) as Partial<HubFile>;
    if (written.pid === own.pid && written.startedAtMs === own.startedAtMs && written.url === own.url)
      await unlink(path);
  } catch {
    // It is gone or broken; the next hub writes it anew.
  }
}
