/**
 * What lies beside the released executables: the licence texts of all of them, archives to download, and the sums
 * of everything. Knows nothing of how an executable is made.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Notice, noticesText } from "./notices.ts";
import { releaseName, TARGETS, type Target } from "./targets.ts";

const LICENCES = "THIRD-PARTY-LICENSES.txt";

/** Two Nodes, where not all targets carry the same. */
export async function writeLicences(outDir: string, own: string, notices: readonly Notice[]): Promise<void> {
  await writeFile(join(outDir, LICENCES), noticesText(own, notices));
}

/**
 * `FILE.xz` beside the executable: a quarter of its size, and a minute of work. One thread, so that the same file
 * gives the same archive on every machine with the same xz.
 */
export async function compress(file: string): Promise<void> {
  await promisify(execFile)("xz", ["-9", "--keep", "--force", "--threads=1", file]);
}

/** Of every released file that is there, with what is told of it, as `sha256sum --check` reads them. */
export async function writeSums(outDir: string): Promise<void> {
  const lines = await Promise.all(
    [...TARGETS.flatMap(filesOf), LICENCES].map(async (name) => {
      const content = await readFile(join(outDir, name)).catch(() => null);
      return content && `${createHash("sha256").update(content).digest("hex")}  ${name}\n`;
    }),
  );
  await writeFile(join(outDir, "SHA256SUMS"), lines.filter((line) => line !== null).join(""));
}

function filesOf(target: Target): string[] {
  const name = releaseName(target);
  return [name, `${name}.xz`, `${name}.build.json`, `${name}.cdx.json`];
}
