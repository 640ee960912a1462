/**
 * Starts services anew on another program, one after the other, and sees each come back before the next one goes:
 * so of fifty at most one is away at a time. If one does not come back, the former program is put back and all that
 * were started on the new one are started on the former. Knows no service manager and no file: both are handed in.
 */
import { PrismError } from "../../domain/errors.ts";
import type { Life, Service, Services } from "./services.ts";

/** A daemon comes up in a second; on a host that starts fifty programs at once in some ten. */
const UP_MS_MAX = 60_000;
const ASK_EVERY_MS = 200;

/** How long, and how often, this host's services are asked. */
export const patience = {
  upMsMax: UP_MS_MAX,
  monotonicMs: () => performance.now(),
  pause: () => new Promise<void>((resolve) => setTimeout(resolve, ASK_EVERY_MS)),
} as const;

/** What is to run in the end. */
export interface Due {
  readonly service: Service;
  /** False for one that was not connected before, as with its hub on a host that is away: it need only answer. */
  readonly mustBeUp: boolean;
}

/** How one is started anew and seen to come back. */
export interface Restart {
  readonly services: Pick<Services, "restart">;
  readonly lifeOf: (service: Service) => Promise<Life | undefined>;
  readonly upMsMax: number;
  readonly monotonicMs: () => number;
  readonly pause: () => Promise<void>;
}

export interface Turnover extends Restart {
  readonly services: Pick<Services, "list" | "isRunning" | "restart">;
  /** What an earlier try that was cut short may have stopped, by name: whether it must be up. */
  readonly owed: ReadonlyMap<string, boolean>;
  /** Told all that are to run in the end, before the first of them is touched. */
  readonly begins: (due: readonly Due[]) => void;
  /** Puts the former program back. */
  readonly rollBack: () => void;
  readonly told: (service: Service, what: "restarting" | "back" | "rolledBack") => void;
}

/**
 * @returns those that were started anew; what was stopped before stays so
 * @throws PrismError that names the first that did not come back; the former program runs again then
 */
export async function turnOver(turnover: Turnover): Promise<readonly Service[]> {
  const { services, owed, told } = turnover;
  const due: Due[] = [];
  for (const service of services.list) {
    if (!owed.has(service.name) && !(await services.isRunning(service))) continue;
    // Asked before any is touched: once the hub has gone, no daemon is connected for a while.
    const isUp = (await turnover.lifeOf(service))?.isUp !== false;
    due.push({ service, mustBeUp: isUp || owed.get(service.name) === true });
  }
  turnover.begins(due);
  for (const [at, turned] of due.entries()) {
    const { service } = turned;
    const before = await turnover.lifeOf(service);
    told(service, "restarting");
    const failure = await restarted(turned, before?.life, turnover);
    if (failure === undefined) told(service, "back");
    else throw await rolledBack(service, failure, due.slice(0, at + 1), turnover);
  }
  return due.map(({ service }) => service);
}

/**
 * @param before its life until now; undefined if that does not answer
 * @returns why it is not back; undefined if it is
 */
export async function restarted(
  { service, mustBeUp }: Due,
  before: string | undefined,
  { services, lifeOf, upMsMax, monotonicMs, pause }: Restart,
): Promise<string | undefined> {
  try {
    await services.restart(service);
  } catch (error) {
    if (error instanceof PrismError) return error.message;
    throw error;
  }
  const untilMs = monotonicMs() + upMsMax;
  let why = "it does not answer";
  for (;;) {
    const now = await lifeOf(service);
    const isNew = now !== undefined && now.life !== before;
    if (isNew && (now.isUp || !mustBeUp)) return undefined;
    if (isNew) why = "it answers, but is not connected";
    if (monotonicMs() >= untilMs) return `${why} within ${Math.round(upMsMax / 1000)} s`;
    await pause();
  }
}

async function rolledBack(
  fallen: Service,
  why: string,
  done: readonly Due[],
  turnover: Turnover,
): Promise<PrismError> {
  turnover.rollBack();
  const lost: string[] = [];
  for (const turned of done) {
    const { service } = turned;
    const failure = await restarted(turned, undefined, turnover);
    if (failure === undefined) turnover.told(service, "rolledBack");
    else lost.push(`${service.shown} (${failure})`);
  }
  const after =
    lost.length === 0
      ? "the former version is back, and all run on it"
      : `the former version is back, and these do not run on it either: ${lost.join(", ")}`;
  return new PrismError(
    fallen.owner.kind === "hub" ? "hub_unreachable" : "daemon_unreachable",
    `${fallen.shown} did not come back on the new version: ${why}; ${after}`,
    { hint: `its log says why; "prism service status" shows all` },
  );
}
