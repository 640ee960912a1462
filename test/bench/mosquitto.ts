/**
 * The peer: Debian's mosquitto on a loopback port of its own, with persistence, set up as generously as it
 * allows: nothing is dropped, nothing waits for a slot. It acknowledges before the disk, which ours does not.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { makeFolder, type Program, startProgram } from "./programs.ts";

const PLACES = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"];

export interface Mosquitto extends Program {
  readonly port: number;
}

/** @returns null where no mosquitto is installed */
export async function startMosquitto(): Promise<Mosquitto | null> {
  const command = PLACES.find((place) => existsSync(place));
  if (command === undefined) return null;
  const folder = makeFolder();
  const store = join(folder, "store");
  mkdirSync(store);
  const port = await freePort();
  const config = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence true",
    `persistence_location ${store}/`,
    // By default it would drop what is beyond 1,000 waiting and send no more than 20 at a time.
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "set_tcp_nodelay true",
    "log_type error",
    // Started by root it would become another user, who may not write here.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
  ];
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `${config.join("\n")}\n`);
  const program = startProgram({ command, args: ["-c", file], env: {} });
  await answering(port);
  return { ...program, port };
}

function freePort(): Promise<number> {
  return new Promise((settle) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => settle(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

const TRIES_MAX = 200;

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const open = await new Promise<boolean>((settle) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        settle(true);
      });
      socket.once("error", () => settle(false));
    });
    if (open) return;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  throw new Error("mosquitto does not answer");
}
