/** Every bound of the hub's edges, each with its unit and its reason. Tests hand in smaller ones. */
import { limits } from "../../domain/limits.ts";

export const serverBounds = {
  /** Sockets of every kind at once: 10,000 daemons with their agents and scripts beside them. */
  connectionsMax: 25_000,
  /** One HTTP body, one WebSocket message. */
  messageBytesMax: limits.messageBytesMax,
  /** Node's parser refuses more with 431. Ours need a line for the token and a few more. */
  headerBytesMax: 16 * 1024,
  /** A slow or silent client gives its place back after this long. */
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  /** How often Node looks for requests over their time: half requests live this much longer at most. */
  timeoutCheckMs: 2_000,
  /** Scripts call in a row; an idle connection costs 10 kB. */
  keepAliveMs: 15_000,
  tlsHandshakeTimeoutMs: 10_000,
  /** A store that takes longer than this for one round is not healthy. */
  healthTimeoutMs: 2_000,
  /** A request over HTTP or MCP that the engine has not answered by then is told so. */
  answerTimeoutMs: 30_000,
  /** A socket unheard for this long is pinged; unheard for three times as long it is dead. */
  pingIntervalMs: 20_000,
  /**
   * Bytes waiting for a slow peer: above, its requests are left unread and only its newest view is kept. It
   * must be more than the stream's own mark (64 kB), whose drain ends the waiting.
   */
  bufferedBytesHigh: 256 * 1024,
  /** Calls of one socket under way: above, its requests are left unread until answers are out. */
  callsMax: 1024,
  /**
   * A call whose answer may be large (up to 2 MB) counts as so many: 8 of them at once. Thus no more than 16 MB
   * of answers can be owed to one peer.
   */
  largeCallWeight: 128,
  /** Above, a peer is disconnected. It is more than can be owed, so that only a fault here reaches it. */
  bufferedBytesMax: 24 * 1024 * 1024,
  /** Messages of one socket that were no messages at all: above, it is disconnected. */
  malformedMax: 32,
  /** MCP clients that hold a stream open for news of tools, which never change. */
  mcpSubscriptionsMax: 256,
  /** How long an orderly close waits for peers to say goodbye. */
  closeTimeoutMs: 1_000,
} as const;

export type ServerBounds = { readonly [K in keyof typeof serverBounds]: number };
