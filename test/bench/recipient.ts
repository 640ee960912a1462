/** A recipient as the hub sees one: a session of kind daemon over a lean socket, which drains what comes. */
import { flushSoon, type LeanCaller, openLeanCaller } from "./hub-load.ts";

/** A daemon's part of the work without its doorbell: acknowledge the push, drain until nothing waits. */
export async function openRecipient(
  hub: { readonly port: number; readonly token: string },
  persona: string,
  arrive: (count: number) => void,
): Promise<void> {
  let draining = false;
  let again = false;
  let acknowledged = 0;
  const drainParams = JSON.stringify({ persona, project: "bench", limit: 500 });
  const drain = (caller: LeanCaller): void => {
    if (draining) {
      again = true;
      return;
    }
    draining = true;
    again = false;
    caller.call("drain", drainParams, ({ result }) => {
      const { signals, remaining } = result as { signals: readonly unknown[]; remaining: number };
      draining = false;
      arrive(signals.length);
      if (remaining > 0 || again) drain(caller);
    });
    flushSoon(caller);
  };
  const caller = await openLeanCaller(hub, (method, params) => {
    if (method !== "mailbox") return;
    const view = params as { through: number; open: number };
    // As the daemon does: of what it has acknowledged it says nothing again.
    if (view.through > acknowledged) {
      acknowledged = view.through;
      caller.notify("acknowledge", `{"through":${view.through}}`);
      flushSoon(caller);
    }
    if (view.open > 0) drain(caller);
  });
  await caller.ask("start", {
    kind: "daemon",
    persona,
    project: "bench",
    instance: `bench-${persona}`,
    protocol: 1,
    version: "0.0.0",
  });
}
