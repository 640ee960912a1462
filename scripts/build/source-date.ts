/**
 * The one moment that a build may tell: that of its sources, so that the same sources tell the same tomorrow.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * @param root the repository's folder
 * @returns ISO 8601, from `SOURCE_DATE_EPOCH` or else the last commit; undefined when neither is known
 * @throws Error when `SOURCE_DATE_EPOCH` is no count of seconds
 * Source: reproducible-builds.org, SOURCE_DATE_EPOCH.
 */
export async function sourceDate(root: string, epoch: string | undefined): Promise<string | undefined> {
  const seconds = epoch ?? (await commitSeconds(root));
  if (seconds === undefined) return undefined;
  if (!/^\d{1,12}$/.test(seconds)) {
    throw new Error(`SOURCE_DATE_EPOCH is "${seconds}"; it counts seconds since 1970`);
  }
  return new Date(Number(seconds) * 1000).toISOString();
}

async function commitSeconds(root: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", root, "log", "-1", "--format=%ct"]);
    return stdout.trim() || undefined;
  } catch {
    // A source archive without its history.
    return undefined;
  }
}
