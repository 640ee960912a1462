/**
 * What the composition root hands to every verb: the outside world, as seen from a command line. A verb
 * reaches argv, environment, standard streams and operating-system signals only through this, so that a
 * test can stand in for all of them.
 */
import type { Readable, Writable } from "node:stream";
import type { Home } from "../host/home.ts";
import type { Sources } from "./arguments.ts";

export interface Output {
  readonly isTerminal: boolean;
  /** Escape sequences for colour are welcome. */
  readonly isColoured: boolean;
  /** Width in columns; 80 where there is no terminal. */
  readonly columns: number;
  /** @param written called once, with the failure if the text did not get out */
  write(text: string, written?: (error?: Error | null) => void): void;
  /**
   * Settles when everything written has left this process.
   *
   * @returns "closed" if the reader went away (a pipe to `head`): not a failure, but it was not read
   * @throws PrismError `storage_full` or `storage_failed`: what was written to a file did not fit
   */
  flush(): Promise<"written" | "closed">;
}

export interface Runtime {
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  readonly home: Home;
  /** @throws ConfigError if the configuration file can't be read or says what can't be */
  readSources(): Sources;
  readonly version: string;
  /** What runs this program: Node's version and the flags that it runs with. */
  readonly engine: { readonly node: string; readonly flags: readonly string[]; readonly packaged: boolean };
  readonly out: Output;
  readonly err: Output;
  readonly input: AsyncIterable<Uint8Array> & { readonly isTerminal: boolean };
  /** The streams themselves, for a protocol that runs over them. */
  streams(): { readonly stdin: Readable; readonly stdout: Writable };
  /** Fires at the first request to stop (SIGINT, SIGTERM, a closed terminal); the second ends it at once. */
  readonly stopped: AbortSignal;
  /** How to start this same program again: `spawn(self.command, [...self.args, "hub"])`. */
  readonly self: { readonly command: string; readonly args: readonly string[] };
  /** How a person reaches this program from another terminal: `prism`, or a path. */
  readonly typedName: string;
  /** Epoch milliseconds. */
  now(): number;
  /**
   * Has this done last, whatever the verb comes to: what must not be lost is written by then. `failure` is what it
   * ends by, undefined if it ends in order. Done within a bounded time, or left undone.
   */
  atEnd(work: (failure: unknown) => Promise<void>): void;
  /** Does what was asked for, once. Called by who calls verbs; never rejects. */
  ended(failure: unknown): Promise<void>;
  /** Keeps the details of a bug where its owner finds them; says where, or undefined if it could not. */
  keepDetails(error: unknown): string | undefined;
}

/** One JSON document on one line: what `--json` prints on success is the verb's answer as it is. */
export function writeJson(out: Output, value: unknown): void {
  out.write(`${JSON.stringify(value)}\n`);
}
