/**
 * What the page can ask: a table of paths and what answers each. Reads only. Knows no socket and no cookie: who asks has
 * been let in before.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { SignalTrace, TraceStep } from "../domain/overview.ts";
import type { SignalRecord, SignalStatusAnswer } from "../domain/verbs.ts";
import type { Home } from "../host/home.ts";
import { historyOf, historySummary } from "../overview/history.ts";
import type { Observatory } from "../overview/observatory.ts";
import { HISTORY_STEP_USUAL, HISTORY_STEPS, type RecentSignals } from "./api.ts";

export interface RouteWorld {
  readonly home: Home;
  readonly observatory: Observatory;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** @throws PrismError what the asker is told; `not_found` if there is nothing at that path */
export type AnswerJson = (path: string, query: URLSearchParams) => Promise<unknown>;

const SIGNALS_MAX = 50;

export function apiRoutes(world: RouteWorld): AnswerJson {
  return async (path, query) => {
    switch (path) {
      case "/api/overview":
        return world.observatory.look();
      case "/api/history":
        return history(world, query);
      case "/api/signals":
        return recentSignals(world, query);
      default:
        break;
    }
    const [, id] = /^\/api\/signal\/([^/]+)$/.exec(path) ?? [];
    if (id !== undefined) return signalTrace(world, decoded(id));
    throw new PrismError("not_found", `there is nothing at "${printable(path, 120)}"`);
  };
}

function history({ home, now }: RouteWorld, query: URLSearchParams): unknown {
  const key = query.get("key");
  if (key === null) return historySummary(home, stepIn(query), now());
  const found = historyOf(home, key, now());
  if (found === null)
    throw new PrismError("not_found", `no daemon of "${printable(key, 200)}" ran on this host`);
  return found;
}

function stepIn(query: URLSearchParams): number {
  const text = query.get("step") ?? String(HISTORY_STEP_USUAL);
  const step = HISTORY_STEPS.find((minutes) => String(minutes) === text);
  if (step !== undefined) return step;
  throw new PrismError("invalid_argument", `"${printable(text, 40)}" minutes are no step of the history`, {
    hint: `choose one of ${HISTORY_STEPS.join(", ")}`,
  });
}

/** The texts stay behind: only a drain shows them. */
async function recentSignals({ observatory }: RouteWorld, query: URLSearchParams): Promise<RecentSignals> {
  const key = query.get("key") ?? "";
  const [, persona, project] = /^[^/]+\/([^@/]+)@([^@/]+)$/.exec(key) ?? [];
  if (persona === undefined || project === undefined) {
    throw new PrismError("invalid_argument", `"${printable(key, 200)}" is no persona's key`, {
      hint: "name it as in ?key=local/reviewer@shop",
    });
  }
  const before = query.get("before");
  const { signals, next } = await observatory.ask("history", {
    persona,
    project,
    limit: Math.min(SIGNALS_MAX, limits.historySignalsMax),
    ...(before === null ? {} : { before }),
  });
  return { key, signals: signals.map(withoutText), next };
}

function withoutText({ text: _text, ...signal }: SignalRecord): SignalStatusAnswer {
  return signal;
}

async function signalTrace({ observatory }: RouteWorld, id: string): Promise<SignalTrace> {
  try {
    return await observatory.ask("signal_trace", { id });
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "unknown_verb") throw error;
    const signal = await observatory.ask("signal_status", { id });
    return { signal, steps: stepsOf(signal), traceparent: null };
  }
}

/** What a hub that was made before traces has seen of it. Its daemon hears of it with the first of these, and says so with the second. */
function stepsOf(signal: SignalStatusAnswer): readonly TraceStep[] {
  const step = (name: TraceStep["name"], atMs: number | null, detail = ""): readonly TraceStep[] =>
    atMs === null ? [] : [{ name, atMs, host: null, detail }];
  return [
    ...step("accepted", signal.acceptedAtMs, signal.from ?? ""),
    ...step("acknowledged", signal.deliveredAtMs),
    ...step("drained", signal.drainedAtMs),
    ...step("expired", signal.expiredAtMs),
  ].sort((one, other) => one.atMs - other.atMs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new PrismError("invalid_argument", `"${printable(text, 80)}" is no part of a path`, { cause });
  }
}
