/**
 * Simulated connections, as a WebSocket driver over TCP shows them to a program: opened, messages in order,
 * closed once. Below that: delays, stalls, resets that cut a stream anywhere, directions that fall silent
 * (partitions and half-closes), and ends that believe in a connection whose other end is long gone, until
 * their own pings find out. TCP loses and repeats nothing on a live stream, so neither does this; what
 * programs repeat over new connections, they repeat by themselves.
 *
 * Pings are not simulated one by one. A connection in order needs none, so only an impaired one gets a
 * timer: the moment its next ping would have gone unanswered.
 */
import type { Host, Process } from "./host.ts";
import type { Random } from "./random.ts";
import type { Scheduled, Timeline } from "./timeline.ts";

export type CloseCause = "closed" | "reset" | "refused" | "openTimeout" | "deadPeer";

export interface EndEvents {
  opened(): void;
  message(text: string): void;
  /** Exactly once, always last, and never after `close` or `destroy` of one's own. */
  closed(cause: CloseCause): void;
}

/** The way between a host and the hub. Silence is per direction: both ways silent is a partition. */
export interface Link {
  delayMs: number;
  jitterMs: number;
  upSilent: boolean;
  downSilent: boolean;
}

export interface NetworkFaults {
  /** Chance that one message is held up, and everything after it on its stream. */
  readonly stallChance: number;
  readonly stallMsMax: number;
  /** Chance that a new connection is reset by itself soon after it began. */
  readonly doomChance: number;
}

interface Parcel {
  readonly atMs: number;
  readonly what: "opened" | "message" | "closed" | "reset";
  readonly text: string;
}

export const PING_INTERVAL_MS = 20_000;
/** The hub drops a peer after three silent intervals, a daemon soon after an unanswered ping. */
const PONG_TIMEOUT_MS = { client: 5_000, hub: 2 * PING_INTERVAL_MS };
const OPEN_TIMEOUT_MS = 10_000;

/** One end of a connection, held by one process. */
export class End {
  readonly process: Process;
  readonly connection: Connection;
  readonly isClient: boolean;
  events: EndEvents | null;
  readonly inbox: Parcel[] = [];
  wasOpened = false;
  pumping: Scheduled | null = null;
  probe: Scheduled | null = null;

  constructor(process: Process, connection: Connection, isClient: boolean, events: EndEvents | null) {
    this.process = process;
    this.connection = connection;
    this.isClient = isClient;
    this.events = events;
  }

  get peer(): End | null {
    return this.isClient ? this.connection.server : this.connection.client;
  }

  get open(): boolean {
    return this.events !== null;
  }

  /** True while what the peer sends does not arrive. */
  get deaf(): boolean {
    return this.isClient ? this.connection.link.downSilent : this.connection.link.upSilent;
  }

  /** True while a ping would be answered. */
  get echoes(): boolean {
    return !this.connection.network.isImpaired(this);
  }

  send(text: string): void {
    if (this.events !== null) this.connection.ship(this, "message", text);
  }

  /** Orderly: what was sent before arrives first. */
  close(): void {
    this.#end("closed");
  }

  destroy(): void {
    this.#end("reset");
  }

  /** Pings now instead of at the next interval: the driver's way of finding out after a sleep. */
  pingNow(): void {
    this.connection.network.probeSoon(this, 0);
  }

  #end(what: "closed" | "reset"): void {
    if (this.events === null) return;
    this.connection.ship(this, what, "");
    this.forget();
  }

  /** Drops the end without a word to anybody. */
  forget(): void {
    this.events = null;
    this.inbox.length = 0;
    this.pumping?.cancel();
    this.probe?.cancel();
    this.connection.network.settle(this.connection);
  }

  /** Ends it for its holder too. */
  fail(cause: CloseCause): void {
    const events = this.events;
    if (events === null) return;
    this.forget();
    events.closed(cause);
  }
}

export class Connection {
  readonly network: Network;
  readonly link: Link;
  readonly client: End;
  server: End | null = null;

