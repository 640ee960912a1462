/** What a running daemon says of itself, asked over its own IPC socket. */

import { homeAt, ipcPathOf } from "../../src/host/home.ts";
import type { DaemonStatus } from "../../src/ipc.ts";
import { callIpc } from "../../src/net/ipc-client.ts";

const POLL_MS = 20;
const CONNECTED_MS_MAX = 60_000;

export function statusOf(home: string, persona: string): Promise<DaemonStatus> {
  const address = { persona, project: "bench" };
  return callIpc(
    ipcPathOf(homeAt(home), "local", address),
    { version: "0.0.0", role: "bench", address },
    "status",
    {},
  );
}

/**
 * Waits until the daemon says CONNECTED.
 *
 * @returns epoch milliseconds at which it became so, by its own account: asking late costs no accuracy
 */
export async function connectedAtMs(home: string, persona: string, afterMs = 0): Promise<number> {
  const deadlineMs = performance.now() + CONNECTED_MS_MAX;
  while (performance.now() < deadlineMs) {
    const status = await statusOf(home, persona).catch(() => null);
    if (status?.lifecycle.state === "connected" && status.lifecycle.sinceMs >= afterMs) {
      return status.lifecycle.sinceMs;
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
  throw new Error(`the daemon of ${persona} was not CONNECTED within ${CONNECTED_MS_MAX} ms`);
}
