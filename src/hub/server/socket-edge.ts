/**
 * The door of the hub's socket: who may upgrade, and what all open sockets share: the turn's end, the clock,
 * the watch for dead peers. What is said on a socket stands in socket.ts.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { PrismError } from "../../domain/errors.ts";
import { HUB_SUBPROTOCOL } from "../../domain/verbs.ts";
import type { Bearer } from "../service.ts";
import type { Edge } from "./edge.ts";
import { bearerOfRequest, checkOrigin, isEnded } from "./guard.ts";
import { endWithAnswer, errorAnswer } from "./http-answer.ts";
import { CLOSE, PeerSocket, type SocketKeeper, WATCHES_PER_INTERVAL } from "./socket.ts";
import { failureOf } from "./verb-call.ts";

export interface SocketEdge {
  upgrade(request: IncomingMessage, wire: Duplex, head: Buffer): void;
  readonly count: number;
  /** Ends every socket that came in by one of these tokens: what was answered goes out before. */
  endTokens(ended: ReadonlySet<string>): void;
  /** Says goodbye to every peer and waits for them, but not for long. New ones are turned away. */
  close(reason: string): Promise<void>;
}

export function openSocketEdge(edge: Edge): SocketEdge {
  const peers = new Set<PeerSocket>();
  let staged: PeerSocket[] = [];
  let closing = false;
  let allGone: (() => void) | undefined;

  const keeper: SocketKeeper = {
    edge,
    flushSoon(peer) {
      // One callback for all peers of a turn. A batch of answers comes from one commit, so it is one turn.
      if (staged.push(peer) === 1) process.nextTick(flushAll);
    },
  };

  function flushAll(): void {
    const turn = staged;
    staged = [];
    for (const peer of turn) peer.flush();
  }

  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: edge.bounds.messageBytesMax,
    // Signals are short, and a zlib context costs more memory than the rest of a connection.
    perMessageDeflate: false,
    handleProtocols: () => HUB_SUBPROTOCOL,
  });

  const watch = setInterval(() => {
    // After what lies unread has been read: a peer's word may have come while this process was held up.
    setImmediate(() => {
      for (const peer of peers) peer.checkLife();
    });
  }, edge.bounds.pingIntervalMs / WATCHES_PER_INTERVAL);
  watch.unref();

  function accept(socket: WebSocket, wire: Duplex, bearer: Bearer): void {
    const peer = new PeerSocket(keeper, socket, wire, bearer);
    peers.add(peer);
    socket.on("message", (data, isBinary) => peer.received(data, isBinary));
    socket.on("ping", () => peer.heard());
    socket.on("pong", () => peer.heard());
    // `ws` answers bad frames with the right close code itself; `close` always follows.
    socket.on("error", (error) =>
      edge.log("debug", "peerBroke", { code: "malformed", reason: error.message }),
    );
    socket.on("close", () => {
      peers.delete(peer);
      peer.closed();
      if (peers.size === 0) allGone?.();
    });
  }

  return {
    upgrade(request, wire, head) {
      wire.on("error", () => wire.destroy());
      try {
        if (closing) throw new PrismError("interrupted", "the hub is going down", { hint: "try again soon" });
        const bearer = admit(edge, request);
        server.handleUpgrade(request, wire, head, (socket) => accept(socket, wire, bearer));
      } catch (error) {
        endWithAnswer(wire, errorAnswer(failureOf(error, edge.log, "upgrade")));
      }
    },
    get count() {
      return peers.size;
    },
    endTokens(ended) {
      for (const peer of peers)
        if (isEnded(peer.bearer, ended))
          peer.close(CLOSE.policyViolation, "this token is worth nothing any more");
    },
    async close(reason) {
      closing = true;
      clearInterval(watch);
      if (peers.size === 0) return;
      const gone = new Promise<void>((resolve) => {
        allGone = resolve;
      });
      for (const peer of peers) peer.close(CLOSE.goingAway, reason.slice(0, 100));
      const timer = setTimeout(() => {
        for (const peer of peers) peer.terminate();
      }, edge.bounds.closeTimeoutMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** @throws PrismError why this request may not become a socket */
function admit(edge: Edge, request: IncomingMessage): Bearer {
  checkOrigin(edge, request);
  const path = (request.url ?? "").split("?", 1)[0];
  if (path !== "/v1/socket") {
    throw new PrismError("not_found", "there is no WebSocket at this path", {
      hint: "connect to /v1/socket",
    });
  }
  const bearer = bearerOfRequest(edge, request);
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(HUB_SUBPROTOCOL)) {
    throw new PrismError(
      "protocol_mismatch",
      `the connection does not offer the subprotocol ${HUB_SUBPROTOCOL}`,
      {
        hint: "run the same version of prism on both sides",
      },
    );
  }
  return bearer;
}
