/** Where log lines are read back from: the contract of all such places. Knows none of them. */
import type { LogEntry } from "../../host/log.ts";

export interface Wanted {
  readonly passes: (entry: LogEntry) => boolean;
  /** Epoch milliseconds; null: as far back as there is anything. */
  readonly sinceMs: number | null;
  readonly linesMax: number;
}

export interface LogSource {
  /** The last ones that are wanted, newest first; what can't be read is left out. */
  back(wanted: Wanted): Promise<readonly LogEntry[]>;
  /** Everything new since `back` looked, as it comes, until stopped. Never rejects. */
  follow(heard: (entry: LogEntry) => void, stopped: AbortSignal): Promise<void>;
}
