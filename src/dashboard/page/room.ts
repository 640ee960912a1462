/** What there is room for: the window's width decides what nobody has decided. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { layout, streamWanted } from "./preferences.ts";

/** A table needs this much; below it every persona is a tile. */
const isNarrow = matching("(max-width: 719.9px)");
/** What the list of personas has, in pixels. */
export const listWidth: Signal<number> = signal(innerWidth);

/** Room for the stream beside the personas. */
const isWide = matching("(min-width: 1180px)");

export const shownLayout = computed(() => (isNarrow.value ? "tiles" : layout.value));

export const hasStream: ReadonlySignal<boolean> = computed(() =>
  streamWanted.value === "auto" ? isWide.value : streamWanted.value === "yes",
);

export function toggleStream(): void {
  streamWanted.value = hasStream.peek() ? "no" : "yes";
}

function matching(query: string): Signal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => {
    matches.value = list.matches;
  });
  return matches;
}
