/** How much the store takes and how much its disk has left. Asked at a scrape; says nothing rather than guess. */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { DiskFacts } from "../metrics/hub.ts";

/** @returns null if the system does not say */
export async function diskFactsOf(dataDir: string): Promise<DiskFacts | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(dataDir);
    const names = await readdir(dataDir);
    const sizes = await Promise.all(names.map((name) => sizeOf(join(dataDir, name))));
    return {
      storeBytes: sizes.reduce((sum, size) => sum + size, 0),
      freeBytes: bavail * bsize,
      diskBytes: blocks * bsize,
    };
  } catch {
    return null;
  }
}

/** A journal may go between the listing and the look. */
async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : 0;
  } catch {
    return 0;
  }
}
