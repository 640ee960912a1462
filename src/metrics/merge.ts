/**
 * Many personas' pages as one, all series of one metric together as the format demands. Takes them as the texts that
 * daemons hand out, so that one of a newer build may say more; parses no value. Knows no socket and no HTTP.
 */
import { PAGE_END, type PageForm } from "./exposition.ts";

/** A page of 24 series is 4 kB; labels may be long. What is longer is no daemon's page. */
export const PAGE_CHARS_MAX = 64 * 1024;

const HEAD = "# HELP ";
/** Not with the flag `m`, for which a carriage return in a label would begin a line. */
const STRANGE_LINE =
  /(?:^|\n)(?!prism_daemon_[a-z_]+[{ ]|# (?:HELP|TYPE|UNIT) prism_daemon_[a-z_]+ |# EOF\n$|$)/;

/**
 * @returns why this is no daemon's page, or null: it must begin with a metric, end with a line's end, hold series of
 *   `prism_daemon_` alone, and in OpenMetrics say that it is whole
 */
export function pageFault(page: string, form: PageForm): string | null {
  if (page.length > PAGE_CHARS_MAX) return `it is longer than ${PAGE_CHARS_MAX} characters`;
  if (!page.startsWith(HEAD)) return "it does not begin with a metric's help";
  if (!page.endsWith(`\n${PAGE_END[form]}`)) return "it was cut short";
  const strange = STRANGE_LINE.exec(page);
  return strange === null ? null : "it holds other series than a daemon's";
}

/** @param pages without fault, in this form, no two with the same labels */
export function mergedPage(pages: readonly string[], form: PageForm): string {
  const families = new Map<string, { readonly head: string; series: string }>();
  for (const page of pages) {
    const body = page.slice(HEAD.length, page.length - PAGE_END[form].length);
    for (const block of body.split(`\n${HEAD}`)) addTo(families, block);
  }
  let merged = "";
  for (const { head, series } of families.values()) merged += head + series;
  return merged + PAGE_END[form];
}

function addTo(families: Map<string, { readonly head: string; series: string }>, block: string): void {
  const name = block.slice(0, block.indexOf(" "));
  let at = block.indexOf("\n") + 1;
  while (block.startsWith("# ", at)) at = block.indexOf("\n", at) + 1;
  const ownLine = block.slice(at);
  const series = ownLine.endsWith("\n") ? ownLine : `${ownLine}\n`;
  const family = families.get(name);
  if (family === undefined) families.set(name, { head: HEAD + block.slice(0, at), series });
  else family.series += series;
}
