/**
 * What a service says to systemd: that it is ready, that it lives, how it stands, that it ends. That is a datagram on
 * a socket of systemd's, which Node can't open. Where systemd has opened it and handed it over (OpenFile=), a write is
 * a datagram; else `systemd-notify` is started for each word. Knows no unit and nothing of what is told.
 * Source: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
 */
import { fstatSync, writeSync } from "node:fs";
import { printable } from "../domain/address.ts";

/** Under this name the socket is handed over. */
const SOCKET_NAME = "prism-notify";
/** After standard input, output and error. */
const FIRST_HANDED = 3;
const STATUS_CHARS_MAX = 200;
const PROGRAM_MS_MAX = 10_000;
/** A hub that is there has answered by then. */
const FIRST_STATUS_MS = 5000;

export interface ServiceNotes {
  /** It can be used from now on. `standing`: how it stands, asked anew at each sign of life. */
  ready(standing: () => string): void;
  /** Its end in order has begun. */
  stopping(): void;
}

type Env = { readonly [name: string]: string | undefined };
type Send = (words: string) => void;

/** @param failed told why a word did not get out */
export function openServiceNotes(env: Env, pid: number, failed: (reason: string) => void): ServiceNotes {
  const handed = handedSocket(env, pid);
  const send = handed === undefined ? byProgram(env, failed) : bySocket(handed, failed);
  const everyMs = watchdogMs(env, pid) / 2;
  const timers: NodeJS.Timeout[] = [];
  return {
    ready(standing) {
      const status = (): string => `STATUS=${printable(standing(), STATUS_CHARS_MAX)}`;
      send("READY=1");
      // What it stands on by then is worth reading; that it is not connected yet at its start is not.
      timers.push(setTimeout(() => send(status()), FIRST_STATUS_MS));
      // From the loop that does the work: if that hangs, so does this.
      if (everyMs > 0) timers.push(setInterval(() => send(`WATCHDOG=1\n${status()}`), everyMs));
      for (const timer of timers) timer.unref();
    },
    stopping() {
      for (const timer of timers) clearTimeout(timer);
      send("STOPPING=1");
    },
  };
}

function handedSocket(env: Env, pid: number): number | undefined {
  if (Number(env["LISTEN_PID"]) !== pid) return undefined;
  const at = (env["LISTEN_FDNAMES"] ?? "").split(":").indexOf(SOCKET_NAME);
  if (at === -1 || at >= Number(env["LISTEN_FDS"])) return undefined;
  try {
    return fstatSync(FIRST_HANDED + at).isSocket() ? FIRST_HANDED + at : undefined;
  } catch {
    return undefined;
  }
}

/** 0: nobody waits for signs of life. */
function watchdogMs(env: Env, pid: number): number {
  const named = env["WATCHDOG_PID"];
  if (named !== undefined && Number(named) !== pid) return 0;
  const ms = Number(env["WATCHDOG_USEC"]) / 1000;
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}

/**
 * Written in place: handed to Node's threads it would start them, in every daemon, for 30 bytes a minute. It blocks
 * once some hundred datagrams wait for a manager that has stopped reading, and then nothing of this user's lives on.
 */
function bySocket(descriptor: number, failed: (reason: string) => void): Send {
  return (words) => {
    try {
      writeSync(descriptor, words);
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error));
    }
  };
}

/** One process at a time: what is newest waits for it, the rest is moot. */
function byProgram(env: Env, failed: (reason: string) => void): Send {
  let isSending = false;
  let next: string | undefined;
  const send: Send = (words) => {
    if (isSending) {
      next = words;
      return;
    }
    isSending = true;
    void startNotify(words, env, failed).then(() => {
      isSending = false;
      const waiting = next;
      next = undefined;
      if (waiting !== undefined) send(waiting);
    });
  };
  return send;
}

async function startNotify(words: string, env: Env, failed: (reason: string) => void): Promise<void> {
  const variables: { [name: string]: string } = {};
  for (const name of ["NOTIFY_SOCKET", "PATH"]) {
    const value = env[name];
    if (value !== undefined) variables[name] = value;
  }
  // Loaded only where there is no other way: in every daemon it would cost memory for nothing.
  const { startCommand } = await import("./command.ts");
  const argv = ["systemd-notify", ...words.split("\n")] as const;
  const ending = await startCommand({ argv }, { cwd: "/", env: variables, timeoutMs: PROGRAM_MS_MAX }).ended;
  if (ending.kind === "exited" && ending.status === 0) return;
  const how = ending.kind === "notStarted" ? ending.reason : `${ending.kind} ${ending.lastLine}`;
  failed(`systemd-notify: ${how.trim()}`);
}
