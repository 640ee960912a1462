/** Another program of the same user, as a session's inbox sees it: it leaves frames, and may hear what became of them. */
import { rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { HookCall } from "./hook-recorder.ts";

export interface Peer {
  /** What the session's inbox said on our own socket, a line each. */
  readonly heard: readonly { readonly [key: string]: unknown }[];
  /** A message in the form that the client gives its own, taken or not. */
  frame(words: string, more?: object): object;
  /** The text of that message. */
  text(words: string): string;
  /** Leaves lines and ends; gives what was answered on the same connection, which is never anything. */
  leave(...frames: readonly (object | string)[]): Promise<string>;
  close(): void;
}

let peers = 0;

/** @param start the session's SessionStart hook, which was given the inbox */
export async function peerOf(start: HookCall): Promise<Peer> {
  const inbox = start.env["CLAUDE_CODE_MESSAGING_SOCKET"] ?? "";
  const token = start.env["CLAUDE_CODE_MESSAGING_TOKEN"] ?? "";
  peers += 1;
  // In the folder of the sessions' own sockets: others are not called.
  const own = join(dirname(inbox), `prism-test-${process.pid}-${peers}.sock`);
  const heard: { readonly [key: string]: unknown }[] = [];
  const server = createServer((socket) => {
    createInterface({ input: socket }).on("line", (line) => heard.push(JSON.parse(line)));
  });
  await new Promise<void>((listening) => server.listen(own, listening));
  const text = (words: string) =>
    `<cross-session-message from="uds:${own}" from-name="peer">\n${words}\n</cross-session-message>`;
  return {
    heard,
    text,
    frame: (words, more = {}) => ({
      ...{ type: "user", session_id: start.input["session_id"], from: `uds:${own}` },
      message: { role: "user", content: text(words) },
      ...{ priority: "next", msg_id: crypto.randomUUID() },
      ...more,
    }),
    leave: (...frames) =>
      new Promise((resolve, reject) => {
        const socket = createConnection(inbox);
        let answer = "";
        socket.setEncoding("utf8").on("data", (chunk: string) => {
          answer += chunk;
        });
        socket.once("error", reject);
        socket.once("close", () => resolve(answer));
        const lines = [{ type: "auth", token }, ...frames].map((frame) =>
          typeof frame === "string" ? frame : JSON.stringify(frame),
        );
        socket.end(lines.map((line) => `${line}\n`).join(""));
      }),
    close() {
      server.close();
      rmSync(own, { force: true });
    },
  };
}
