/** Where `npm run build:all` left the executables, and the sentence for a machine where it did not yet. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export const RELEASED = process.env["PRISM_RELEASED"] ?? join(import.meta.dirname, "../../dist");

/** @throws Error that says what to run first */
export function releasedFile(name: string): string {
  const file = join(RELEASED, name);
  if (!existsSync(file)) throw new Error(`${file} is not there: run "npm run build:all" first`);
  return file;
}
