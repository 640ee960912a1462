/**
 * A byte stream to a host: TCP, through an HTTP proxy's tunnel where there is one, with TLS on top where asked; or
 * to a Unix socket (or named pipe) of this host. Knows nothing of WebSocket. TLS is loaded when a connection needs it: it costs a process 2.4 MB.
 */
import { connect, isIP, type NetConnectOpts, type OnReadOpts, type Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import type { PrismError } from "../domain/errors.ts";
import { type HttpHead, HttpHeadReader } from "../wsproto/http-head.ts";
import { connectionError, proxyRefusal, unexpectedProxy } from "./channel-errors.ts";
import { type Endpoint, formatEndpoint, type HttpProxy } from "./proxy.ts";
import { type TlsFiles, trustOf } from "./tls-trust.ts";

export interface Route {
  readonly target: Endpoint;
  readonly proxy: HttpProxy | null;
  readonly tls: TlsFiles;
}

export interface ChannelEvents {
  /** Once: bytes may be written. */
  ready(): void;
  /** @param chunk valid during the call only */
  bytes(chunk: Uint8Array): void;
  /** Exactly once, last, never while `openChannel` runs. Null: ended in order, by either side. */
  closed(error: PrismError | null): void;
}

export interface Channel {
  /** Only once ready. `written` is called when the operating system has taken all of it, or never. */
  write(bytes: Uint8Array, written: () => void): void;
  /** No more bytes will be written; those that were still go out. */
  end(): void;
  /** At once. */
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** What one read takes at most: as much as Node's own. One buffer for the channel's life instead of one a read. */
const READ_BYTES = 64 * 1024;
/** A proxy's answer to CONNECT. */
const PROXY_HEAD_LIMITS = { headBytesMax: 16 * 1024, headLinesMax: 128 };

export function openChannel(route: Route, events: ChannelEvents): Channel {
  return new SocketChannel(route, events);
}

class SocketChannel implements Channel {
  readonly #route: Route;
  readonly #events: ChannelEvents;
  /** Made before anything is dialled: a file that can't be read is no matter of the network. */
  #trust: SecureContext | undefined;
  /** The outermost stream so far: a proxied TLS connection replaces it once. */
  #socket: Socket | null = null;
  #error: PrismError | null = null;
  #closed = false;

  constructor(route: Route, events: ChannelEvents) {
    this.#route = route;
    this.#events = events;
    try {
      if (route.target.secure || route.proxy?.secure === true) this.#trust = trustOf(route.tls);
      if (route.proxy === null) this.#dialTarget(route.target);
      else this.#dialProxy(route.proxy);
    } catch (error) {
      this.#error = connectionError(error, route.target);
      process.nextTick(() => this.#ended());
    }
  }

  write(bytes: Uint8Array, written: () => void): void {
    this.#socket?.write(bytes, (error) => {
      if (error === null || error === undefined) written();
    });
  }

  end(): void {
    this.#socket?.end();
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  #dialTarget(target: Endpoint): void {
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (size, buffer) => {
        this.#events.bytes(buffer.subarray(0, size));
        return true;
      },
    };
    const socket = target.secure
      ? secureConnect({ endpoint: target, trust: this.#trust, onread })
      : connect({ ...placeOf(target), onread });
    this.#watch(socket, target);
    socket.once(target.secure ? "secureConnect" : "connect", () => this.#events.ready());
  }

  #dialProxy(proxy: HttpProxy): void {
    const socket = proxy.secure
      ? secureConnect({ endpoint: proxy, trust: this.#trust })
      : connect(placeOf(proxy));
    this.#watch(socket, proxy);
    socket.once(proxy.secure ? "secureConnect" : "connect", () => {
      socket.write(connectRequest(this.#route.target, proxy));
    });
    const reader = new HttpHeadReader(PROXY_HEAD_LIMITS);
    const read = (chunk: Buffer): void => {
      const progress = reader.feed(chunk);
      if (progress.kind === "more") return;
      socket.off("data", read);
      socket.pause();
      if (progress.kind === "malformed") this.#fail(unexpectedProxy(proxy, progress.why));
      else this.#proxyAnswered(socket, proxy, progress.head, chunk.subarray(progress.rest));
    };
    socket.on("data", read);
  }

  /** RFC 9110 section 9.3.6: any 2xx is a tunnel from the end of the head on. */
  #proxyAnswered(socket: Socket, proxy: HttpProxy, head: HttpHead, rest: Buffer): void {
    const { target } = this.#route;
    if (head.status < 200 || head.status > 299) {
      this.#fail(proxyRefusal({ proxy, target, status: head.status, phrase: head.phrase }));
      return;
    }
    if (rest.length > 0) {
      // Whoever speaks first in the tunnel is this side; bytes before that are no tunnel.
      this.#fail(unexpectedProxy(proxy, "it sent bytes before the connection was used"));
      return;
    }
    let tunnel = socket;
    if (target.secure) {
      tunnel = secureConnect({ endpoint: target, trust: this.#trust, socket });
      this.#watch(tunnel, target);
      tunnel.once("secureConnect", () => this.#events.ready());
    }
    tunnel.on("data", (chunk: Buffer) => this.#events.bytes(chunk));
    tunnel.resume();
    if (!target.secure) this.#events.ready();
  }

  #watch(socket: Socket, endpoint: Endpoint): void {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#error ??= connectionError(error, endpoint);
    });
    socket.on("close", () => {
      // The end of a stream that another was built on is told by that one.
      if (this.#socket === socket) this.#ended();
    });
  }

  #fail(error: PrismError): void {
    this.#error ??= error;
    this.#socket?.destroy();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.closed(this.#error);
  }
}

function placeOf({ host, port, socketPath }: Endpoint): NetConnectOpts {
  return socketPath === undefined ? { host, port, noDelay: true } : { path: socketPath };
}

function connectRequest(target: Endpoint, proxy: HttpProxy): string {
  const authority = formatEndpoint(target);
  const credentials = proxy.authorization === null ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`;
}

function secureConnect(options: {
  readonly endpoint: Endpoint;
  readonly trust: SecureContext | undefined;
  readonly onread?: OnReadOpts;
  readonly socket?: Socket;
}): TLSSocket {
  const { endpoint, socket, onread } = options;
  const tls = process.getBuiltinModule("node:tls");
  const stream = tls.connect({
    ...(socket === undefined ? { host: endpoint.host, port: endpoint.port } : { socket }),
    ...(onread === undefined ? {} : { onread }),
    // RFC 6066 section 3: an IP address is no server name; it is checked against the certificate all the same.
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : { host: endpoint.host }),
    ALPNProtocols: ["http/1.1"],
    ...(options.trust === undefined ? {} : { secureContext: options.trust }),
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn the check off.
    rejectUnauthorized: true,
  });
  stream.setNoDelay(true);
  return stream;
}
