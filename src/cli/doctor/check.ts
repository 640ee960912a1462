/** What one check of `prism doctor` finds, and the time that each may take. */
import type { ErrorCode, PrismError } from "../../domain/errors.ts";

/** `note`: worth knowing, nothing to mend. `skip`: could not be checked, because another check failed. */
export type Verdict = "ok" | "note" | "warn" | "fail" | "skip";

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
}

export function failed(name: string, error: PrismError, remedy: string): Check {
  return { name, verdict: "fail", finding: error.message, remedy: error.hint ?? remedy, code: error.code };
}
