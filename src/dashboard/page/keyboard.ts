/** Has the keys do what their table says: the one place where key, focus and element meet. */

import { firstCommand } from "../../domain/overview/remedy.ts";
import { toggled } from "../../domain/overview/selection.ts";
import { STANDINGS } from "../../domain/overview.ts";
import { isHelpOpen } from "./help.tsx";
import { SEARCH_ID } from "./masthead.tsx";
import { type Action, actionFor } from "./model/keys.ts";
import { copied } from "./parts/command.tsx";
import { LAYOUTS, layout, nextOf, THEMES, theme } from "./preferences.ts";
import { toggleStream } from "./room.ts";
import { fleet, go, place, shown } from "./session.ts";
import { followed, togglePause } from "./stream.tsx";

export function startKeyboard(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isHelpOpen.peek()) return;
    const action = actionFor({
      key: event.key,
      isChord: event.ctrlKey || event.metaKey || event.altKey,
      isTyping: isField(event.target),
    });
    if (action !== null && perform(action, event.target)) event.preventDefault();
  });
}

/** @returns false to leave the key to the browser after all */
function perform(action: Action, target: EventTarget | null): boolean {
  switch (action.do) {
    case "move":
      return moveTo((index) => index + action.by);
    case "moveTo":
      return moveTo(() => (action.end === "first" ? 0 : shown.peek().length - 1));
    case "open":
      return open(target);
    case "close":
      return close(target);
    case "search":
      document.getElementById(SEARCH_ID)?.focus();
      return true;
    case "help":
      isHelpOpen.value = true;
      return true;
    case "view":
      layout.value = nextOf(LAYOUTS, layout.peek());
      return true;
    case "theme":
      theme.value = nextOf(THEMES, theme.peek());
      return true;
    case "stream":
      toggleStream();
      return true;
    case "pause":
      togglePause();
      return true;
    case "follow":
      return follow();
    case "copy":
      return copyRemedy();
    case "all":
      go({ standings: [] });
      return true;
    case "standing": {
      const standing = STANDINGS[action.index];
      if (standing !== undefined) go({ standings: toggled(place.peek().standings, standing) });
      return true;
    }
  }
}

/** The focus stands on a persona's link; while a panel is open it follows the focus. */
function moveTo(to: (index: number) => number): boolean {
  const keys = shown.peek();
  if (keys.length === 0) return false;
  const current = keys.indexOf(focused() ?? "");
  const wanted = current === -1 ? 0 : Math.min(keys.length - 1, Math.max(0, to(current)));
  const key = keys[wanted];
  if (key === undefined) return false;
  linkOf(key)?.focus();
  if (place.peek().persona !== null) go({ persona: key, signal: null });
  return true;
}

function open(target: EventTarget | null): boolean {
  // On a link or button Enter already does what it must.
  if (target instanceof HTMLElement && target.closest("a, button, summary") !== null) return false;
  const key = focused() ?? shown.peek()[0];
  if (key === undefined) return false;
  go({ persona: key, signal: null });
  return true;
}

/** One thing at a time, the innermost first. */
function close(target: EventTarget | null): boolean {
  const { persona, signal, search, standings } = place.peek();
  if (isField(target) && target instanceof HTMLInputElement) {
    if (search === "") target.blur();
    else go({ search: "" });
  } else if (signal !== null) go({ signal: null });
  else if (persona !== null) closePanel();
  else if (search !== "" || standings.length > 0) go({ search: "", standings: [] });
  else return false;
  return true;
}

/** Where it was opened the reading goes on. */
export function closePanel(): void {
  const { persona } = place.peek();
  go({ persona: null, signal: null });
  if (persona !== null) linkOf(persona)?.focus();
}

function follow(): boolean {
  const key = focused();
  followed.value = followed.peek() === null ? key : null;
  return true;
}

function copyRemedy(): boolean {
  const key = focused();
  const remedy = key === null ? null : (fleet.persona(key)?.peek().remedy ?? null);
  const command = remedy === null ? null : firstCommand(remedy);
  if (command === null) return false;
  void copied(command);
  return true;
}

/** The persona that is meant: the one with the focus, or else the one whose panel is open. */
function focused(): string | null {
  const element = document.activeElement;
  const key = element instanceof HTMLElement ? element.dataset["persona"] : undefined;
  return key ?? place.peek().persona;
}

function linkOf(key: string): HTMLElement | null {
  return document.querySelector(`a[data-persona="${CSS.escape(key)}"]`);
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
