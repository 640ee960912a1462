/**
 * What happened between two looks at one persona, read off its two views: for daemons that do not tell it themselves,
 * and for what none can tell of itself: that it came, went or fell silent. Pure.
 */
import type { Happening, HappeningName, PersonaView } from "../domain/overview.ts";

/**
 * @param tells the daemon told by itself what it did meanwhile: only coming and going is read off
 * @param atMs when the second look was
 */
export function happeningsBetween(
  before: PersonaView,
  after: PersonaView,
  { tells, atMs }: { readonly tells: boolean; readonly atMs: number },
): readonly Happening[] {
  const happened = (name: HappeningName, detail = "", count: number | null = null): Happening => ({
    atMs,
    key: after.key,
    name,
    detail,
    count,
  });
  const presence = presenceOf(after);
  const moved = presence === presenceOf(before) ? [] : [happened(presence)];
  if (tells || presence !== "up" || presenceOf(before) !== "up") return moved;
  const found: Happening[] = [...moved];
  if (before.state !== after.state) found.push(happened("state", after.state));
  if (after.pending > before.pending) found.push(happened("waits", "", after.pending));
  if (after.pending < before.pending) found.push(happened("drained", "", after.pending));
  // A daemon that began anew counts from 0.
  const isSame = before.startedAtMs === after.startedAtMs;
  if (isSame && after.counters.rung > before.counters.rung) {
    found.push(happened("rung", after.surface?.path ?? ""));
  }
  if (isSame && after.counters.failed > before.counters.failed) {
    found.push(happened("ringFailed", after.reason ?? ""));
  }
  const agent = after.surface?.agent ?? null;
  if (agent !== null && agent !== (before.surface?.agent ?? null)) found.push(happened("agent", agent));
  return found;
}

function presenceOf({ state }: PersonaView): "up" | "down" | "silent" {
  return state === "down" || state === "silent" ? state : "up";
}
