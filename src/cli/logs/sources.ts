/** The places of this host where log lines may be, opened to be read back: each loaded where it is one. */
import { existsSync } from "node:fs";
import type { LogSinkName } from "../log-sinks.ts";
import type { Runtime } from "../runtime.ts";
import type { LogSource } from "./source.ts";

/** The journal and the files are both looked at: a persona may have logged here once and there later. */
export async function openLogSources(sink: LogSinkName, runtime: Runtime): Promise<readonly LogSource[]> {
  const { env, home, now } = runtime;
  const isJournal = sink === "journal" || (sink === "system" && process.platform === "linux");
  const sources: LogSource[] = [];
  if (!isJournal) {
    const { openFileSource } = await import("./files.ts");
    sources.push(openFileSource(home));
  }
  if (sink !== "file" && process.platform === "linux" && existsSync("/run/systemd/journal")) {
    const { openJournalSource } = await import("./journal.ts");
    sources.push(openJournalSource({ env, uid: process.getuid?.() ?? 0, nowMs: now }));
  }
  if (sink === "system") {
    const { openSystemSource } = await import("./system.ts");
    const system = openSystemSource(process.platform, { env, nowMs: now });
    if (system !== undefined) sources.push(system);
  }
  return sources;
}
