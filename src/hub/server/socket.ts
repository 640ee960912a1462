/**
 * One peer on the hub's socket: JSON-RPC in, answers and pushes out. At most one session is bound to it.
 * Every answer of one turn leaves in one write; of several views of a mailbox in one turn only the newest
 * leaves at all, since each replaces the one before. A slow peer is left unread, and holds up nobody else.
 * Knows no signal: the service behind it decides.
 */
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { ErrorReport } from "../../domain/errors.ts";
import { errorText, parseRpc, type RpcId, type RpcMessage } from "../../domain/rpc.ts";
import {
  type HubPushes,
  isDaemonVerb,
  type MailboxView,
  VERBS,
  type VerbAnswers,
  type VerbName,
} from "../../domain/verbs.ts";
import type { Bearer, Caller, PushSink } from "../service.ts";
import { answerText, pushText } from "./answer-text.ts";
import type { Edge } from "./edge.ts";
import { textFrames } from "./text-frames.ts";
import { callVerb, failureOf, isVerb, unknownVerb } from "./verb-call.ts";

/** RFC 6455 section 7.4.1. */
export const CLOSE = {
  goingAway: 1001,
  unsupportedData: 1003,
  policyViolation: 1008,
  tryAgainLater: 1013,
} as const;

/** The watch passes this often in each ping interval, so that pings to many peers do not leave at once. */
export const WATCHES_PER_INTERVAL = 4;
const DEAD_AFTER_INTERVALS = 3;

const LARGE_ANSWERS: ReadonlySet<VerbName> = new Set<VerbName>([
  "drain",
  "history",
  "status",
  "persona_list",
]);

/** What a peer's socket needs of those who keep all of them. */
export interface SocketKeeper {
  readonly edge: Edge;
  /** Calls `flush` once at the end of this turn. */
  flushSoon(peer: PeerSocket): void;
}

type Session = { readonly id: "none" | "starting" } | { readonly id: "bound"; readonly session: string };
const NO_SESSION: Session = { id: "none" };
const STARTING: Session = { id: "starting" };

export class PeerSocket implements PushSink {
  readonly #keeper: SocketKeeper;
  readonly #socket: WebSocket;
  readonly #wire: Duplex;
  readonly bearer: Bearer;
  #caller: Caller;
  #session: Session = NO_SESSION;
  #open = true;
  /** Messages of this turn. */
  #staged: string[] = [];
  #flushComes = false;
  #paused = false;
  #awaitingDrain = false;
  /** Weight of the calls under way. */
  #calls = 0;
  /** Messages that came in one chunk with the one that made this peer wait: no more than that chunk. */
  #unread: string[] = [];
  #malformed = 0;
  #view: MailboxView | undefined;
  /** Passes of the watch since the last sign of life. */
  #silentPasses = 0;

  constructor(keeper: SocketKeeper, socket: WebSocket, wire: Duplex, bearer: Bearer) {
    this.#keeper = keeper;
    this.#socket = socket;
    this.#wire = wire;
    this.bearer = bearer;
    this.#caller = { ...bearer, session: null };
  }

