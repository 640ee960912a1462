/** Waits until a daemon that was just started says over its own socket that it is connected (invariant 11). */
import { PrismError } from "../../domain/errors.ts";
import { ipcPathOf } from "../../host/home.ts";
import { pause } from "../../host/pause.ts";
import type { Owner } from "../../launchers/spec.ts";
import { callIpc } from "../../net/ipc-client.ts";
import type { Runtime } from "../runtime.ts";

/** A hub that was started with it needs a second; one that is away is worth no longer wait. */
const CONNECTED_MS_MAX = 10_000;
const ASK_EVERY_MS = 100;
const ANSWER_MS_MAX = 2000;
/** Between two looks at whether it is worth it. */
const ASKS_FOR_A_LOOK = 10;

export interface Standing {
  readonly isConnected: boolean;
  /** One sentence. */
  readonly standing: string;
}

export interface Patience {
  /** Default 10,000. */
  readonly msMax?: number;
  /** Asked now and then: a sentence if waiting on is in vain. */
  readonly isVain?: () => Promise<string | undefined>;
}

/** @throws what `stopped` has as its reason, once that fires */
export async function awaitConnected(
  owner: Owner & { readonly kind: "daemon" },
  { home, version, stopped }: Pick<Runtime, "home" | "version" | "stopped">,
  { msMax = CONNECTED_MS_MAX, isVain }: Patience = {},
): Promise<Standing> {
  const path = ipcPathOf(home, owner.tenant, owner);
  const who = { version, role: "service", address: owner, openTimeoutMs: ANSWER_MS_MAX };
  const untilMs = performance.now() + msMax;
  let standing = "";
  for (let asked = 1; performance.now() < untilMs; asked++) {
    stopped.throwIfAborted();
    try {
      const { lifecycle, hub } = await callIpc(path, who, "status", {}, ANSWER_MS_MAX);
      const isConnected = lifecycle.state === "connected" || lifecycle.state === "emitting";
      if (isConnected) return { isConnected, standing: `${lifecycle.state}, with the hub at ${hub.url}` };
      standing = `not connected yet: ${hub.lastError?.message ?? lifecycle.state}`;
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      standing = `not connected yet: ${error.message}`;
    }
    const vain = asked % ASKS_FOR_A_LOOK === 0 ? await isVain?.() : undefined;
    if (vain !== undefined) return { isConnected: false, standing: vain };
    await pause(ASK_EVERY_MS, stopped);
  }
  return { isConnected: false, standing };
}
