/** A client of Codex's app-server, over its control socket: asks, hears notifications, and answers nothing by itself. */
import { realpathSync } from "node:fs";
import { WebSocket } from "ws";

export type Json = { readonly [key: string]: unknown };

export interface Note {
  readonly method: string;
  readonly params: Json;
  /** Of a request by the server, which waits for somebody's answer. */
  readonly id?: number;
}

export class AppServerError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface AppServerClient {
  /** What `initialize` was answered. */
  readonly welcome: Json;
  /** Everything that was told, oldest first. */
  readonly notes: readonly Note[];
  /** @throws {AppServerError} as the server said it */
  // biome-ignore lint/suspicious/noExplicitAny: the answers are the subject of tests, which look into them
  ask(method: string, params: Json): Promise<any>;
  /** The first note, past or to come, from number `after` on, that this holds for. */
  note(holds: (note: Note) => boolean, after?: number): Promise<Note>;
  /** Hears each note from now on. */
  hears(listener: (note: Note) => void): void;
  reply(id: number, result: Json): void;
  /** Settles once the server is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

export async function appServerClient(
  socket: string,
  { name = "test", experimental = true }: { readonly name?: string; readonly experimental?: boolean } = {},
): Promise<AppServerClient> {
  const wire = new WebSocket(`ws+unix:${realpathSync(socket)}:/`, { perMessageDeflate: false });
  const notes: Note[] = [];
  const listeners = new Set<(note: Note) => void>();
  const asked = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  const closed = new Promise<void>((resolve) => wire.once("close", () => resolve()));
  void closed.then(() => {
    for (const { reject } of asked.values()) reject(new Error("the app-server is gone"));
  });
  wire.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.method !== undefined) {
      notes.push(message);
      for (const hear of listeners) hear(message);
      return;
    }
    const waiting = asked.get(message.id);
    asked.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new AppServerError(message.error.code, message.error.message));
  });
  await new Promise<void>((resolve, reject) => {
    wire.once("open", resolve);
    wire.once("error", reject);
  });
  wire.on("error", () => {});
  const send = (message: Json) => wire.send(JSON.stringify(message));
  const ask = (method: string, params: Json) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++lastId;
      asked.set(id, { resolve, reject });
      send({ id, method, params });
    });
  const clientInfo = { name, version: "1.0.0" };
  const capabilities = { experimentalApi: experimental };
  const welcome = (await ask("initialize", { clientInfo, capabilities })) as Json;
  send({ method: "initialized" });
  return {
    welcome,
    notes,
    ask,
    note(holds, after = 0) {
      const found = notes.slice(after).find(holds);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve) => {
        const listener = (note: Note) => {
          if (!holds(note)) return;
          listeners.delete(listener);
          resolve(note);
        };
        listeners.add(listener);
      });
    },
    hears: (listener) => listeners.add(listener),
    reply: (id, result) => send({ id, result }),
    closed,
    close: () => wire.terminate(),
  };
}
