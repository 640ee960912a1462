/** Times that go on by themselves: the text alone changes, no component is drawn again. */
import { useComputed, useSignal } from "@preact/signals";
import { agoText, momentText, spanText, untilText } from "../../../domain/overview/times.ts";
import { now } from "../clock.ts";

interface At {
  readonly atMs: number;
}

/** `12 s`, since a moment; the moment itself on asking. */
export function Ago({ atMs }: At) {
  return <time title={momentText(atMs)}>{useMoving(atMs, agoText)}</time>;
}

/** `12 s` for how long something has gone on: counts from 0. */
export function Since({ atMs }: At) {
  return <time title={momentText(atMs)}>{useMoving(atMs, (at, nowMs) => spanText(nowMs - at))}</time>;
}

/** `in 12 s`. */
export function Until({ atMs }: At) {
  return <time title={momentText(atMs)}>{useMoving(atMs, untilText)}</time>;
}

function useMoving(atMs: number, textOf: (atMs: number, nowMs: number) => string) {
  const at = useSignal(atMs);
  if (at.peek() !== atMs) at.value = atMs;
  return useComputed(() => textOf(at.value, now.value));
}