  push<K extends keyof HubPushes>(name: K, value: HubPushes[K]): void {
    if (!this.#open) return;
    if (name === "mailbox") {
      this.#view = value as MailboxView;
      this.#flushSoon();
      return;
    }
    if (name === "wrapped") this.#unbind((value as HubPushes["wrapped"]).session);
    this.#send(pushText(name, value));
  }

  received(data: RawData, isBinary: boolean): void {
    if (!this.#open) return;
    if (isBinary) {
      this.close(CLOSE.unsupportedData, "only text messages are known here");
      return;
    }
    this.heard();
    if (this.#paused) this.#unread.push(data.toString());
    else this.#read(data.toString());
  }

  #read(text: string): void {
    let message: RpcMessage;
    try {
      message = parseRpc(text);
    } catch (error) {
      this.#refuse(failureOf(error, this.#keeper.edge.log, "socket"));
      return;
    }
    switch (message.kind) {
      case "request":
        this.#request(message.id, message.method, message.params);
        return;
      case "notification":
        // Only a daemon's word has no answer; anything else asked without an id would be done unseen.
        if (isDaemonVerb(message.method)) this.#request(undefined, message.method, message.params);
        return;
      case "result":
      case "error":
        this.#refuse({ code: "malformed", message: "the hub asked nothing, and takes no answers" });
    }
  }

  /** Any sign of life: a message, a ping, a pong. */
  heard(): void {
    this.#silentPasses = 0;
    if (this.#session.id === "bound") this.#keeper.edge.service.heard(this.#session.session);
  }

  /**
   * Pings a silent peer, drops a dead one. Counted in passes of the watch and not by a clock: a hub that was
   * suspended made none, and must not take its own silence for that of its peers.
   */
  checkLife(): void {
    this.#silentPasses += 1;
    if (this.#silentPasses >= DEAD_AFTER_INTERVALS * WATCHES_PER_INTERVAL) {
      this.#keeper.edge.log("info", "peerDead", { session: this.#caller.session });
      this.#socket.terminate();
    } else if (this.#silentPasses % WATCHES_PER_INTERVAL === 0 && this.#open) {
      // What waits to be written already asks for a sign of life: that of TCP.
      if (this.#wire.writableLength === 0) this.#socket.ping();
    }
  }

  /** The end of a turn: the newest view, and everything of the turn in one write. */
  flush(): void {
    this.#flushComes = false;
    if (!this.#open) return;
    const { bufferedBytesHigh } = this.#keeper.edge.bounds;
    if (this.#view !== undefined && this.#wire.writableLength <= bufferedBytesHigh) {
      this.#staged.push(pushText("mailbox", this.#view));
      this.#view = undefined;
    }
    this.#write();
    this.#checkPressure();
  }

  /** What was answered goes out before the goodbye; what comes after it would break the protocol. */
  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#write();
    this.#socket.close(code, reason);
    this.#ended();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Its session lives on over another connection: whoever is still behind this one must come back. */
  displaced(): void {
    this.close(CLOSE.goingAway, "another connection took this session over");
  }

  /** The connection is gone, in whatever way. */
  closed(): void {
    this.#ended();
  }

  #request(id: RpcId | undefined, method: string, params: unknown): void {
    if (!isVerb(method)) {
      this.#refuseCall(
        id,
        failureOf(unknownVerb(method, Object.keys(VERBS)), this.#keeper.edge.log, "socket"),
      );
      return;
    }
    if (method === "start") {
      this.#start(id, params);
      return;
    }
    const weight = LARGE_ANSWERS.has(method) ? this.#keeper.edge.bounds.largeCallWeight : 1;
    this.#count(weight);
    callVerb(
      this.#keeper.edge.service,
      { caller: this.#caller, verb: method, params, sink: null },
      this.#keeper.edge.log,
      (outcome) => {
        this.#count(-weight);
        if (method === "wrap" && "ok" in outcome) {
          for (const session of (outcome.ok as VerbAnswers["wrap"]).wrapped) this.#unbind(session);
        }
        this.#answer(id, method, outcome);
      },
    );
  }

  #start(id: RpcId | undefined, params: unknown): void {
    if (this.#session.id !== "none") {
      const message = "this connection carries a session already";
      this.#refuseCall(id, {
        code: "invalid_argument",
        message,
        hint: "open another connection for it",
      });
      return;
    }
    this.#session = STARTING;
    this.#count(1);
    callVerb(
      this.#keeper.edge.service,
      { caller: this.#caller, verb: "start", params, sink: this },
      this.#keeper.edge.log,
      (outcome) => {
        this.#count(-1);
        if ("ok" in outcome) this.#bind((outcome.ok as VerbAnswers["start"]).session);
        else this.#session = NO_SESSION;
        this.#answer(id, "start", outcome);
      },
    );
  }

  #bind(session: string): void {
    if (!this.#open) {
      // The peer left while its session was being made.
      this.#keeper.edge.service.disconnected(session, this);
      return;
    }
    this.#session = { id: "bound", session };
    this.#caller = { ...this.bearer, session };
  }

  /** Its session has ended at the service, which knows: the socket is free for another one. */
  #unbind(session: string): void {
    if (this.#session.id !== "bound" || this.#session.session !== session) return;
    this.#session = NO_SESSION;
    this.#caller = { ...this.bearer, session: null };
  }

  #answer(
    id: RpcId | undefined,
    verb: VerbName,
    outcome: { readonly ok: VerbAnswers[VerbName] } | { readonly error: ErrorReport },
  ): void {
    if (id === undefined || !this.#open) return;
    if ("error" in outcome) {
      this.#refuseCall(id, outcome.error);
      return;
    }
    const text = answerText(id, verb, outcome.ok);
    if (text.length <= this.#keeper.edge.bounds.messageBytesMax) this.#send(text);
    else this.#refuseCall(id, tooLargeAnswer(this.#keeper.edge.bounds.messageBytesMax));
  }

  #refuseCall(id: RpcId | undefined, report: ErrorReport): void {
    if (id !== undefined && this.#open) this.#send(errorText(id, report));
  }

  #refuse(report: ErrorReport): void {
    this.#malformed += 1;
    if (this.#malformed > this.#keeper.edge.bounds.malformedMax) {
      this.close(CLOSE.policyViolation, "too many messages that are none");
      return;
    }
    this.#send(errorText(null, report));
  }

  #send(text: string): void {
    this.#staged.push(text);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushComes) return;
    this.#flushComes = true;
    this.#keeper.flushSoon(this);
  }

  /** Straight to the wire: the library has no queue of its own here, as there is no compression. */
  #write(): void {
    const staged = this.#staged;
    if (staged.length === 0) return;
    this.#staged = [];
    if (this.#socket.readyState === this.#socket.OPEN) this.#wire.write(textFrames(staged));
  }

  #count(change: number): void {
    this.#calls += change;
    if (this.#open) this.#checkReading();
  }

  #checkPressure(): void {
    const { bufferedBytesHigh, bufferedBytesMax } = this.#keeper.edge.bounds;
    const buffered = this.#wire.writableLength;
    if (buffered > bufferedBytesMax) {
      this.#keeper.edge.log("warn", "peerTooSlow", { code: "overloaded", bufferedBytes: buffered });
      this.#ended();
      this.#socket.terminate();
      return;
    }
    if (buffered > bufferedBytesHigh && !this.#awaitingDrain) {
      this.#awaitingDrain = true;
      this.#wire.once("drain", () => {
        this.#awaitingDrain = false;
        if (!this.#open) return;
        if (this.#view !== undefined) this.#flushSoon();
        this.#checkReading();
      });
      this.#checkReading();
    }
  }

  /** A peer with too much under way is left unread: TCP holds it back, and nothing piles up here. */
  #checkReading(): void {
    const { callsMax } = this.#keeper.edge.bounds;
    const shouldPause = this.#awaitingDrain || this.#calls >= (this.#paused ? callsMax / 2 : callsMax);
    if (shouldPause === this.#paused) return;
    this.#paused = shouldPause;
    if (shouldPause) {
      this.#socket.pause();
      return;
    }
    // Reading these may make the peer wait again.
    while (!this.#paused && this.#open) {
      const text = this.#unread.shift();
      if (text === undefined) {
        this.#socket.resume();
        return;
      }
      this.#read(text);
    }
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#view = undefined;
    this.#staged = [];
    this.#unread = [];
    const session = this.#session;
    this.#session = NO_SESSION;
    if (session.id === "bound") this.#keeper.edge.service.disconnected(session.session, this);
  }
}

function tooLargeAnswer(bytesMax: number): ErrorReport {
  return {
    code: "too_large",
    message: `the answer is longer than ${bytesMax} bytes`,
    hint: "ask for fewer at once, or for one persona or project",
  };
}
