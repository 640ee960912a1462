/**
 * The lifecycle's way to the hub: one connection at a time, its words turned into events. A connection that
 * was dropped is never heard again, whatever it still has to say.
 */
import { type ErrorReport, reportOf } from "../domain/errors.ts";
import { spoken } from "../domain/protocol.ts";
import {
  HUB_PROTOCOL,
  HUB_PROTOCOL_MIN,
  type HubPushes,
  type RungParams,
  type StartParams,
} from "../domain/verbs.ts";
import type { Event } from "../fsm.ts";
import type { connectHub, HubConnection } from "../net/hub-client.ts";
import type { HubTarget } from "./options.ts";

export interface HubLinkOptions {
  readonly target: () => HubTarget;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly connectHub: typeof connectHub;
  readonly dialTimeoutMs: number;
  readonly startTimeoutMs: number;
  /** What `start` says of this daemon, but for session and position. */
  readonly introduction: Omit<StartParams, "session" | "position" | "kind" | "protocol" | "protocolMin">;
  /** `isCurrent` is false if the connection was dropped while the event waited in a queue. */
  readonly feed: (event: Event, isCurrent: () => boolean) => void;
}

export interface HubLink {
  open(): void;
  start(from: { readonly position: number; readonly session: string | null }): void;
  acknowledge(through: number): void;
  /** Told if there is a connection now; what is not told is not kept. */
  rung(ring: RungParams): void;
  ping(): void;
  close(): void;
  /** Settles once no connection is left. */
  closed(): Promise<void>;
}

/** Between pings on a quiet connection: long enough to cost nothing, shorter than routers forget. */
const PING_INTERVAL_MS = 20_000;
/** A peer that does not answer a ping for this long is gone, also after the host's sleep. */
const PONG_TIMEOUT_MS = 5000;

export function openHubLink(options: HubLinkOptions): HubLink {
  const { feed } = options;
  let connection: HubConnection | undefined;
  /** Counts connections; only the newest is heard. */
  let current = 0;
  const ending = new Set<Promise<void>>();

  function open(): void {
    const mine = ++current;
    const isCurrent = () => mine === current;
    const { promise: end, resolve: ended } = Promise.withResolvers<void>();
    ending.add(end);
    let over = false;
    const closed = (error: unknown) => {
      over = true;
      if (isCurrent()) connection = undefined;
      ending.delete(end);
      ended();
      feed({ on: "socketClosed", failure: reportOf(error) }, isCurrent);
    };
    try {
      const target = options.target();
      const dialled = options.connectHub(
        {
          url: target.url,
          token: target.token,
          ...(target.tls === undefined ? {} : { tls: target.tls }),
          env: options.env,
          openTimeoutMs: options.dialTimeoutMs,
          pingIntervalMs: PING_INTERVAL_MS,
          pongTimeoutMs: PONG_TIMEOUT_MS,
        },
        {
          opened: () => feed({ on: "socketOpened" }, isCurrent),
          push(name, value) {
            if (name === "wrapped") feed(wrappedEvent(value as HubPushes["wrapped"]), isCurrent);
            else if (name === "closing") feed({ on: "hubClosing" }, isCurrent);
            else feed({ on: "mailboxPushed", mailbox: value as HubPushes["mailbox"] }, isCurrent);
          },
          closed,
        },
      );
      if (!over) connection = dialled;
    } catch (error) {
      // A URL that is none, a token file that can't be read.
      closed(error);
    }
  }

  function wrappedEvent({ why }: HubPushes["wrapped"]): Event {
    const { persona, project } = options.introduction;
    if (why === undefined) return { on: "wrapPushed" };
    const address = `${persona}@${project}`;
    const failure: ErrorReport =
      why === "archived"
        ? {
            code: "persona_archived",
            message: `${address} was archived`,
            hint: `put it back on duty with prism persona restore ${address}`,
          }
        : {
            code: "target_wrapped",
            message: `the persona ${address} was destroyed`,
            hint: `make it anew with prism persona create ${address}`,
          };
    return { on: "wrapPushed", failure };
  }

  function start(from: { readonly position: number; readonly session: string | null }): void {
    const mine = current;
    const isCurrent = () => mine === current;
    const asked = connection;
    if (asked === undefined) return;
    const params: StartParams = {
      ...options.introduction,
      kind: "daemon",
      ...spoken(HUB_PROTOCOL, HUB_PROTOCOL_MIN),
      position: from.position,
      ...(from.session === null ? {} : { session: from.session }),
    };
    asked.call("start", params, options.startTimeoutMs).then(
      ({ session, hub, nowMs, mailbox }) =>
        feed({ on: "startAnswered", session, hubId: hub.id, hubNowMs: nowMs, mailbox }, isCurrent),
      (error: unknown) => feed({ on: "startRefused", failure: reportOf(error) }, isCurrent),
    );
  }

  return {
    open,
    start,
    acknowledge: (through) => connection?.acknowledge(through),
    rung: (ring) => connection?.rung(ring),
    ping: () => connection?.pingNow(),
    close() {
      current++;
      connection?.close();
      connection = undefined;
    },
    async closed() {
      await Promise.all(ending);
    },
  };
}
