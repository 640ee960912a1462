/** How this reader likes the page: kept in this browser alone, and lost without harm. */
import { effect, type Signal, signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;

export const LAYOUTS = ["rows", "tiles"] as const;

export const theme = kept("theme", THEMES);
export const layout = kept("layout", LAYOUTS);
/** Whether the stream of happenings has its place; null until somebody decided: then by the room there is. */
export const streamWanted: Signal<"yes" | "no" | "auto"> = kept("stream", ["auto", "yes", "no"]);

/** The style sheet follows the attribute; without one it follows the system. */
export function startTheme(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === "system") delete dataset["theme"];
    else dataset["theme"] = theme.value;
  });
}

export function nextOf<T>(all: readonly T[], current: T): T {
  return all[(all.indexOf(current) + 1) % all.length] ?? current;
}

/** @param known the values; the first is the usual one */
function kept<T extends string>(name: string, known: readonly [T, ...T[]]): Signal<T> {
  const place = `prism.${name}`;
  const value = signal<T>(known.find((one) => one === readKept(place)) ?? known[0]);
  effect(() => {
    const { value: current } = value;
    try {
      localStorage.setItem(place, current);
    } catch {
      // A browser that keeps nothing shows the usual each time.
    }
  });
  return value;
}

function readKept(place: string): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}
