/** Does what checks offer to mend, one after the other, and keeps account of each. Decides nothing about what is safe. */
import { PrismError } from "../../domain/errors.ts";
import type { Deed, Found } from "./page.ts";

export async function mendAll(found: readonly Found[]): Promise<readonly Deed[]> {
  const deeds: Deed[] = [];
  for (const { name, mend } of found) {
    if (mend === undefined) continue;
    deeds.push({ check: name, does: mend.does, failure: await failureOf(mend.run) });
  }
  return deeds;
}

async function failureOf(run: () => void | Promise<void>): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  }
}
