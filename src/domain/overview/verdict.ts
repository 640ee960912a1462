/**
 * The whole host in one sentence: what somebody reads who has two seconds. The same words are the page's title
 * and what a screen reader is told, so that a background tab and a blind operator know as much.
 */
import type { HubView, PersonaView } from "../overview.ts";
import { countOf } from "./figures.ts";
import { countByStanding } from "./selection.ts";
import { spanText } from "./times.ts";

export interface Verdict {
  /** `2 personas are deaf, 3 are stuck`, in parts: each in the colour of what it tells. */
  readonly headline: readonly HeadlinePart[];
  readonly pending: number;
  readonly oldestAtMs: number | null;
}

export interface HeadlinePart {
  readonly text: string;
  readonly tone: "deaf" | "stuck" | null;
}

export function verdictOn(personas: readonly PersonaView[], hub: HubView | null): Verdict {
  const pending = personas.reduce((sum, view) => sum + view.pending, 0);
  const oldest = personas.flatMap(({ oldestAtMs }) => (oldestAtMs === null ? [] : [oldestAtMs]));
  return {
    headline: headlineOf(personas, hub),
    pending,
    oldestAtMs: oldest.length === 0 ? null : Math.min(...oldest),
  };
}

/** `14 signals wait, the oldest for 42 min`; what is on its way too. */
export function waitingText({ pending, oldestAtMs }: Verdict, nowMs: number): string {
  if (pending === 0) return "nothing waits";
  const wait = pending === 1 ? "waits" : "wait";
  if (oldestAtMs === null) return `${countOf(pending, "signal")} ${wait}`;
  const oldest = pending === 1 ? "" : "the oldest ";
  return `${countOf(pending, "signal")} ${wait}, ${oldest}for ${spanText(nowMs - oldestAtMs)}`;
}

/** The tab's title: the bad news first, since a tab shows twenty letters. */
export function titleOf(personas: readonly PersonaView[], host: string): string {
  const { deaf, stuck } = countByStanding(personas);
  const bad = [deaf > 0 ? `${deaf} deaf` : "", stuck > 0 ? `${stuck} stuck` : ""].filter(Boolean).join(", ");
  return `${bad === "" ? "All heard" : bad} \u00b7 ${host} \u00b7 Prism`;
}

export function headlineText(parts: readonly HeadlinePart[]): string {
  return parts.map(({ text }) => text).join("");
}

/** That a persona is deaf because its hub is gone is said once, at the hub, and not at each. */
export function isHubsFault(view: PersonaView, hub: HubView | null): boolean {
  return hub !== null && !hub.answers && view.standing === "deaf" && view.state === "disconnected";
}

function headlineOf(personas: readonly PersonaView[], hub: HubView | null): HeadlinePart[] {
  const { deaf, stuck } = countByStanding(personas);
  const gone = hub !== null && !hub.answers;
  const bad: HeadlinePart[] = [];
  const say = (count: number, word: "deaf" | "stuck") => {
    if (count === 0) return;
    if (bad.length > 0) bad.push({ text: ", ", tone: null });
    const who = bad.length > 0 ? String(count) : countOf(count, "persona");
    bad.push({ text: `${who} ${count === 1 ? "is" : "are"} `, tone: null }, { text: word, tone: word });
  };
  say(deaf, "deaf");
  say(stuck, "stuck");
  if (gone) {
    const hubPart: HeadlinePart = { text: "The hub does not answer", tone: "deaf" };
    return bad.length === 0 ? [hubPart] : [hubPart, { text: ": ", tone: null }, ...bad];
  }
  if (bad.length > 0) return bad;
  if (personas.length === 0) return [{ text: "Nobody lives here yet", tone: null }];
  return [
    { text: personas.length === 1 ? "The persona here is heard" : "Every persona is heard", tone: null },
  ];
}
