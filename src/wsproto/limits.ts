/**
 * Every bound of the WebSocket client in one place. What a peer can make this side hold is the sum of one
 * response head, one control frame and one message: nothing else grows with what it sends.
 */
export interface WsLimits {
  /** The server's whole answer to the opening handshake, interim (1xx) answers included. */
  readonly headBytesMax: number;
  readonly headLinesMax: number;
  /** Payload of one frame, as sent. */
  readonly frameBytesMax: number;
  /** One message, both as sent (all its frames) and as inflated: a bomb is stopped at this size. */
  readonly messageBytesMax: number;
  /** Frames of one message: each costs work that its payload may not account for. */
  readonly fragmentsMax: number;
  /** A message shorter than this is sent uncompressed: deflate would cost more than it saves. */
  readonly deflateBytesMin: number;
}

/** For a client that doesn't know its peers; one that knows its messages should set `messageBytesMax`. */
export const defaultWsLimits: WsLimits = {
  headBytesMax: 16 * 1024,
  headLinesMax: 128,
  frameBytesMax: 32 * 1024 * 1024,
  messageBytesMax: 32 * 1024 * 1024,
  fragmentsMax: 256 * 1024,
  deflateBytesMin: 128,
};
