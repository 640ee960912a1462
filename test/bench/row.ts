/**
 * What a part of the bench hands back, and the arithmetic all parts share: medians, quantiles, ratios from
 * pairs. Absolute figures drift by a factor of two from day to day on a shared machine, so peers run in the
 * same rounds and a ratio is the median of the rounds' ratios, not a ratio of medians.
 */
export interface BenchRow {
  /** What was measured, in a few words: `echoes of 256-byte text`. */
  readonly what: string;
  readonly unit: string;
  /** Ours: the median over the rounds, or the quantile that `what` names. */
  readonly value: number;
  readonly goal?: Goal;
  readonly peers?: readonly Peer[];
  /** What a reader must know to judge the figure: which side was the limit, what was left out. */
  readonly note?: string;
}

export interface Peer {
  readonly name: string;
  readonly value: number;
  /** Median over the rounds of ours divided by theirs. */
  readonly ratio: number;
  /** The ratio wanted, where more is better; where less is, the other one. */
  readonly ratioAtLeast?: number;
  readonly ratioAtMost?: number;
}

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export type BenchPart = () => Promise<readonly BenchRow[]>;

/** @returns the value below which the share `at` (0 to 1) of the values lies; NaN for none */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * One peer out of figures taken in the same rounds as ours.
 *
 * @param wanted the least ratio, as a number; or either bound by its name
 */
export function peerOf(
  name: string,
  figures: { readonly ours: readonly number[]; readonly theirs: readonly number[] },
  wanted: number | Pick<Peer, "ratioAtLeast" | "ratioAtMost"> = {},
): Peer {
  const ratios = figures.theirs.map((value, round) => (figures.ours[round] ?? Number.NaN) / value);
  return {
    name,
    value: median(figures.theirs),
    ratio: median(ratios),
    ...(typeof wanted === "number" ? { ratioAtLeast: wanted } : wanted),
  };
}

export function isMet(row: BenchRow): boolean {
  const { goal, value } = row;
  const ownGoal = goal === undefined || ("atMost" in goal ? value <= goal.atMost : value >= goal.atLeast);
  const peers = (row.peers ?? []).every(
    ({ ratio, ratioAtLeast = 0, ratioAtMost = Number.POSITIVE_INFINITY }) =>
      ratio >= ratioAtLeast && ratio <= ratioAtMost,
  );
  return ownGoal && peers;
}

export function hasGoal(row: BenchRow): boolean {
  return row.goal !== undefined || (row.peers ?? []).some((peer) => wantedRatio(peer) !== undefined);
}

/** The bound on a peer's ratio in words, or undefined if none is wanted. */
export function wantedRatio({ ratioAtLeast, ratioAtMost }: Peer): string | undefined {
  if (ratioAtMost !== undefined) return `at most ${ratioAtMost}`;
  return ratioAtLeast === undefined ? undefined : `at least ${ratioAtLeast}`;
}
