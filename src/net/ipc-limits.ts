/**
 * Every bound of the local control plane's two ends, in one place, each with its unit and its reason.
 */

/** What a daemon grants its clients. */
export const IPC_SERVER_LIMITS = {
  /**
   * A shim or two, a CLI, a dashboard, a hook that blocks for each window; and hooks, of which all that were run while
   * the host was busy come at once, and are gone within a millisecond. The rest is a mistake in a loop.
   */
  clientsMax: 256,
  /** Of these, who may stay for doorbells: the rest is kept for a status or a shutdown, which come and go. */
  attachedMax: 24,
  /** A dashboard or two and a terminal; they poll as well, and each costs the daemon a little. */
  watchersMax: 8,
  /** Happenings that wait for one who reads slowly: the newest of them; a few dozen come in a busy second. */
  untoldMax: 64,
  /** Ours are under 1 KiB. */
  requestBytesMax: 64 * 1024,
  /** Requests of one client that wait for an answer. */
  outstandingMax: 16,
  /** What one client has not read yet; beyond it the client is dropped. */
  unreadBytesMax: 256 * 1024,
  /** Bad messages that one client may send before it is dropped. */
  faultsMax: 16,
  /** From the connection to the hello. */
  helloMsMax: 5000,
  /** Between two messages of a client that is not attached. */
  idleMsMax: 120_000,
  /** For answers under way, when the server closes. */
  closeMsMax: 500,
} as const;
export type IpcServerLimits = { readonly [K in keyof typeof IPC_SERVER_LIMITS]: number };

/** What a client grants its daemon. */
export const IPC_CLIENT_LIMITS = {
  /** To connect and to greet: a daemon on this host answers within a millisecond, a swapped-out one later. */
  openMsMax: 5000,
  /** For an answer; ringing a surface may take as long as its own bound, so such calls name their own. */
  answerMsMax: 10_000,
  /** Calls that wait for an answer: one more than the daemon takes would only fail there. */
  outstandingMax: 16,
} as const;
