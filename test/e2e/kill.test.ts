import { join } from "node:path";
import { expect, test } from "vitest";
import { killRounds } from "../support/kill-rounds.ts";

/** A few rounds by default; `PRISM_KILL_ROUNDS=200 npx vitest run test/e2e/kill.test.ts` for the long run. */
const rounds = Number(process.env["PRISM_KILL_ROUNDS"] ?? 12);
const seed = Number(process.env["PRISM_KILL_SEED"] ?? 20261121);

test(`every acknowledged signal is drained exactly once through ${rounds} rounds of kill -9`, {
  timeout: 60_000 + rounds * 10_000,
}, async () => {
  const executable = process.env["PRISM_BIN"] ?? join(import.meta.dirname, "../../dist/prism");
  const report = await killRounds({ executable, rounds, seed });
  process.stdout.write(`kill -9: ${JSON.stringify({ seed, rounds, ...report })}\n`);
  expect(report.violations).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(rounds * 10);
  expect(report.tokensChanged).toBeGreaterThan(0);
  expect(report.hubKills + report.daemonKills).toBe(rounds);
});
