/**
 * What a daemon shows over HTTP, on its local socket and on a port where it was told to: its metrics, and nothing else.
 * Loaded at the first such request, or with the port.
 */
import type { Log } from "../domain/log.ts";
import type { IpcHandlers } from "../ipc.ts";
import { formWanted, PAGE_TYPES } from "../metrics/exposition.ts";
import { type AnswerPage, refusal } from "./page-responder.ts";
import { openPageServer, type RunningPageServer } from "./page-server.ts";

export { respond } from "./page-responder.ts";

type ReadMetrics = IpcHandlers["metrics"];

export function daemonPages(metrics: ReadMetrics): AnswerPage {
  return async ({ path, accept }) => {
    if (path !== "/metrics") return refusal(404, "there is nothing here but /metrics");
    const form = formWanted(accept);
    const { page } = await metrics({ form });
    return { status: 200, type: PAGE_TYPES[form], body: page };
  };
}

/** @throws PrismError `port_taken`, `permission_denied`, `invalid_argument` */
export function openDaemonPort(options: {
  readonly listen: { readonly host: string; readonly port: number };
  readonly metrics: ReadMetrics;
  readonly log: Log;
}): Promise<RunningPageServer> {
  const { listen, metrics, log } = options;
  return openPageServer({ listen, flag: "--metrics-listen", answer: daemonPages(metrics), log });
}
