/** What versions of Codex can and can't do, as far as that is known beforehand. Pure. */

/**
 * Takes messages into its queue and never runs them. Reported by users of 0.140 to 0.145; whether 0.146 was the
 * first that did is not known, and a version that does not is found out by its missing receipt.
 */
const QUEUE_BROKEN = { first: [0, 140, 0], beyond: [0, 146, 0] } as const;

/** @param version as in `0.169.0`, or "" if it is unknown: then what can be done is found out by trying */
export function queueFault(version: string): string | null {
  const parts = partsOf(version);
  if (parts === null || isBefore(parts, QUEUE_BROKEN.first) || !isBefore(parts, QUEUE_BROKEN.beyond))
    return null;
  return `Codex ${version} takes messages into its queue and never runs them: update it`;
}

function partsOf(version: string): readonly number[] | null {
  const match = /^(\d{1,5})\.(\d{1,5})\.(\d{1,5})/.exec(version);
  return match === null ? null : match.slice(1).map(Number);
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, part] of a.entries()) {
    const other = b[i] ?? 0;
    if (part !== other) return part < other;
  }
  return false;
}