  constructor(network: Network, link: Link, process: Process, events: EndEvents) {
    this.network = network;
    this.link = link;
    this.client = new End(process, this, true, events);
  }

  ship(from: End, what: Parcel["what"], text: string): void {
    const to = from.peer;
    if (to === null || to.events === null) {
      // The other end is gone: the kernel there answers with a reset, if it can be heard at all.
      if (this.server !== null && what === "message") this.network.probeSoon(from, 0);
      return;
    }
    to.inbox.push({ atMs: this.network.arrivalMs(this.link, to), what, text });
    this.network.pump(to);
  }
}

export class Network {
  readonly #timeline: Timeline;
  readonly #hubHost: Host;
  readonly #random: Random;
  readonly #stalls: Random;
  readonly #dooms: Random;
  readonly #faults: NetworkFaults;
  readonly #links = new Map<string, Link>();
  #listener: { readonly process: Process; readonly accept: (end: End) => EndEvents } | null = null;
  readonly connections = new Set<Connection>();
  /** Set false at the end of the bad times. */
  faulty = true;

  constructor(timeline: Timeline, hubHost: Host, random: Random, faults: NetworkFaults) {
    this.#timeline = timeline;
    this.#hubHost = hubHost;
    this.#random = random.fork("delays");
    this.#stalls = random.fork("stalls");
    this.#dooms = random.fork("dooms");
    this.#faults = faults;
  }

  addLink(host: string, link: Link): void {
    this.#links.set(host, link);
  }

  link(host: string): Link {
    const link = this.#links.get(host);
    if (link === undefined) throw new Error(`no link from host ${host}`);
    return link;
  }

  listen(process: Process, accept: (end: End) => EndEvents): void {
    this.#listener = { process, accept };
    process.onEnd(() => {
      if (this.#listener?.process === process) this.#listener = null;
      for (const connection of [...this.connections]) {
        if (connection.server?.process === process) this.#bury(connection.server);
      }
    });
  }

  connect(process: Process, events: EndEvents): End {
    const link = this.link(process.host.name);
    const connection = new Connection(this, link, process, events);
    this.connections.add(connection);
    const client = connection.client;
    process.onEnd(() => this.#bury(client));
    // Until it is open, its probe is the opening timeout.
    client.probe = process.after(OPEN_TIMEOUT_MS, () => {
      client.probe = null;
      client.fail("openTimeout");
    });
    this.#timeline.after(this.#delayMs(link), () => this.#knock(connection));
    return client;
  }

  /** Resets a connection: each end learns of it in its own time, after some of what was under way. */
  reset(connection: Connection): void {
    for (const end of [connection.client, connection.server]) {
      if (end?.events == null) continue;
      const kept = this.#dooms.whole(0, end.inbox.length);
      end.inbox.length = kept;
      end.inbox.push({ atMs: this.arrivalMs(connection.link, end), what: "reset", text: "" });
      this.pump(end);
    }
  }

  /** Call after a link was changed or a host suspended or resumed: streams flow again, or pings find out. */
  recheck(): void {
    for (const connection of [...this.connections]) {
      for (const end of [connection.client, connection.server]) {
        if (end?.events == null) continue;
        this.pump(end);
        this.#watch(end);
      }
    }
  }

  #delayMs(link: Link): number {
    const jitterMs = link.jitterMs === 0 ? 0 : this.#random.whole(0, link.jitterMs);
    if (this.faulty && this.#stalls.chance(this.#faults.stallChance)) {
      return link.delayMs + jitterMs + this.#stalls.magnitude(10, this.#faults.stallMsMax);
    }
    return link.delayMs + jitterMs;
  }

  arrivalMs(link: Link, to: End): number {
    const last = to.inbox[to.inbox.length - 1];
    return Math.max(this.#timeline.nowMs + this.#delayMs(link), last?.atMs ?? 0);
  }

  #knock(connection: Connection): void {
    const { client, link } = connection;
    if (client.events === null) return;
    const listener = this.#listener;
    // Unheard: the opening timeout of the caller's own clock ends it.
    if (link.upSilent || link.downSilent || !this.#hubHost.answers) return;
    if (listener === null) {
      this.#timeline.after(this.#delayMs(link), () => client.process.deliver(() => client.fail("refused")));
      return;
    }
    const server = new End(listener.process, connection, false, null);
    connection.server = server;
    server.events = listener.accept(server);
    server.wasOpened = true;
    connection.ship(server, "opened", "");
    if (this.faulty && this.#dooms.chance(this.#faults.doomChance)) {
      this.#timeline.after(this.#dooms.magnitude(1, 400), () => this.reset(connection));
    }
    this.#watch(client);
    this.#watch(server);
  }

  /** Hands over what has arrived, in order, each at its time. */
  pump(end: End): void {
    const first = end.inbox[0];
    if (first === undefined || end.events === null || end.deaf || end.pumping !== null) return;
    end.pumping = this.#timeline.after(first.atMs - this.#timeline.nowMs, () => {
      end.pumping = null;
      if (end.events === null || end.deaf) return;
      const parcel = end.inbox.shift();
      if (parcel === undefined) return;
      end.process.deliver(() => this.#hand(end, parcel));
      this.pump(end);
    });
  }

  #hand(end: End, parcel: Parcel): void {
    if (end.events === null) return;
    if (parcel.what === "opened") {
      end.wasOpened = true;
      end.probe?.cancel();
      end.probe = null;
      this.#watch(end);
      end.events.opened();
    } else if (parcel.what === "message") end.events.message(parcel.text);
    else end.fail(parcel.what);
  }

