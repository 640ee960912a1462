/**
 * What the open panel needs beside the fleet: one persona's day, its recent signals, the way of one of them. Read when
 * the panel opens, and again when something has happened to it; an answer that comes too late is dropped.
 */
import { effect, type Signal, signal } from "@preact/signals";
import type { SignalTrace } from "../../domain/overview.ts";
import type { PersonaHistory, RecentSignals } from "../api.ts";
import { type Asked, askServer } from "./ask-server.ts";
import { fleet } from "./session.ts";

/** `asking`: the first answer is still to come; later ones replace the one before without a gap. */
export type Read<T> = { readonly kind: "asking" } | { readonly kind: "read"; readonly asked: Asked<T> };

/** A minute's sample is whole only at its end. */
const HISTORY_EVERY_MS = 60_000;

/** Under load something happens many times a second; a list that changes faster can't be read. */
const SIGNALS_EVERY_MS = 2000;

export interface Reading<T> {
  readonly value: Signal<Read<T>>;
  readonly stop: () => void;
}

export function readHistory(key: string): Reading<PersonaHistory> {
  const reading = reader<PersonaHistory>(`/api/history?key=${encodeURIComponent(key)}`);
  const timer = setInterval(reading.again, HISTORY_EVERY_MS);
  return {
    value: reading.value,
    stop: () => {
      clearInterval(timer);
      reading.stop();
    },
  };
}

export function readSignals(key: string): Reading<RecentSignals> {
  return followed(key, reader<RecentSignals>(`/api/signals?key=${encodeURIComponent(key)}`));
}

export function readTrace(key: string, id: string): Reading<SignalTrace> {
  return followed(key, reader<SignalTrace>(`/api/signal/${encodeURIComponent(id)}`));
}

interface Reader<T> extends Reading<T> {
  readonly again: () => void;
}

function reader<T>(path: string): Reader<T> {
  const value: Signal<Read<T>> = signal({ kind: "asking" });
  let asked = 0;
  const again = () => {
    asked += 1;
    const mine = asked;
    void askServer<T>(path).then((answer) => {
      if (mine === asked) value.value = { kind: "read", asked: answer };
    });
  };
  again();
  return {
    value,
    again,
    stop: () => {
      asked += 1;
    },
  };
}

/** Reads again when the persona's view has changed, at most as often as can be read. */
function followed<T>(key: string, reading: Reader<T>): Reading<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isFirst = true;
  const unfollow = effect(() => {
    void fleet.persona(key)?.value;
    if (isFirst || timer !== null) {
      isFirst = false;
      return;
    }
    timer = setTimeout(() => {
      timer = null;
      reading.again();
    }, SIGNALS_EVERY_MS);
  });
  return {
    value: reading.value,
    stop: () => {
      unfollow();
      if (timer !== null) clearTimeout(timer);
      reading.stop();
    },
  };
}
