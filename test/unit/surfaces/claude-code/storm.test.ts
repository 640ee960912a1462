/** PRISM_STORM_SEED replays one; PRISM_STORM_SIGNALS makes it longer or shorter. */
import { expect, it } from "vitest";
import { claudeStorm } from "../../../support/claude-storm.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const seed = Number(process.env["PRISM_STORM_SEED"] ?? 20_260_728);
const signals = Number(process.env["PRISM_STORM_SIGNALS"] ?? 1000);

it(`loses none of ${signals} rings and makes none too late, on bad days from seed ${seed}`, async () => {
  const figures = await claudeStorm({ seed, signals, home: tempDir(), project: tempDir() });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  expect(figures).toMatchObject({ lost: 0, sentAfterDrain: 0 });
  // The storm was one: it has sunk sessions, and every way was needed.
  expect(figures.sessions).toBeGreaterThan(signals / 100);
  expect(Object.keys(figures.ways)).toEqual(expect.arrayContaining(["inbox", "wake"]));
  // Few are rung twice: a client that was slow is rung by the next way too, and one that ignored it again.
  expect(figures.heardTwice).toBeLessThan(signals / 2);
}, 600_000);

it("on a good day rings each once", async () => {
  const figures = await claudeStorm({
    seed: 1,
    signals: 50,
    home: tempDir(),
    project: tempDir(),
    isGood: true,
  });
  expect(figures).toMatchObject({ lost: 0, sentAfterDrain: 0, heardTwice: 0, heardLate: 0, sessions: 1 });
});
