/** What a connection loads: every built-in module costs each daemon memory, so none may be loaded unasked. */
import { expect, test } from "vitest";
import { nodeProcess } from "../../support/node-process.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { answerTo, text } from "../../support/server-frames.ts";

/** The heavy ones: 0.9 to 5.5 MB each. */
const HEAVY =
  /^NativeModule (crypto|zlib|tls|http|https|http2|_http_.*|_tls_.*|internal\/deps\/undici\/undici)$/;

/** Connects in a process of its own, echoes the first text, and lists what was loaded by then. */
async function loadedBy(answer: (request: string) => string): Promise<string[]> {
  const server = await scriptedServer({ answer });
  const child = nodeProcess(`
    import { WebSocket } from "#src/net/w3c-websocket.ts";
    const socket = new WebSocket("${server.url}");
    socket.onmessage = ({ data }) => {
      socket.send(data);
      console.log(JSON.stringify(process.moduleLoadList));
    };
  `);
  const peer = await server.peer();
  peer.send(text("x".repeat(300)));
  expect((await peer.next())?.opcode).toBe(1);
  const list = JSON.parse(await child.line()) as string[];
  await child.kill("SIGKILL");
  return list.filter((name) => HEAVY.test(name));
}

test("a plain connection loads nothing heavy, though compression was offered", async () => {
  expect(await loadedBy((request) => answerTo(request))).toEqual([]);
});

test("zlib is loaded once compression is agreed on, and nothing else", async () => {
  const loaded = await loadedBy((request) =>
    answerTo(request, { "Sec-WebSocket-Extensions": "permessage-deflate" }),
  );
  expect(loaded).toEqual(["NativeModule zlib"]);
});
