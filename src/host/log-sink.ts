/** What takes log lines: the contract of all sinks. Knows none of them. */
import type { LogEntry } from "./log.ts";

export interface LogSink {
  /**
   * @returns false if the line was dropped: too many wait
   * @throws if it could not be written
   */
  write(entry: LogEntry): boolean;
  /** Settles once everything taken has gone its way, or could not in time. Never rejects. */
  close(): Promise<void>;
}
