/**
 * What is told of one persona, as short parts, the weightiest first: whoever has less room leaves the last ones out.
 * The words are those of the page. Pure: handed the moment; knows no column and no screen.
 */
import { countText } from "../../domain/overview/figures.ts";
import { agoText, measuredText, spanText, THIN, untilText } from "../../domain/overview/times.ts";
import { STANDING_WORDS, STATE_WORDS } from "../../domain/overview/words.ts";
import type { PersonaView, Standing } from "../../domain/overview.ts";
import { type Glyphs, sparkText } from "../screen/glyphs.ts";
import { type Line, piece, shown, type Tone } from "../screen/line.ts";

export type Parts = readonly Line[];

export interface CellContext {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly glyphs: Glyphs;
  /** Personas of more than one tenant are shown: a name alone says too little. */
  readonly hasTenants: boolean;
  /** Drains within the last hour, in steps of five minutes, oldest first; empty if nothing is known. */
  readonly hourOf: (key: string) => readonly (number | null)[];
}

export const STANDING_TONES: Readonly<Record<Standing, Tone>> = {
  deaf: "red",
  stuck: "yellow",
  waiting: "cyan",
  well: "green",
  off: "dim",
};

/** Many fonts of terminals have no thin space. */
export function plain(text: string): string {
  return text.replaceAll(THIN, " ");
}

export function ago(atMs: number, nowMs: number): string {
  return plain(agoText(atMs, nowMs));
}

export function span(ms: number): string {
  return plain(spanText(ms));
}

export function standingParts({ standing }: PersonaView, { glyphs }: CellContext): Parts {
  const tone = STANDING_TONES[standing];
  return [[piece(glyphs.standings[standing], tone)], [piece(STANDING_WORDS[standing].word, tone)]];
}

export function personaParts(view: PersonaView, { hasTenants }: CellContext): Parts {
  const { persona, project, tenant, host, isLocal, standing } = view;
  const isOff = standing === "off";
  return [
    [piece(shown(persona), isOff ? "dim" : "bold"), piece(`@${shown(project)}`, isOff ? "dim" : "plain")],
    isLocal ? [] : [piece(`on ${shown(host)}`, "dim")],
    hasTenants ? [piece(shown(tenant), "dim")] : [],
  ];
}

export function daemonParts({ state, stateSinceMs }: PersonaView, { nowMs }: CellContext): Parts {
  const tone = state === "silent" || state === "disconnected" ? "red" : state === "down" ? "dim" : "plain";
  return [
    [piece(STATE_WORDS[state], tone)],
    stateSinceMs === null ? [] : [piece(span(nowMs - stateSinceMs), "dim")],
  ];
}

export function surfaceParts({ surface }: PersonaView): Parts {
  if (surface === null) return [];
  const { name, path, agent } = surface;
  return [
    [piece(shown(name))],
    agent === null ? [] : [piece(AGENT_WORDS[agent], agent === "busy" ? "yellow" : "dim")],
    path === null || path === name ? [] : [piece(`via ${shown(path)}`, "dim")],
  ];
}

const AGENT_WORDS = { idle: "idle", busy: "busy", none: "no agent" } as const;

export function waitsParts({ pending, urgent, oldestAtMs }: PersonaView, { nowMs }: CellContext): Parts {
  if (pending === 0) return [[piece("0", "dim")]];
  return [
    [piece(countText(pending), "bold"), ...(urgent > 0 ? [piece(` !${countText(urgent)}`, "red")] : [])],
    oldestAtMs === null ? [] : [piece(ago(oldestAtMs, nowMs), "dim")],
  ];
}

/** Whose signals wait: the one with the most by name, the others as a number. */
export function fromParts({ senders, project }: PersonaView): Parts {
  const [first, ...others] = senders;
  if (first === undefined) return [];
  const near = first.from.endsWith(`@${project}`) ? first.from.slice(0, -project.length - 1) : first.from;
  return [[piece(senderText(near))], others.length === 0 ? [] : [piece(`+${others.length}`, "dim")]];
}

export function senderText(from: string): string {
  return from === "" ? "nobody named" : shown(from);
}

export function ringParts(view: PersonaView, { nowMs, glyphs }: CellContext): Parts {
  const { lastRingAtMs, lastRungAtMs, lastOutcome } = view;
  const atMs = lastRingAtMs ?? lastRungAtMs;
  if (atMs === null) return [[piece(view.isLocal ? "never" : "", "dim")]];
  const mark =
    lastOutcome === null ? [] : [piece(`${glyphs[lastOutcome]} `, lastOutcome === "taken" ? "green" : "red")];
  return [[...mark, piece(ago(atMs, nowMs))]];
}

/** How often it was rung for what stands unanswered, and when it is rung again. */
export function nextParts(view: PersonaView, { nowMs, glyphs }: CellContext): Parts {
  const { attempts, nextRingAtMs, pending } = view;
  if (pending === 0 || (attempts === 0 && nextRingAtMs === null)) return [];
  return [
    attempts === 0 ? [] : [piece(`${countText(attempts)}${glyphs.times}`)],
    nextRingAtMs === null ? [] : [piece(plain(untilText(nextRingAtMs, nowMs)), "dim")],
  ];
}

export function latencyParts({ lastLatencyMs }: PersonaView): Parts {
  return lastLatencyMs === null ? [] : [[piece(plain(measuredText(lastLatencyMs)))]];
}

export function hourParts({ key }: PersonaView, { hourOf, glyphs }: CellContext): Parts {
  const values = hourOf(key);
  return values.length === 0 ? [] : [[piece(sparkText(values, glyphs, 4), "cyan")]];
}
