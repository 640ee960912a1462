/**
 * One question to a daemon, over its socket, by the shortest way: greeting and question leave in one write, and
 * the process may end with the answer. `net/ipc-client.ts` does the same for who stays; a hook starts a process
 * for each event, and pays for every module that it loads.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { requestText } from "../../domain/rpc.ts";
import { verifyPrivateDir } from "../../host/home.ts";
import { HOOK_SILENT, type HookAnswer, type HookParams, readHookAnswer } from "../../ipc/hook.ts";

export type Exchange =
  | { readonly kind: "answered"; readonly answer: HookAnswer }
  /** No daemon stands there: a usual thing, and no fault. */
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly reason: string };

const ANSWER_CHARS_MAX = 256 * 1024;
const HELLO = 1;
const HOOK = 2;

/** How long the answer is waited for. */
export type Patience =
  | { readonly answerMsMax: number }
  /** For as long as the daemon lives, or until the signal fires. */
  | { readonly until: AbortSignal };

export async function askDaemon(
  path: string,
  hello: object,
  params: HookParams,
  patience: Patience,
): Promise<Exchange> {
  if (!isPipe(path)) {
    // Where no daemon stands, node:net need not be loaded, which takes longer than all else that a hook does. Not on
    // Windows: there to ask for a pipe is to open it.
    if (!existsSync(path)) return { kind: "absent" };
    // A session's secret leaves, and words for the agent come back: in a folder that others can enter, anybody may
    // be listening.
    verifyPrivateDir(dirname(path));
  }
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    let unread = "";
    const socket = connect(path);
    const end = (exchange: Exchange): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(exchange);
    };
    let timer: NodeJS.Timeout | undefined;
    if ("until" in patience) {
      patience.until.addEventListener("abort", () => end(SILENT), { once: true });
    } else {
      const { answerMsMax } = patience;
      const reason = `the daemon did not answer in ${answerMsMax} ms`;
      timer = setTimeout(() => end({ kind: "failed", reason }), answerMsMax);
    }
    socket.setEncoding("utf8");
    socket.on("connect", () => {
      socket.write(`${requestText(HELLO, "hello", hello)}\n${requestText(HOOK, "hook", params)}\n`);
    });
    socket.on("data", (chunk: string) => {
      unread += chunk;
      const lines = unread.split("\n");
      unread = lines.pop() ?? "";
      for (const line of lines) {
        const exchange = exchangeIn(line);
        if (exchange !== null) end(exchange);
      }
      if (unread.length > ANSWER_CHARS_MAX)
        end({ kind: "failed", reason: "the daemon's answer is too long" });
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
      end(absent ? { kind: "absent" } : { kind: "failed", reason: error.code ?? "the socket failed" });
    });
    socket.on("close", () => {
      // A daemon that ends while a hook blocks has nothing to say any more.
      end("until" in patience ? SILENT : { kind: "failed", reason: "the daemon hung up" });
    });
  });
}

const SILENT: Exchange = { kind: "answered", answer: HOOK_SILENT };

function isPipe(path: string): boolean {
  return path.startsWith("\\\\.\\pipe\\");
}

/** @returns null for a line that decides nothing: the greeting's answer */
function exchangeIn(line: string): Exchange | null {
  let message: { readonly id?: unknown; readonly result?: unknown; readonly error?: { message?: unknown } };
  try {
    message = JSON.parse(line);
  } catch {
    return { kind: "failed", reason: "the daemon's answer is not JSON" };
  }
  if (message.error !== undefined) return { kind: "failed", reason: String(message.error.message) };
  return message.id === HOOK ? { kind: "answered", answer: readHookAnswer(message.result) } : null;
}
