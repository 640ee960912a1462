/** The hand-written responder against a raw peer: what it answers, and each of its bounds. */
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AnswerPage, PAGE_BOUNDS, type PageBounds, respond } from "../../../src/net/page-responder.ts";

const PAGE: AnswerPage = ({ path }) => ({ status: 200, type: "text/plain", body: `é ${path}\n` });

async function peer(answer: AnswerPage, bounds: Partial<PageBounds> = {}): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void respond(socket, answer, { ...PAGE_BOUNDS, ...bounds });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

function allOf(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve) => socket.once("close", () => resolve(text)));
}

async function ask(request: string, answer = PAGE, bounds: Partial<PageBounds> = {}): Promise<string> {
  const socket = await peer(answer, bounds);
  const answered = allOf(socket);
  socket.write(request);
  return answered;
}

const GET = "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n";

test("a GET is answered whole and the connection closed", async () => {
  expect(await ask(GET)).toBe(
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nCache-Control: no-store\r\n" +
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\né /metrics\n",
  );
});

test("a HEAD has the head alone", async () => {
  const text = await ask(GET.replace("GET", "HEAD"));
  expect(text).toContain("Content-Length: 12\r\n");
  expect(text.endsWith("\r\n\r\n")).toBe(true);
});

test("any split of the request is the same request", async () => {
  const socket = await peer(PAGE);
  const answered = allOf(socket);
  for (const byte of GET) await new Promise((resolve) => socket.write(byte, resolve));
  expect(await answered).toContain("200 OK");
});

test("who closes its writing side after the request still gets the answer", async () => {
  const socket = await peer(PAGE);
  const answered = allOf(socket);
  socket.end(GET);
  expect(await answered).toContain("é /metrics");
});

test("who closes before its request is whole gets nothing, and the connection ends", async () => {
  const socket = await peer(PAGE);
  const answered = allOf(socket);
  socket.end("GET /metrics HTTP/1.1\r\n");
  expect(await answered).toBe("");
});

describe("what is refused", () => {
  test.each([
    ["another method", GET.replace("GET", "POST"), "405 Method Not Allowed"],
    ["no HTTP", "hello\r\n\r\n", "400 Bad Request"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 Bad Request"],
    ["a target that is no path", GET.replace("/metrics?x=1", "http://a/metrics"), "400 Bad Request"],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request"],
    ["two Hosts", GET.replace("Accept: text/plain", "Host: b"), "400 Bad Request"],
    ["a folded header", GET.replace("Accept: ", "Accept:\r\n "), "400 Bad Request"],
    ["a header with a line feed alone", GET.replace("Accept", "X: y\nAccept"), "400 Bad Request"],
    ["a blank before the colon", GET.replace("Accept:", "Accept :"), "400 Bad Request"],
    ["a body", GET.replace("Accept: text/plain", "Content-Length: 5"), "400 Bad Request"],
    ["a body in chunks", GET.replace("Accept: text/plain", "Transfer-Encoding: chunked"), "400 Bad Request"],
    ["a head without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(9000)}`, "431 Request Header Fields Too Large"],
  ])("%s", async (_, request, status) => {
    expect(await ask(request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
  });

  test("an answer that fails is 500, and says nothing of why", async () => {
    const text = await ask(GET, () => Promise.reject(new Error("secret")));
    expect(text).toMatch(/^HTTP\/1\.1 500 /);
    expect(text).not.toContain("secret");
  });
});

describe("bounds in time", () => {
  test("a request that does not come", async () => {
    expect(await ask("GET ", PAGE, { headMsMax: 1 })).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("an answer that does not come", async () => {
    expect(await ask(GET, () => new Promise(() => {}), { answerMsMax: 1 })).toMatch(/^HTTP\/1\.1 503 /);
  });

  test("a reader that does not read is dropped", async () => {
    const body = "x".repeat(64 * 1024 * 1024);
    const socket = await peer(() => ({ status: 200, type: "text/plain", body }), { answerMsMax: 20 });
    socket.pause();
    socket.write(GET);
    // Unread as it is, only its end can be heard once it reads again.
    await new Promise((resolve) => setTimeout(resolve, 200));
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(bytes).toBeLessThan(body.length);
  });
});
