/** A command line without a process: what is written is kept, what is read is given. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { dispatch } from "../../src/cli/dispatch.ts";
import type { Output, Runtime } from "../../src/cli/runtime.ts";
import { readSources } from "../../src/cli/settings.ts";
import { homeAt } from "../../src/host/home.ts";

export interface FakeRuntime extends Runtime {
  readonly stop: AbortController;
  readonly printed: { out: string; err: string };
  /** What was kept of bugs. */
  readonly details: unknown[];
}

export interface FakeFacts {
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly terminal?: boolean;
  /** What `flush` of stdout says. */
  readonly flush?: Output["flush"];
}

export function fakeRuntime(facts: FakeFacts = {}): FakeRuntime {
  const printed = { out: "", err: "" };
  const details: unknown[] = [];
  const atEnd: ((failure: unknown) => Promise<void>)[] = [];
  const stop = new AbortController();
  const env = facts.env ?? {};
  const home = homeAt(env["PRISM_HOME"] ?? mkdtempSync(join(tmpdir(), "prism-cli-")));
  const output = (to: "out" | "err"): Output => ({
    isTerminal: facts.terminal === true,
    isColoured: false,
    columns: 80,
    write(text, written) {
      printed[to] += text;
      written?.();
    },
    flush: (to === "out" ? facts.flush : undefined) ?? (async () => "written"),
  });
  return {
    env,
    cwd: facts.cwd ?? tmpdir(),
    home,
    readSources: () => readSources(home, env),
    version: "1.2.3",
    engine: { node: "24.0.0", flags: [], packaged: false },
    out: output("out"),
    err: output("err"),
    input: {
      isTerminal: facts.terminal === true,
      async *[Symbol.asyncIterator]() {
        if (facts.input !== undefined)
          yield typeof facts.input === "string" ? Buffer.from(facts.input) : facts.input;
      },
    },
    streams: () => ({
      stdin: Readable.from([]),
      stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
    }),
    stopped: stop.signal,
    self: { command: process.execPath, args: [] },
    typedName: "prism",
    now: () => 1_795_000_000_000,
    atEnd: (work) => void atEnd.push(work),
    async ended(failure) {
      for (const work of atEnd.splice(0)) await work(failure);
    },
    keepDetails(error) {
      details.push(error);
      return "/log/crash.log";
    },
    stop,
    printed,
    details,
  };
}

/** Runs one command line; returns its exit status and what it printed. */
export async function typed(
  words: readonly string[],
  facts: FakeFacts = {},
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const runtime = fakeRuntime(facts);
  const status = await dispatch(words, runtime);
  return { status, ...runtime.printed };
}
