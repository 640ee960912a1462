/**
 * What an agent's hooks tell its daemon, and what they hear back: shapes alone. A hook says what happened in a
 * session; the answer is what it shall hand to the agent, if anything. Knows no client's own words: `prism hook`
 * turns those into these.
 */

import { limits } from "../domain/limits.ts";
import { flag, type Infer, maybe, object, oneOf, text, whole } from "../domain/shape.ts";

/**
 * The moments at which a client runs a hook.
 *
 * - `session-start`: a session begins, is resumed or cleared; it is idle
 * - `user-prompt-submit`: a turn begins; if the prompt is our doorbell, that is its receipt
 * - `post-tool-use`: a tool has returned within a turn
 * - `stop`: the turn is about to end
 * - `session-end`: the session ends in order
 * - `wait`: a hook that blocks until there is something to wake the idle session for
 */
export const HOOK_EVENTS = [
  "session-start",
  "user-prompt-submit",
  "post-tool-use",
  "stop",
  "session-end",
  "wait",
] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

const PATH_BYTES_MAX = 4096;

export const hookParams = object({
  event: oneOf(HOOK_EVENTS, "what happened in the session"),
  client: text({ bytesMax: limits.nameCharsMax, about: "the client, as in claude-code" }),
  session: text({ bytesMax: limits.keyBytesMax, about: "the client's own id of the session or thread" }),
  cwd: maybe(text({ bytesMax: PATH_BYTES_MAX, about: "the folder that the session works in" })),
  transcript: maybe(text({ bytesMax: PATH_BYTES_MAX, about: "the session's transcript file" })),
  pid: maybe(whole({ min: 1, max: 0xffff_ffff, about: "the process that ran the hook" })),
  version: maybe(text({ bytesMax: 64, about: "the client's version" })),
  /** `startup`, `resume`, `clear`, `compact`: why a session starts or ends. */
  reason: maybe(text({ bytesMax: 64, about: "why the session starts or ends, in the client's word" })),
  inboxPath: maybe(
    text({ bytesMax: PATH_BYTES_MAX, about: "the socket on which the session takes messages" }),
  ),
  inboxToken: maybe(text({ bytesMax: 512, about: "the secret that this socket asks for" })),
  isBell: maybe(flag("the prompt is the doorbell's own words")),
  /** The path by which the words came in, where the prompt shows it: `inbox`. */
  via: maybe(
    text({ bytesMax: limits.nameCharsMax, about: "the path by which the words came, if they show it" }),
  ),
  mode: maybe(text({ bytesMax: 64, about: "the session's permission mode, in the client's word" })),
});
export type HookParams = Infer<typeof hookParams>;

export interface HookAnswer {
  /** Words for the agent, or null: the hook ends without a word. */
  readonly say: string | null;
  /** Only at `stop`: the turn shall go on with these words. Only at `wait`: they shall wake it. */
  readonly hold: boolean;
}

export const HOOK_SILENT: HookAnswer = { say: null, hold: false };

/** A hook's answer, read leniently: a newer daemon may say more. */
export function readHookAnswer(value: unknown): HookAnswer {
  const { say, hold } = (typeof value === "object" && value !== null ? value : {}) as {
    [key: string]: unknown;
  };
  return typeof say === "string" ? { say, hold: hold === true } : HOOK_SILENT;
}
