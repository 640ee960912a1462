/**
 * Runs tmux: by its arguments, never through a shell; each call bounded in time and in what it may say; in an
 * environment that leads to no other server than the one that is named. Turns what tmux says on failing into one
 * sentence. Knows nothing of panes or doorbells. Loaded at the first ring: a daemon that never rings never loads
 * node:child_process.
 */
import { execFile } from "node:child_process";
import { printable } from "../../domain/address.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import { errnoOf } from "../../host/fs-error.ts";

export type TmuxAnswer =
  | { readonly ok: true; readonly out: string }
  | { readonly ok: false; readonly cause: TmuxFault; readonly reason: string };

/** `noServer` and `noPane` are answers to a question; `broken` is everything else. */
export type TmuxFault = "noServer" | "noPane" | "broken";

export interface TmuxOptions {
  /** The name after `-L`. */
  readonly socket: string;
  readonly env: { readonly [name: string]: string | undefined };
}

/** tmux answers in milliseconds; a stopped or thrashing server does not answer at all. */
export const CALL_MS_MAX = 2000;
/** A screen of 500 x 200 cells, each with a style of its own, is 2 MB. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** RHEL 9, Debian 12 and Ubuntu 22.04 have it; it brought `new-session -e`. */
const VERSION_MIN = [3, 2] as const;

export class Tmux {
  readonly #socket: string;
  readonly #env: { readonly [name: string]: string };
  #isUsable = false;

  constructor(options: TmuxOptions) {
    this.#socket = options.socket;
    const env = childEnvironment(options.env);
    // Where the daemon itself was started in a pane, they would name that pane's server.
    delete env["TMUX"];
    delete env["TMUX_PANE"];
    this.#env = env;
  }

  /** Never rejects. @param input what tmux reads on its standard input */
  async run(args: readonly string[], input = ""): Promise<TmuxAnswer> {
    if (!this.#isUsable) {
      const fault = versionFault(await this.#execute(["-V"], ""));
      if (fault !== undefined) return fault;
      this.#isUsable = true;
    }
    // UTF-8 whatever the locale is: in any other, tmux would show a prompt's mark as an underscore.
    return this.#execute(["-u", "-L", this.#socket, ...args], input);
  }

  #execute(args: readonly string[], input: string): Promise<TmuxAnswer> {
    return new Promise((resolve) => {
      const child = execFile(
        "tmux",
        args,
        {
          env: this.#env,
          // A project's folder may go away, and tmux would not start there.
          cwd: "/",
          timeout: CALL_MS_MAX,
          killSignal: "SIGKILL",
          maxBuffer: ANSWER_BYTES_MAX,
          windowsHide: true,
        },
        (error, out, said) => {
          if (error === null) resolve({ ok: true, out });
          else resolve(faultOf(error, said, this.#socket));
        },
      );
      // It may end before it has read anything.
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }
}

function broken(reason: string): TmuxAnswer & { readonly ok: false } {
  return { ok: false, cause: "broken", reason };
}

function faultOf(error: Error, said: string, socket: string): TmuxAnswer {
  const errno = errnoOf(error);
  if (errno === "ENOENT") return broken("tmux is not installed, or not in the daemon's PATH");
  if (errno === "EACCES") return broken("tmux may not be executed by this user");
  if ("killed" in error && error.killed === true) {
    return broken(`tmux did not answer within ${CALL_MS_MAX} ms`);
  }
  if (/no server running on|error connecting to .*(No such file|Connection refused)/.test(said)) {
    return { ok: false, cause: "noServer", reason: `no tmux server runs on socket "${socket}"` };
  }
  if (/error connecting to|access not allowed/.test(said)) {
    return broken(`the tmux server on socket "${socket}" may not be used by this user`);
  }
  if (/protocol version mismatch/.test(said)) {
    return broken(`the tmux server on socket "${socket}" is of another version than the program tmux`);
  }
  if (/server exited|lost server/.test(said)) {
    return { ok: false, cause: "noServer", reason: `the tmux server on socket "${socket}" has ended` };
  }
  // The last is what a server without any session says.
  if (/can't find (pane|window|session)|no current target/.test(said)) {
    return { ok: false, cause: "noPane", reason: "the pane is gone" };
  }
  const last = said.trim().split("\n").at(-1) ?? "";
  return broken(
    `tmux failed${last === "" ? ` (${errno || "without a word"})` : `: ${printable(last, 160)}`}`,
  );
}

/** `tmux 3.3a`, `tmux next-3.6`; what says no number (`tmux master`) is new enough. */
function versionFault(answer: TmuxAnswer): TmuxAnswer | undefined {
  if (!answer.ok) return answer;
  const found = /(\d+)\.(\d+)/.exec(answer.out);
  if (found === null || answer.out.includes("openbsd")) return undefined;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1])) return undefined;
  return broken(
    `${printable(answer.out.trim(), 40)} is too old: ${VERSION_MIN.join(".")} or later is needed`,
  );
}
