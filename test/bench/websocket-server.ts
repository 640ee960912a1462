/**
 * The other end of the WebSocket bench, in a process of its own: an echo server on `ws`, and a bare one that
 * echoes length-prefixed messages, the floor of what two Node processes can do. Prints both ports.
 */
import { createServer } from "node:net";
import { WebSocketServer } from "ws";

const bare = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (bytes) => socket.write(bytes));
  socket.on("error", () => socket.destroy());
});

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false }, () => {
  bare.listen(0, "127.0.0.1", () => console.log(`${portOf(server.address())} ${portOf(bare.address())}`));
});
server.on("connection", (socket, request) => {
  const stream = request.socket;
  socket.on("message", (message, isBinary) => {
    // One write for all echoes of a read. With one write each, the server is the slower side by far, and every
    // client measures the same: the server.
    if (stream.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    socket.send(message, { binary: isBinary });
  });
});

function portOf(address: ReturnType<typeof bare.address>): number {
  if (address === null || typeof address === "string") throw new Error("not on a TCP port");
  return address.port;
}
