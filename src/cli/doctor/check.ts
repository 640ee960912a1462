/** What one check of `prism doctor` finds, and how what it finds could be mended by `--fix`. Looks at nothing itself. */
import type { ErrorCode, PrismError } from "../../domain/errors.ts";

/** `note`: worth knowing, nothing to mend. `skip`: could not be checked, because another check failed. */
export type Verdict = "ok" | "note" | "warn" | "fail" | "skip";

/** What the page is grouped by, in the order of the answer as data. */
export const TOPICS = {
  program: "this program",
  files: "files",
  settings: "settings",
  hub: "the hub",
  services: "kept alive by the system",
  daemons: "daemons",
  surfaces: "agents' programs",
  personas: "personas",
  leftovers: "left behind",
} as const;

export type Topic = keyof typeof TOPICS;

/** A change that is safe and can be taken back, or that takes away what nobody needs any more. */
export interface Mend {
  /** Imperative, to stand behind "prism doctor --fix would": `close "/home/ann/.prism" to others`. */
  readonly does: string;
  /**
   * Looks again before it changes anything: time has passed since the check.
   *
   * @throws PrismError if it could not be done
   */
  run(): void | Promise<void>;
}

export interface Check {
  /** Stable: scripts look it up. */
  readonly name: string;
  readonly verdict: Verdict;
  /** One sentence, no full stop, no secret. */
  readonly finding: string;
  /** What to do about it; with every `warn` and `fail`. */
  readonly remedy?: string;
  /** Of a `fail`: decides the exit status. */
  readonly code?: ErrorCode;
  readonly mend?: Mend;
}

export function failed(name: string, error: PrismError, remedy: string): Check {
  return { name, verdict: "fail", finding: error.message, remedy: error.hint ?? remedy, code: error.code };
}

/** Some of many, so that a page stays one: `a, b and 3 more`. */
export function someOf(things: readonly string[], shownMax = 3): string {
  const more = things.length - shownMax;
  if (more <= 0) return things.join(", ");
  return `${things.slice(0, shownMax).join(", ")} and ${more} more`;
}
