/** Overviews as JSON, one a line, as often as they are wanted; until it is told to stop, or nobody reads any more. */
import type { Observatory } from "../../overview/observatory.ts";
import { type Runtime, writeJson } from "../runtime.ts";

/** @param everyMs null: one, and no more */
export async function streamOverviews(
  observatory: Observatory,
  { out, stopped }: Pick<Runtime, "out" | "stopped">,
  everyMs: number | null,
): Promise<void> {
  // Holds the connections between two looks.
  const leave = everyMs === null ? () => {} : observatory.listen({ changed() {} });
  try {
    do {
      writeJson(out, await observatory.look());
      if (everyMs === null || (await out.flush()) === "closed") return;
      await passed(everyMs, stopped);
    } while (!stopped.aborted);
  } finally {
    leave();
  }
}

function passed(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopped.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (stopped.aborted) done();
    else stopped.addEventListener("abort", done, { once: true });
  });
}
