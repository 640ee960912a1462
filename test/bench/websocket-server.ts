/**
 * The other end of the WebSocket bench, in a process of its own: echo servers on `ws`, and a bare one that echoes
 * whatever comes, the floor of what two Node processes can do. Prints its ports as one JSON line.
 */
import { createServer, type Server } from "node:net";
import { WebSocketServer } from "ws";

export interface EchoPorts {
  /** `ws`, one write for the echoes of one read, so that the client is the slower side. */
  readonly batching: number;
  /** `ws` as it comes: a write for each echo. The server is the slower side by far. */
  readonly plain: number;
  readonly bare: number;
}

const bare = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (bytes) => socket.write(bytes));
  socket.on("error", () => socket.destroy());
});

const plain = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
plain.on("connection", (socket) => {
  socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
});

const batching = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
batching.on("connection", (socket, { socket: stream }) => {
  socket.on("message", (message, isBinary) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    socket.send(message, { binary: isBinary });
  });
});

function portOf(server: Server | WebSocketServer): Promise<number> {
  return new Promise((settle) => {
    server.once("listening", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("not on a TCP port");
      settle(address.port);
    });
  });
}

bare.listen(0, "127.0.0.1");
const [batchingPort, plainPort, barePort] = await Promise.all([
  portOf(batching),
  portOf(plain),
  portOf(bare),
]);
const ports: EchoPorts = { batching: batchingPort, plain: plainPort, bare: barePort };
console.log(JSON.stringify(ports));
