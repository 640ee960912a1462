/**
 * The way `inbox`: hands the doorbell to the session itself, over the socket on which Claude Code takes messages from
 * other programs of the same user. An idle session begins a turn at once; a busy one takes it after the tool that
 * runs, or at its turn's end. The socket never answers: that the words are there shows the hook which their prompt
 * runs; that they are held back is said to a socket of ours, which the message names as its sender.
 *
 * Source: observed on 2.1.329. Only the first line is documented, so everything here is expected to change: a
 * version that no longer takes it costs one receipt's time, and the next way is tried.
 */
import { connect } from "node:net";
import { bellWords } from "../../domain/bell-words.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import type { Log } from "../../domain/log.ts";
import { errnoOf } from "../../host/fs-error.ts";
import { monotonicMs } from "../../host/monotonic.ts";
import { randomBytes } from "../../net/entropy.ts";
import type { AgentSession } from "../agent-side.ts";
import { MOOT, type RingPath, type Sent } from "../path-ringer.ts";
import type { Target } from "./look.ts";
import type { ReplySockets } from "./reply-sockets.ts";
import { acceptsMessages, configFolderOf } from "./session-file.ts";

const CONNECT_MS_MAX = 1000;
const PEER_PROTOCOL = 1;
/** The mode in which the client asks a person about nothing, so that it takes no stranger's word unasked. */
const BYPASS = "bypassPermissions";

export interface InboxOptions {
  readonly persona: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly replies: ReplySockets;
  readonly receiptMsMax: number;
  /** How long a session that held a message is left alone. */
  readonly heldMsMax: number;
  /** A session turned out to be gone. */
  readonly gone: (session: string) => void;
  readonly log: Log;
}

interface Hold {
  readonly mode: string | null;
  readonly sinceMs: number;
}

export class Inbox implements RingPath<Target> {
  readonly name = "inbox";
  readonly receiptMsMax: number;
  readonly #options: InboxOptions;
  /** Sessions that held a message back until a person lets it through: more of them would only pile up. */
  readonly #holding = new Map<string, Hold>();

  constructor(options: InboxOptions) {
    this.#options = options;
    this.receiptMsMax = options.receiptMsMax;
  }

  async send(bell: Doorbell, target: Target, cancelled: AbortSignal): Promise<Sent> {
    const { session, file } = target;
    if (session === null) return unready("no session is known");
    const path = session.inbox?.path ?? file?.inboxPath ?? null;
    const obstacle = path === null ? withoutInbox(session.version) : this.#obstacle(session, target);
    if (path === null || obstacle !== null) return unready(obstacle ?? "");
    const { persona, replies, log } = this.#options;
    const from = await replies.beside(path);
    const id = newId();
    const words = inboxWords(bell, { id, persona, from });
    const frames = [
      ...(session.inbox?.token == null ? [] : [{ type: "auth", token: session.inbox.token }]),
      {
        ...{ type: "user", session_id: session.id, ...(from === null ? {} : { from }) },
        message: { role: "user", content: words },
        ...{ priority: "next", msg_id: id },
      },
    ];
    const refused = replies.refusal(id).then(() => {
      this.#holding.set(session.id, { mode: session.mode, sinceMs: monotonicMs() });
      return HELD;
    });
    const fault = await deliver(path, frames, cancelled, () => {
      log("debug", "doorbellSent", { ring: bell.ring, way: this.name });
    });
    if (fault === null) return { kind: "sent", refused };
    // A live session listens: this one has died without a word. Its next hook would make it known again.
    if (fault === DESERTED) this.#options.gone(session.id);
    return { kind: "failed", reason: fault };
  }

  #obstacle(session: AgentSession, { file }: Target): string | null {
    if (this.#holds(session)) return HELD;
    const protocol = file?.peerProtocol ?? PEER_PROTOCOL;
    if (protocol !== PEER_PROTOCOL) return `its inbox speaks version ${protocol}, and Prism ${PEER_PROTOCOL}`;
    if (acceptsMessages(configFolderOf(session.transcript, this.#options.env))) return null;
    // It would open a dialog, in which a person's typing ends: worse than no ring.
    if (session.mode === BYPASS) return HELD;
    // Hooks name the mode with the first prompt. Until then the way that can't do harm goes first.
    if (session.mode === null && session.waits) return "the session's permission mode is not known yet";
    return null;
  }

  /** As long as it is in the same mode, and for a while: what a person lets through or allows is told to nobody. */
  #holds(session: AgentSession): boolean {
    const hold = this.#holding.get(session.id);
    if (hold === undefined) return false;
    return hold.mode === session.mode && monotonicMs() - hold.sinceMs < this.#options.heldMsMax;
  }

  /** Its session has ended: what it held back is no matter any more. */
  forget(live: readonly string[]): void {
    for (const id of this.#holding.keys()) if (!live.includes(id)) this.#holding.delete(id);
  }
}

const HELD =
  "the session's permission mode holds messages back until a person lets them through " +
  '("crossSessionInbound": "accept" in its user settings would let them in)';

/**
 * As the client wants a message of another program. A line of its own makes each different from the one before, of
 * which an identical repeat would be dropped, and keeps the model from answering to nobody.
 *
 * @param from our own socket, as in `uds:/path`, or null
 */
export function inboxWords(
  bell: Doorbell,
  { id, persona, from }: { readonly id: string; readonly persona: string; readonly from: string | null },
): string {
  const sender = from === null ? "" : ` from="${from}"`;
  return (
    `<cross-session-message${sender} from-name="prism-${persona}">\n${bellWords(bell)}\n` +
    `Doorbell ${id.slice(0, 8)}; nobody reads an answer to it.\n</cross-session-message>`
  );
}

const DESERTED = "nobody listens on the session's inbox any more";

function withoutInbox(version: string | null): string {
  const who = version === null ? "Claude Code" : `Claude Code ${version}`;
  return `${who} gave its hooks no inbox: its messaging is off, or it is too old`;
}

/** @returns why it could not be written, or null. What becomes of it then, nobody says. */
function deliver(
  path: string,
  frames: readonly object[],
  cancelled: AbortSignal,
  sending: () => void,
): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (fault: string | null): void => {
      clearTimeout(timer);
      cancelled.removeEventListener("abort", stop);
      resolve(fault);
      if (fault === null) socket.end();
      else socket.destroy();
    };
    const stop = (): void => end(MOOT);
    const timer = setTimeout(
      () => end(`the session's inbox did not take a message within ${CONNECT_MS_MAX} ms`),
      CONNECT_MS_MAX,
    );
    cancelled.addEventListener("abort", stop, { once: true });
    socket.on("error", (error) => end(faultOf(errnoOf(error))));
    socket.on("connect", () => {
      if (cancelled.aborted) return;
      sending();
      socket.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""), () => end(null));
    });
    // It says nothing here; what it should say one day must not keep the socket open.
    socket.resume();
    if (cancelled.aborted) stop();
  });
}

function faultOf(errno: string): string {
  if (errno === "ENOENT" || errno === "ECONNREFUSED") return DESERTED;
  if (errno === "EACCES" || errno === "EPERM") return "the session's inbox belongs to another user";
  return `the session's inbox could not be written to${errno === "" ? "" : ` (${errno})`}`;
}

function unready(reason: string): Sent {
  return { kind: "unready", reason };
}

/** A random UUID by hand: node:crypto would cost every daemon a megabyte. Source: RFC 9562, section 5.4. */
function newId(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
