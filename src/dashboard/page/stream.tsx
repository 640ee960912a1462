/** What happens, as it happens, newest first: of all personas or of one. Can be held still to be read. */
import { computed, type Signal, signal, useComputed } from "@preact/signals";
import type { VNode } from "preact";
import type { ToldHappening } from "../api.ts";
import { countText } from "./model/figures.ts";
import { clockText } from "./model/times.ts";
import { HAPPENING_WORDS } from "./model/words.ts";
import { Icon } from "./parts/icons.tsx";
import { fleet, go, hasTenants } from "./session.ts";

/** Rows in the page at once: what a person reads back before a filter serves better. */
const SHOWN_MAX = 200;

/** The newest that is still shown while the stream is held; null: it flows. */
const heldAt: Signal<ToldHappening | null> = signal(null);

/** The key of the one that the stream beside the list is narrowed to. */
export const followed: Signal<string | null> = signal(null);

export const isHeld = computed(() => heldAt.value !== null);

export function togglePause(): void {
  heldAt.value = heldAt.peek() === null ? (fleet.happenings.peek()[0] ?? null) : null;
}

export function Stream() {
  const key = followed.value;
  return (
    <section class="stream" aria-label="Stream of happenings">
      <header>
        <h2>Happenings</h2>
        {key !== null && (
          <button
            type="button"
            class="filter"
            onClick={() => followUp(null)}
            aria-label={`Of ${nameOf(key)} alone: show all`}
          >
            {nameOf(key)}
            <Icon name="close" />
          </button>
        )}
        <PauseButton />
      </header>
      <Happenings of={key} />
    </section>
  );
}

export function followUp(key: string | null): void {
  followed.value = key;
}

function PauseButton() {
  const missed = useComputed(() => {
    const held = heldAt.value;
    return held === null ? 0 : fleet.happenings.value.findIndex((one) => one === held);
  });
  return (
    <button
      type="button"
      class="pause"
      aria-pressed={isHeld.value}
      onClick={togglePause}
      title={isHeld.value ? "Go on (p)" : "Hold still (p)"}
    >
      <Icon name={isHeld.value ? "play" : "pause"} />
      {isHeld.value ? (
        <span>Go on{missed.value > 0 && <span class="aside"> {countText(missed.value)} new</span>}</span>
      ) : (
        <span>Pause</span>
      )}
    </button>
  );
}

/** @param of one persona's key, or null for all */
export function Happenings({ of }: { readonly of: string | null }) {
  const all = fleet.happenings.value;
  const held = heldAt.value;
  const from = held === null ? 0 : Math.max(0, all.indexOf(held));
  const shown: VNode[] = [];
  for (let index = from; index < all.length && shown.length < SHOWN_MAX; index += 1) {
    const happening = all[index];
    if (happening !== undefined && (of === null || happening.key === of))
      shown.push(rowOf(happening, of !== null));
  }
  if (shown.length === 0) return <p class="nothing">Nothing has happened yet.</p>;
  return <ol class="happenings">{shown}</ol>;
}

/** The same element for the same happening: what has not changed is not even compared. */
const rows = new WeakMap<ToldHappening, VNode>();

function rowOf(happening: ToldHappening, isAlone: boolean): VNode {
  if (isAlone) return <HappeningRow happening={happening} isAlone key={keyOf(happening)} />;
  const known = rows.get(happening);
  if (known !== undefined) return known;
  const row = <HappeningRow happening={happening} isAlone={false} key={keyOf(happening)} />;
  rows.set(happening, row);
  return row;
}

function keyOf({ series, number }: ToldHappening): string {
  return `${series}.${number}`;
}

function HappeningRow({
  happening,
  isAlone,
}: {
  readonly happening: ToldHappening;
  readonly isAlone: boolean;
}) {
  const { atMs, key, name } = happening;
  const { tone, text } = HAPPENING_WORDS[name];
  return (
    <li class={`happening is-${tone}`}>
      <time>{clockText(atMs)}</time>
      {!isAlone && (
        <button type="button" class="plain whom" onClick={() => go({ persona: key, signal: null })}>
          {nameOf(key)}
        </button>
      )}
      <span class="what">{text(happening)}</span>
    </li>
  );
}

function nameOf(key: string): string {
  return hasTenants.peek() ? key : key.slice(key.indexOf("/") + 1);
}
