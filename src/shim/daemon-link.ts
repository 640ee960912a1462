/**
 * An agent's line to its daemon on this host: attaches, and hears doorbells. No daemon is no fault; the line
 * is tried again, quietly and ever more rarely. Knows no hub.
 */
import type { Address } from "../domain/address.ts";
import type { Doorbell } from "../domain/doorbell.ts";
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { connectIpc, type IpcConnection } from "../net/ipc-client.ts";
import { createBackoff } from "./backoff.ts";

export interface DaemonLinkOptions {
  /** The daemon's socket. */
  readonly path: string;
  readonly address: Address;
  readonly version: string;
  readonly log: Log;
  readonly doorbell: (bell: Doorbell) => void;
  /** Hands the words to the agent's session; absent: the shim is no channel. */
  readonly channel?: (words: string) => void;
  readonly bounds?: Partial<DaemonLinkBounds>;
}

const DAEMON_LINK_BOUNDS = {
  retryDelayMsMin: 1_000,
  retryDelayMsMax: 30_000,
  stableMs: 10_000,
} as const;

export type DaemonLinkBounds = { readonly [K in keyof typeof DAEMON_LINK_BOUNDS]: number };

export class DaemonLink {
  readonly #options: DaemonLinkOptions;
  readonly #backoff;
  #connection: IpcConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #name = "mcp";
  #session: string | null = null;
  #begun = false;
  #closed = false;
  #sinceMs = 0;

  constructor(options: DaemonLinkOptions) {
    this.#options = options;
    const bounds: DaemonLinkBounds = { ...DAEMON_LINK_BOUNDS, ...options.bounds };
    this.#backoff = createBackoff(
      { delayMsMin: bounds.retryDelayMsMin, delayMsMax: bounds.retryDelayMsMax, stableMs: bounds.stableMs },
      Math.random,
    );
  }

  /** @param name who attaches, for the daemon's status */
  begin(name: string): void {
    if (this.#begun || this.#closed) return;
    this.#begun = true;
    this.#name = name;
    void this.#dial();
  }

  /** The session at the hub changed: the daemon is told, now or when it is there. */
  sessionIs(session: string | null): void {
    if (session === this.#session) return;
    this.#session = session;
    if (this.#connection !== undefined) void this.#attach(this.#connection);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#connection?.close();
  }

  async #dial(): Promise<void> {
    const { path, address, version } = this.#options;
    try {
      const connection = await connectIpc(
        path,
        { role: "shim", version, address },
        {
          doorbell: this.#options.doorbell,
          channel: (words) => this.#options.channel?.(words),
          closed: (error) => this.#lost(error),
        },
      );
      if (this.#closed) {
        connection.close();
        return;
      }
      this.#connection = connection;
      this.#sinceMs = performance.now();
      await this.#attach(connection);
    } catch (error) {
      this.#retry(error);
    }
  }

  async #attach(connection: IpcConnection): Promise<void> {
    try {
      const { standing } = await connection.call("attach", {
        name: this.#name,
        pid: process.pid,
        ...(this.#session === null ? {} : { session: this.#session }),
        ...(this.#options.channel === undefined ? {} : { isChannel: true }),
      });
      if (standing !== null) this.#options.doorbell(standing);
    } catch {
      // The line is of no use unattached; its end brings the next attempt.
      connection.close();
    }
  }

  #lost(error: PrismError): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#backoff.ended(performance.now() - this.#sinceMs);
    this.#retry(error);
  }

  #retry(error: unknown): void {
    if (this.#closed) return;
    const code = error instanceof PrismError ? error.code : "internal";
    const delayMs = this.#backoff.next();
    this.#options.log("debug", "daemonAway", { code, retryInMs: delayMs });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#dial(), delayMs);
  }
}
