/** A happening as a line: when, who, what, in columns; the same in `prism top` and `prism watch`. Pure. */
import { clockText, momentText } from "../../domain/overview/times.ts";
import { HAPPENING_WORDS, type Tone as Loudness } from "../../domain/overview/words.ts";
import type { Happening } from "../../domain/overview.ts";
import { type Line, piece, shown, type Tone } from "../screen/line.ts";
import { plain } from "./cells.ts";

const TONES: Readonly<Record<Loudness, Tone>> = { good: "green", bad: "red", plain: "plain", news: "cyan" };
/** Stands for the hub where a persona's key stands; those hold a slash. */
export const HUB_KEY = "hub";
const DETAIL_CHARS_MAX = 300;

/** `tenant/persona@project` without its tenant, where all are of one. */
export function whoOf(key: string): string {
  return shown(key.slice(key.indexOf("/") + 1), 160);
}

function happeningText({ detail, ...happening }: Happening): string {
  if (happening.key === HUB_KEY && happening.name === "up") return "answers";
  if (happening.key === HUB_KEY)
    return detail === "" ? "no answer" : `no answer: ${shown(detail, DETAIL_CHARS_MAX)}`;
  return plain(
    HAPPENING_WORDS[happening.name].text({ ...happening, detail: shown(detail, DETAIL_CHARS_MAX) }),
  );
}

/** @param whoColumns how wide the names are; 0 leaves them out */
export function happeningLine(
  happening: Happening,
  { whoColumns, isDated = false }: { readonly whoColumns: number; readonly isDated?: boolean },
): Line {
  const { atMs, key, name } = happening;
  return [
    piece(`${isDated ? momentText(atMs) : clockText(atMs)}  `, "dim"),
    ...(whoColumns === 0 ? [] : [piece(`${whoOf(key).padEnd(whoColumns)}  `, "bold")]),
    piece(happeningText(happening), TONES[HAPPENING_WORDS[name].tone]),
  ];
}
