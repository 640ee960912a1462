/** The few signs that a screen draws besides letters: shapes that are told apart without colour, as on the page. */
import type { Standing } from "../../domain/overview.ts";

export interface Glyphs {
  readonly standings: Readonly<Record<Standing, string>>;
  readonly taken: string;
  readonly failed: string;
  readonly times: string;
  readonly rule: string;
  readonly cut: string;
  readonly chosen: string;
  readonly down: string;
  readonly up: string;
  readonly leads: string;
  readonly cursor: string;
  /** From least to most. */
  readonly bars: readonly string[];
}

const DRAWN: Glyphs = {
  standings: { deaf: "⊘", stuck: "▲", waiting: "◐", well: "●", off: "–" },
  taken: "✓",
  failed: "✗",
  times: "×",
  rule: "─",
  cut: "…",
  chosen: "›",
  down: "↓",
  up: "↑",
  leads: "→",
  cursor: "▏",
  bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
};

/** For a terminal that may show nothing else. */
const PLAIN: Glyphs = {
  standings: { deaf: "X", stuck: "!", waiting: "~", well: "*", off: "-" },
  taken: "+",
  failed: "x",
  times: "x",
  rule: "-",
  cut: ".",
  chosen: ">",
  down: "v",
  up: "^",
  leads: "->",
  cursor: "_",
  bars: ["_", ".", ":", "-", "=", "+", "*", "#"],
};

/** By the words that programs tell a terminal's letters by; a modern system that says nothing shows all of them. */
export function glyphsFor(
  env: { readonly [name: string]: string | undefined },
  platform: NodeJS.Platform,
): Glyphs {
  if (platform === "win32") return DRAWN;
  if (env["TERM"] === "linux") return PLAIN;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" || /utf-?8/i.test(locale) ? DRAWN : PLAIN;
}

/**
 * Values as bars of one row, the highest of them full: a null, of which nothing is known, is a gap.
 *
 * @param most what a full bar stands for, if that is more than any of the values
 */
export function sparkText(values: readonly (number | null)[], { bars }: Glyphs, most = 1): string {
  const top = Math.max(most, ...values.map((value) => value ?? 0));
  return values
    .map((value) => (value === null ? " " : (bars[Math.ceil((value / top) * (bars.length - 1))] ?? " ")))
    .join("");
}
