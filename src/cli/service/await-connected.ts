/** Waits until a daemon that was just started says over its own socket that it is connected (invariant 11). */
import { PrismError } from "../../domain/errors.ts";
import { ipcPathOf } from "../../host/home.ts";
import type { Owner } from "../../launchers/spec.ts";
import { callIpc } from "../../net/ipc-client.ts";
import type { Runtime } from "../runtime.ts";

/** A hub that was started with it needs a second; one that is away is worth no longer wait. */
const CONNECTED_MS_MAX = 10_000;
const ASK_EVERY_MS = 100;
const ANSWER_MS_MAX = 2000;

export interface Standing {
  readonly isConnected: boolean;
  /** One sentence. */
  readonly standing: string;
}

export async function awaitConnected(
  owner: Owner & { readonly kind: "daemon" },
  { home, version }: Pick<Runtime, "home" | "version">,
): Promise<Standing> {
  const path = ipcPathOf(home, owner.tenant, owner);
  const who = { version, role: "service", address: owner, openTimeoutMs: ANSWER_MS_MAX };
  const untilMs = performance.now() + CONNECTED_MS_MAX;
  let standing = "";
  while (performance.now() < untilMs) {
    try {
      const { lifecycle, hub } = await callIpc(path, who, "status", {}, ANSWER_MS_MAX);
      const isConnected = lifecycle.state === "connected" || lifecycle.state === "emitting";
      if (isConnected) return { isConnected, standing: `${lifecycle.state}, with the hub at ${hub.url}` };
      standing = `not connected yet: ${hub.lastError?.message ?? lifecycle.state}`;
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      standing = `not connected yet: ${error.message}`;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return { isConnected: false, standing };
}
