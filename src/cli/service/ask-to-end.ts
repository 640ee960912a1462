/**
 * A daemon's end in order, asked of itself: where a service manager knows only the other kind, as Windows' Task
 * Scheduler does, it says its last word to the hub by this alone.
 */
import { PrismError } from "../../domain/errors.ts";
import { ipcPathOf } from "../../host/home.ts";
import type { Owner } from "../../launchers/spec.ts";
import { callIpc } from "../../net/ipc-client.ts";
import type { Runtime } from "../runtime.ts";

/** To answer that it will end; the service manager waits for its end, and insists. */
const SHUTDOWN_MS_MAX = 5000;

/** @param reason for its log */
export async function askToEnd(
  owner: Owner & { readonly kind: "daemon" },
  reason: string,
  { home, version }: Pick<Runtime, "home" | "version">,
): Promise<void> {
  const who = { version, role: "service", address: owner, openTimeoutMs: SHUTDOWN_MS_MAX };
  try {
    await callIpc(ipcPathOf(home, owner.tenant, owner), who, "shutdown", { reason }, SHUTDOWN_MS_MAX);
  } catch (error) {
    // It does not run, or hears nothing: the service manager ends it.
    if (!(error instanceof PrismError)) throw error;
  }
}
