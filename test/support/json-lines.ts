/** A raw MCP client over a pair of streams: writes JSON lines, and waits for the lines that come back. */
import { PassThrough } from "node:stream";

export interface RpcLine {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: { readonly [key: string]: unknown };
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string };
}

export interface JsonLines {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  /** Everything that was written to standard output, as it was. */
  readonly written: () => string;
  write(line: unknown): void;
  /** Sends a request, and waits for the answer with its id. */
  ask(method: string, params?: unknown): Promise<RpcLine>;
  /** The next message that satisfies `wanted`, among those to come and those not asked for yet. */
  until(wanted: (line: RpcLine) => boolean): Promise<RpcLine>;
  end(): void;
}

export function openJsonLines(): JsonLines {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const seen: RpcLine[] = [];
  let waiting: { wanted: (line: RpcLine) => boolean; take: (line: RpcLine) => void }[] = [];
  let all = "";
  let partial = "";
  let lastId = 0;
  stdout.setEncoding("utf8");
  stdout.on("data", (chunk: string) => {
    all += chunk;
    partial += chunk;
    for (let end = partial.indexOf("\n"); end !== -1; end = partial.indexOf("\n")) {
      const line = JSON.parse(partial.slice(0, end)) as RpcLine;
      partial = partial.slice(end + 1);
      const taker = waiting.find((candidate) => candidate.wanted(line));
      waiting = waiting.filter((candidate) => candidate !== taker);
      if (taker === undefined) seen.push(line);
      else taker.take(line);
    }
  });
  const until = (wanted: (line: RpcLine) => boolean): Promise<RpcLine> => {
    const index = seen.findIndex(wanted);
    const found = seen[index];
    if (found !== undefined) {
      seen.splice(index, 1);
      return Promise.resolve(found);
    }
    return new Promise((take) => waiting.push({ wanted, take }));
  };
  const write = (line: unknown) => {
    stdin.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  };
  return {
    stdin,
    stdout,
    written: () => all,
    write,
    until,
    ask(method, params) {
      const id = ++lastId;
      write({ jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) });
      return until((line) => line.id === id);
    },
    end: () => stdin.end(),
  };
}