  /** The holder died: its kernel tells the other end, if it can. */
  #bury(end: End): void {
    if (end.events === null) return;
    // After a power cut nobody is left to tell.
    if (end.process.host.powered) end.connection.ship(end, "reset", "");
    end.forget();
  }

  isImpaired(end: End): boolean {
    const { link } = end.connection;
    const peer = end.peer;
    if (peer === null) return false;
    return link.upSilent || link.downSilent || peer.events === null || !peer.process.host.answers;
  }

  /** Sets the timer of the ping that will go unanswered, or takes it back. */
  #watch(end: End): void {
    if (end.events === null || !end.wasOpened) return;
    if (!this.isImpaired(end) || this.#endIsComing(end)) {
      end.probe?.cancel();
      end.probe = null;
      return;
    }
    if (end.probe === null) this.probeSoon(end, this.#random.whole(0, PING_INTERVAL_MS));
  }

  /** The peer has said goodbye, and its word is on the way. */
  #endIsComing(end: End): boolean {
    const last = end.inbox[end.inbox.length - 1];
    return !end.deaf && (last?.what === "closed" || last?.what === "reset");
  }

  probeSoon(end: End, delayMs: number): void {
    if (end.events === null || !end.wasOpened) return;
    end.probe?.cancel();
    const pongTimeoutMs = end.isClient ? PONG_TIMEOUT_MS.client : PONG_TIMEOUT_MS.hub;
    const settleMs = this.#resettable(end) ? 2 * end.connection.link.delayMs : pongTimeoutMs;
    end.probe = end.process.after(delayMs + settleMs, () => {
      end.probe = null;
      if (this.#resettable(end)) end.fail("reset");
      else if (this.isImpaired(end)) end.fail("deadPeer");
    });
  }

  /** The peer's kernel is there to say that the connection is not. */
  #resettable(end: End): boolean {
    const { link } = end.connection;
    const peer = end.peer;
    const reachable = !link.upSilent && !link.downSilent && peer?.process.host.answers === true;
    return reachable && peer?.events === null && end.inbox.length === 0;
  }

  /** Forgets a connection that neither end holds; sets the pings of an end left alone. */
  settle(connection: Connection): void {
    const left = [connection.client, connection.server].filter((end) => end?.events != null);
    if (left.length === 0) this.connections.delete(connection);
    for (const end of left) if (end != null) this.#watch(end);
  }
}
