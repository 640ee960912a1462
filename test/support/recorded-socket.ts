/** The WebSocket driver with everything it says kept in order, for a test to wait for. */

import { onTestFinished } from "vitest";
import {
  connectSocket,
  type SocketClosed,
  type SocketEvents,
  type SocketHandle,
  type SocketOptions,
} from "../../src/net/websocket.ts";
import { queue } from "./scripted-server.ts";

export type Said =
  | { readonly name: "opened"; readonly protocol: string; readonly extensions: string }
  | { readonly name: "text"; readonly text: string }
  | { readonly name: "binary"; readonly bytes: Uint8Array }
  | { readonly name: "drained" }
  | { readonly name: "closing" }
  | ({ readonly name: "closed" } & SocketClosed);

export interface RecordedSocket {
  readonly socket: SocketHandle;
  /** Everything said so far. */
  readonly said: readonly Said[];
  /** The next one that was not yet waited for. */
  next(): Promise<Said>;
  /** Waits for the end, passing over everything else. */
  closed(): Promise<SocketClosed>;
}

/** @param react called with each thing said, at once, in place of waiting for it */
export function recordedSocket(
  options: Partial<SocketOptions> & { readonly url: string },
  react: (said: Said, socket: SocketHandle) => void = () => {},
): RecordedSocket {
  const said: Said[] = [];
  const unread = queue<Said>();
  const say = (what: Said): void => {
    said.push(what);
    unread.push(what);
    react(what, socket);
  };
  const closed = Promise.withResolvers<SocketClosed>();
  const events: SocketEvents = {
    opened: (protocol, extensions) => say({ name: "opened", protocol, extensions }),
    text: (text) => say({ name: "text", text }),
    binary: (bytes) => say({ name: "binary", bytes }),
    drained: () => say({ name: "drained" }),
    closing: () => say({ name: "closing" }),
    closed: (info) => {
      say({ name: "closed", ...info });
      closed.resolve(info);
    },
  };
  const socket: SocketHandle = connectSocket({ env: {}, ...options }, events);
  onTestFinished(() => socket.destroy());
  return { socket, said, next: unread.next, closed: () => closed.promise };
}

/** Opened, and the event taken. */
export async function openedSocket(
  options: Partial<SocketOptions> & { readonly url: string },
  react?: (said: Said, socket: SocketHandle) => void,
): Promise<RecordedSocket> {
  const recorded = recordedSocket(options, react);
  const first = await recorded.next();
  if (first.name !== "opened") throw new Error(`not opened: ${JSON.stringify(first)}`);
  return recorded;
}
