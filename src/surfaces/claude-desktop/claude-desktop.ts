/**
 * Surface `claude-desktop`: an application that nothing from outside can wake. Delivery is degraded, and says so: a
 * notification tells the person, and the agent itself is told by the first line of the next answer that its tools
 * give. Where no notification can be shown, a shim that holds the bell is the agent's side all the same.
 */
import { formatAddress, isAddress } from "../../domain/address.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import { type Infer, maybe, object, readShape, text, whole } from "../../domain/shape.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import type { Ending, RunningCommand } from "../../host/command.ts";
import type { RingOutcome, Surface, SurfaceContext } from "../surface.ts";
import { type Notice, notifierFor } from "./notifier.ts";

/** PowerShell takes seconds to start on a busy host. */
const TIMEOUT_MS_DEFAULT = 15_000;
const NAMED_MAX = 3;

const config = object({
  program: maybe(
    text({
      bytesMax: 4096,
      about: "a program that shows a notification, called with title and text; by default the system's own",
    }),
  ),
  timeoutMs: maybe(
    whole({ min: 100, max: 120_000, about: "milliseconds for it to be shown; by default 15000" }),
  ),
});

export const configSchema = config.schema;

/** @throws PrismError `invalid_argument`, `unknown_key`, `too_large` */
export function open(given: unknown, context: SurfaceContext): Surface {
  const settings = readShape(config, given, "the configuration of surface claude-desktop");
  const bell = new Notifications(settings, context);
  return {
    name: "claude-desktop",
    ringMsMax: settings.timeoutMs ?? TIMEOUT_MS_DEFAULT,
    ring: (doorbell, cancelled) => bell.ring(doorbell, cancelled),
    close: () => bell.close(),
  };
}

class Notifications {
  readonly #settings: Infer<typeof config>;
  readonly #context: SurfaceContext;
  #closed = false;
  #isBusy = false;
  #running: RunningCommand | undefined;

  constructor(settings: Infer<typeof config>, context: SurfaceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  async ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    if (this.#isBusy) return failed("an earlier notification is still under way");
    this.#isBusy = true;
    try {
      const { startCommand } = await import("../../host/command.ts");
      if (this.#closed) return failed("the surface is closed");
      if (cancelled.aborted) return failed(MOOT);
      const { program } = this.#settings;
      const windows = this.#context.env["SystemRoot"];
      const { argv, env } = notifierFor(process.platform, noticeOf(bell), program, windows);
      const timeoutMs = this.#settings.timeoutMs ?? TIMEOUT_MS_DEFAULT;
      const running = startCommand(
        { argv },
        { cwd: this.#context.root, env: { ...childEnvironment(this.#context.env), ...env }, timeoutMs },
      );
      this.#running = running;
      const stop = () => running.stop();
      cancelled.addEventListener("abort", stop, { once: true });
      const ending = await running.ended;
      cancelled.removeEventListener("abort", stop);
      return this.#outcome(ending, timeoutMs, cancelled.aborted);
    } finally {
      this.#running = undefined;
      this.#isBusy = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#running?.stop();
    await this.#running?.ended;
  }

  #outcome(ending: Ending, timeoutMs: number, isMoot: boolean): RingOutcome {
    if (ending.kind === "exited" && ending.status === 0) return { kind: "taken", path: "notification" };
    if (this.#closed) return failed("the surface is closed");
    if (isMoot) return failed(MOOT);
    const reason = reasonOf(ending, timeoutMs);
    this.#context.log("debug", "notificationFailed", { code: "surface_failed", reason });
    // It has the bell, and says so first in its next answer: all that this surface can promise an agent.
    if (this.#context.agent.listeners() > 0) return { kind: "taken", path: "next tool answer" };
    return failed(`no notification could be shown, and no agent is attached: ${reason}`);
  }
}

const MOOT = "the doorbell became moot before it was rung";

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}

/** Names and numbers alone: markup and shells find nothing of theirs in it. */
function noticeOf(bell: Doorbell): Notice {
  const count = bell.open === 1 ? "1 signal waits" : `${bell.open} signals wait`;
  const urgent = bell.urgent === 0 ? "" : `, ${bell.urgent} urgent`;
  const named = bell.senders.flatMap(({ from }) => (isAddress(from) ? [from] : [])).slice(0, NAMED_MAX);
  const from = named.length === 0 ? "" : `From ${named.join(", ")}. `;
  const again = bell.attempt > 1 ? ` This is ring ${bell.attempt}.` : "";
  return {
    title: `Prism: ${count} for ${formatAddress(bell)}${urgent}`,
    body: `${from}Ask Claude to drain its signals.${again}`,
    isUrgent: bell.urgent > 0,
    topic: `prism-${formatAddress(bell)}`,
  };
}

function reasonOf(ending: Ending, timeoutMs: number): string {
  const said = ending.lastLine === "" ? "" : `: ${ending.lastLine}`;
  switch (ending.kind) {
    case "exited":
      return `the notifier ended with status ${ending.status}${said}`;
    case "killed":
      return `the notifier was ended by ${ending.signal}${said}`;
    case "timedOut":
      return `the notifier did not end within ${timeoutMs} ms${said}`;
    case "stopped":
      return "the notifier was ended before it was done";
    case "notStarted":
      return ending.reason;
  }
}
