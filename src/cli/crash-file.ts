/** Keeps the details of a bug where its owner finds them. Knows no stream: what a person is told is told elsewhere. */
import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { faultText } from "../domain/log.ts";
import { ensurePrivateDir, type Home } from "../host/home.ts";
import { VERSION } from "./version.ts";

const CRASH_FILE_BYTES_MAX = 1024 * 1024;

/**
 * @param verb what was called
 * @returns the file's path, or undefined if the details could not be kept
 */
export function keepInCrashFile(error: unknown, verb: string, home: () => Home): string | undefined {
  try {
    const { logDir } = home();
    ensurePrivateDir(logDir);
    const path = join(logDir, "crash.log");
    const full = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > CRASH_FILE_BYTES_MAX;
    const details = faultText(error).replaceAll(" < ", "\n    ");
    const entry = `${new Date().toISOString()} prism ${VERSION} ${verb}\n${details}\n\n`;
    appendFileSync(path, entry, { mode: 0o600, flag: full ? "w" : "a" });
    return path;
  } catch {
    return undefined;
  }
}
