/** What happens, as it happens, newest first: of all personas or of one. Can be held still to be read. */
import { computed, type Signal, signal, useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { countText } from "../../domain/overview/figures.ts";
import { clockText } from "../../domain/overview/times.ts";
import { HAPPENING_WORDS } from "../../domain/overview/words.ts";
import type { ToldHappening } from "../api.ts";
import { newsSince } from "./fleet.ts";
import { Icon } from "./parts/icons.tsx";
import { fleet, go, hasTenants } from "./session.ts";

/** Rows in the page at first: each one costs at every drawing. Older ones come on asking. */
const SHOWN_AT_FIRST = 80;

/** What is shown while the stream is held still; null: it flows. */
const held: Signal<readonly ToldHappening[] | null> = signal(null);

/** The key of the one that the stream beside the list is narrowed to. */
export const followed: Signal<string | null> = signal(null);

const isHeld = computed(() => held.value !== null);

export function togglePause(): void {
  held.value = held.peek() === null ? fleet.happenings.peek() : null;
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
    const newest = held.value?.[0];
    return held.value === null ? 0 : newsSince(fleet.happenings.value, newest);
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
  const isWhole = useSignal(false);
  const most = isWhole.value ? Number.POSITIVE_INFINITY : SHOWN_AT_FIRST;
  const shown: VNode[] = [];
  let hasOlder = false;
  for (const happening of held.value ?? fleet.happenings.value) {
    if (of !== null && happening.key !== of) continue;
    hasOlder = shown.length === most;
    if (hasOlder) break;
    shown.push(rowOf(happening, of !== null));
  }
  if (shown.length === 0) return <p class="nothing">Nothing has happened yet.</p>;
  return (
    <ol class="happenings">
      {shown}
      {hasOlder && (
        <li key="older">
          <button
            type="button"
            class="plain"
            onClick={() => {
              isWhole.value = true;
            }}
          >
            Show older
          </button>
        </li>
      )}
    </ol>
  );
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
