/**
 * The catalogue of who gathers the pages of a host: which daemons answered in time. It stands beside the daemons' own
 * catalogue, since a daemon that does not answer has no series, and silence must not look like health.
 * Knows no socket and no clock.
 */
import { type FamilyHead, headText, labelsText, PAGE_END, type PageForm } from "./exposition.ts";
import { mergedPage } from "./merge.ts";

export interface GatheredDaemon {
  readonly tenant: string;
  readonly host: string;
  readonly persona: string;
  readonly project: string;
  /** Its page, without fault; null: it did not answer in time, or not with a page. */
  readonly page: string | null;
}

export interface Gathering {
  readonly daemons: readonly GatheredDaemon[];
  /** Daemons beyond the gatherer's bound, which were not asked. */
  readonly omitted: number;
  readonly durationMs: number;
}

const UP: FamilyHead = {
  name: "prism_gather_daemon_up",
  type: "gauge",
  help: "1 if the daemon answered in time with its page, 0 if it is there or left its socket and did not.",
};
const OMITTED: FamilyHead = {
  name: "prism_gather_daemons_omitted",
  type: "gauge",
  help: "Daemons of this host that were not asked, because there are more than one gathering takes.",
};
const DURATION: FamilyHead = {
  name: "prism_gather_duration_seconds",
  type: "gauge",
  help: "How long this gathering took.",
};

export const GATHER_FAMILIES: readonly FamilyHead[] = [UP, OMITTED, DURATION];

/** @param form that all pages are written in */
export function gatheredPage(gathering: Gathering, form: PageForm): string {
  const pages = gathering.daemons.flatMap(({ page }) => page ?? []);
  const merged = mergedPage(pages, form);
  return merged.slice(0, merged.length - PAGE_END[form].length) + gathererPage(gathering, form);
}

/** What the gatherer itself has to say: for who reads each daemon by itself. */
export function gathererPage({ daemons, omitted, durationMs }: Gathering, form: PageForm): string {
  let own = daemons.length === 0 ? "" : headText(UP, form);
  for (const { page, tenant, host, persona, project } of daemons)
    own += `${UP.name}{${labelsText({ tenant, host, persona, project })}} ${page === null ? 0 : 1}\n`;
  own += `${headText(OMITTED, form)}${OMITTED.name} ${omitted}\n`;
  own += `${headText(DURATION, form)}${DURATION.name} ${durationMs / 1000}\n`;
  return own + PAGE_END[form];
}
