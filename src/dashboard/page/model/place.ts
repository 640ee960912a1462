/**
 * What is looked at, as the part of the address after `#`: a reload, a bookmark and the back key keep it. Read
 * leniently, since people type addresses.
 */

import { SORTS, type Sort } from "../../../domain/overview/selection.ts";
import { STANDINGS, type Standing } from "../../../domain/overview.ts";

export interface Place {
  readonly standings: readonly Standing[];
  readonly search: string;
  readonly sort: Sort;
  /** Key of the persona whose panel is open. */
  readonly persona: string | null;
  /** Id of the signal whose way is shown in that panel. */
  readonly signal: string | null;
}

export const EVERYWHERE: Place = { standings: [], search: "", sort: "worst", persona: null, signal: null };

/** @param hash as `location.hash` has it */
export function readPlace(hash: string): Place {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const standings = (words.get("only") ?? "").split(",");
  const sort = words.get("by");
  return {
    standings: STANDINGS.filter((standing) => standings.includes(standing)),
    search: words.get("search") ?? "",
    sort: SORTS.find((known) => known === sort) ?? EVERYWHERE.sort,
    persona: words.get("persona") || null,
    signal: words.get("signal") || null,
  };
}

/** @returns with its `#`, or "" where nothing differs from the page as it opens */
export function writePlace(place: Place): string {
  const words = new URLSearchParams();
  if (place.standings.length > 0) words.set("only", place.standings.join(","));
  if (place.search !== "") words.set("search", place.search);
  if (place.sort !== EVERYWHERE.sort) words.set("by", place.sort);
  if (place.persona !== null) words.set("persona", place.persona);
  if (place.signal !== null) words.set("signal", place.signal);
  const text = words.toString();
  // Addresses are full of these three, and they mean nothing in a fragment.
  return text === "" ? "" : `#${text.replaceAll("%2F", "/").replaceAll("%40", "@").replaceAll("%2C", ",")}`;
}
