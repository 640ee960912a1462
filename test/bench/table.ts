/** The bench's rows as a person reads them. Prints nothing itself. */
import { type BenchRow, hasGoal, isMet, wantedRatio } from "./row.ts";

/** @returns lines, without a closing line end */
export function tableOf(title: string, rows: readonly BenchRow[]): string {
  const lines = [`\n${title}`];
  for (const row of rows) {
    const mark = hasGoal(row) ? (isMet(row) ? "  met" : "SHORT") : "     ";
    lines.push(
      `${mark}  ${row.what.padEnd(62)} ${figure(row.value).padStart(9)} ${row.unit}${goalText(row)}`,
    );
    for (const peer of row.peers ?? []) {
      const wanted = wantedRatio(peer);
      const ratio = `ratio ${peer.ratio.toFixed(2)}${wanted === undefined ? "" : `, wanted ${wanted}`}`;
      lines.push(
        `         ${`against ${peer.name}`.padEnd(60)} ${figure(peer.value).padStart(9)} ${row.unit}  (${ratio})`,
      );
    }
    if (row.note !== undefined) lines.push(`         ${row.note}`);
  }
  return lines.join("\n");
}

function goalText({ goal }: BenchRow): string {
  if (goal === undefined) return "";
  return "atMost" in goal
    ? `  (goal: at most ${figure(goal.atMost)})`
    : `  (goal: at least ${figure(goal.atLeast)})`;
}

/** Three or four digits that mean something. */
function figure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  if (Math.abs(value) >= 100) return value.toFixed(0);
  if (Math.abs(value) >= 10) return value.toFixed(1);
  return value.toPrecision(2);
}
