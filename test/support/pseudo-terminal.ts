/** A real terminal: a pseudo-terminal made by util-linux's `script`, with somebody looking at it. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { onTestFinished } from "vitest";

export const hasTerminals = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

export interface PseudoTerminal {
  /** As in /dev/pts/3. */
  readonly path: string;
  /** Everything shown so far. */
  shown(): string;
  /** Settles once this text was shown. */
  shows(text: string): Promise<void>;
  /** A person types Ctrl-S: settles once the terminal takes nothing more. */
  hold(): Promise<void>;
  /** Takes the terminal away. */
  hangUp(): Promise<void>;
}

export async function pseudoTerminal(): Promise<PseudoTerminal> {
  const child = spawn("script", ["-qfc", "tty; stty -echo; echo ready; exec cat >/dev/null", "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let text = "";
  const waiting = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (const look of waiting) look();
  });
  const shows = (wanted: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!text.includes(wanted)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const hangUp = async () => {
    child.stdin.destroy();
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(hangUp);
  await shows("ready\r\n");
  const path = /\/dev\/pts\/[0-9]+/.exec(text)?.[0] ?? "";
  text = "";
  const hold = async () => {
    child.stdin.write("\u0013");
    while (!isHeld(path)) await new Promise(setImmediate);
  };
  return { path, shown: () => text, shows, hold, hangUp };
}

/** True if the terminal takes no byte more. */
function isHeld(path: string): boolean {
  const file = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    writeSync(file, ".");
    return false;
  } catch {
    return true;
  } finally {
    closeSync(file);
  }
}
