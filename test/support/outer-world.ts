/**
 * Faults at the n-th change that a program makes to the world outside: to the disk, through Node's own functions, and
 * to whatever stand-ins call `change`. `crash`: from that change on none is made any more, as after `kill -9`. `fail`:
 * that one change fails, and the program goes on.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { PrismError } from "../../src/domain/errors.ts";

export type Fault = "crash" | "fail";

export interface Changes {
  /** The same as above, for what is no disk. @throws if it is not made, or if it was but its answer got lost */
  change<T>(make: () => T): T;
}

/** The names of what makes a change that is seen: writing to a temporary file alone is none. */
const SYNC = [
  "renameSync",
  "unlinkSync",
  "rmSync",
  "rmdirSync",
  "mkdirSync",
  "linkSync",
  "writeFileSync",
] as const;
const CHANGING_CALLBACKS: ReadonlySet<string> = new Set(["rename", "link"]);
/** Done at once while a fault is looked for: a thousand runs would spend their time in waiting for Node's threads. */
const CALLBACKS = ["open", "write", "close", "unlink", "rename", "link"] as const;

type AnyFunction = (...args: unknown[]) => unknown;
const patched = fs as unknown as { [name: string]: AnyFunction };

let gate: (() => void) | undefined;

/** Only while `withFault` runs does any of them do other than ever. */
function patch(): void {
  for (const name of CALLBACKS) {
    const [later, now] = [patched[name] as AnyFunction, patched[`${name}Sync`] as AnyFunction];
    patched[name] = (...args) => {
      if (gate === undefined) return later(...args);
      const done = args.at(-1) as AnyFunction;
      let result: unknown;
      try {
        if (CHANGING_CALLBACKS.has(name)) gate();
        result = now(...args.slice(0, -1));
      } catch (error) {
        return done(error);
      }
      return done(null, result);
    };
  }
  for (const name of SYNC) {
    const original = patched[name] as AnyFunction;
    patched[name] = (...args) => {
      if (isChange(name, String(args[0]))) gate?.();
      return original(...args);
    };
  }
  // A program that dies loses nothing of what it has written: only a power cut does, and this plays none.
  patched["fsync"] = (_file, done) => (done as AnyFunction)(null);
  patched["fsyncSync"] = () => undefined;
  syncBuiltinESMExports();
}

/** Making what is there, and removing what is not, changes nothing. */
function isChange(name: (typeof SYNC)[number], path: string): boolean {
  if (name === "mkdirSync") return !fs.existsSync(path);
  return name === "writeFileSync" || fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

patch();

export interface Ended {
  readonly failure: unknown;
  /** The fault was come to. */
  readonly wasReached: boolean;
}

/**
 * @param at counted from 1
 * @returns how `act` ended; after a crash by whatever it threw in vain
 */
export async function withFault(
  fault: Fault,
  at: number,
  act: (changes: Changes) => Promise<unknown>,
): Promise<Ended> {
  let count = 0;
  const passed = (): void => {
    count++;
    if (fault === "fail" ? count === at : count >= at) throw faultOf(fault);
  };
  gate = passed;
  const changes: Changes = {
    change(make) {
      asPrism(passed);
      const made = make();
      asPrism(passed);
      return made;
    },
  };
  try {
    await act(changes);
    return { failure: undefined, wasReached: count >= at };
  } catch (failure) {
    return { failure, wasReached: count >= at };
  } finally {
    gate = undefined;
  }
}

function faultOf(fault: Fault): Error {
  const code = fault === "fail" ? "ENOSPC" : "EIO";
  return Object.assign(new Error(`${code}: planted`), { code, errno: -5, syscall: "rename" });
}

function asPrism(pass: () => void): void {
  try {
    pass();
  } catch (error) {
    throw new PrismError("hub_timeout", "no answer came", { cause: error });
  }
}

export const NO_FAULT: Changes = { change: (make) => make() };
