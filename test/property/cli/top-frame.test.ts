/** Whatever the size of the screen and whatever others call themselves: it stays within its bounds, and obeys nobody. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { widthOf } from "../../../src/cli/layout.ts";
import { glyphsFor } from "../../../src/cli/screen/glyphs.ts";
import { cut, filled, painted, piece, shown, widthOfLine } from "../../../src/cli/screen/line.ts";
import { personasText } from "../../../src/cli/status/personas-text.ts";
import { frameOf } from "../../../src/cli/top/frame.ts";
import { actionFor, KEYS } from "../../../src/cli/top/keys.ts";
import { after, initialState } from "../../../src/cli/top/model.ts";
import { HAPPENINGS, type PersonaView, STANDINGS } from "../../../src/domain/overview.ts";
import { hostileText } from "../../support/hostile-text.ts";
import { hubViewOf, overviewOf, viewOf } from "../../support/overview-samples.ts";

const NOW = 1_795_000_000_000;
const word = fc.oneof(
  hostileText,
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("漢字かな", "😀😀", ""),
);
const moment = fc.option(fc.integer({ min: 0, max: NOW + 10_000_000 }));
const count = fc.integer({ min: 0, max: 1_000_000 });

const view: fc.Arbitrary<PersonaView> = fc
  .record({
    ...{
      persona: word,
      project: word,
      tenant: word,
      host: word,
      root: fc.option(word),
      isLocal: fc.boolean(),
    },
    ...{ standing: fc.constantFrom(...STANDINGS), reason: fc.option(word), remedy: fc.option(word) },
    state: fc.constantFrom("connected" as const, "disconnected" as const, "silent" as const, "down" as const),
    surface: fc.option(
      fc.record({
        name: word,
        path: fc.option(word),
        agent: fc.constantFrom("idle" as const, "busy" as const, null),
      }),
    ),
    ...{ pending: count, urgent: count, attempts: count, version: fc.option(word) },
    ...{
      stateSinceMs: moment,
      oldestAtMs: moment,
      lastRingAtMs: moment,
      nextRingAtMs: moment,
      startedAtMs: moment,
    },
    lastLatencyMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
    lastOutcome: fc.constantFrom("taken" as const, "failed" as const, null),
    senders: fc.array(fc.record({ from: word, count }), { maxLength: 3 }),
  })
  .map((some) => viewOf({ ...some, key: `${some.tenant}/${some.persona}@${some.project}` }));

const overview = fc
  .record({ views: fc.array(view, { maxLength: 8 }), answers: fc.boolean(), word })
  .map(({ views, answers, word: said }) =>
    overviewOf(views, hubViewOf({ answers, url: said, reason: said, version: said, loops: [[said, said]] })),
  );

const happening = fc.record({
  ...{ atMs: fc.integer({ min: 0, max: NOW }), key: word, name: fc.constantFrom(...HAPPENINGS) },
  ...{ detail: word, count: fc.option(count) },
});

const keys = fc.array(fc.constantFrom(...KEYS.flatMap((row) => row.keys), "a", "漢"), { maxLength: 12 });
const glyphs = fc.constantFrom(glyphsFor({ LANG: "C.UTF-8" }, "linux"), glyphsFor({ LANG: "C" }, "linux"));

/** All but what a line of a screen may hold. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function checkLine(line: string, columns: number): void {
  expect(line).not.toMatch(UNSEEN);
  expect(widthOf(line)).toBeLessThanOrEqual(columns);
}

it("no line of the screen is wider than it, and none holds what is not seen", () => {
  const size = { columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 60 }) };
  fc.assert(
    fc.property(
      fc.record({ overview, keys, glyphs, happenings: fc.array(happening, { maxLength: 4 }), ...size }),
      ({ overview: one, keys: pressed, glyphs: signs, happenings, columns, rows }) => {
        let state = initialState({ overview: one, hours: new Map(), happenings });
        for (const key of pressed) {
          const action = actionFor(key, state.isTyping);
          if (action !== null) state = after(state, action, { nowMs: NOW, rows: 5, lines: 20 });
        }
        const { lines } = frameOf(state, { nowMs: NOW, columns, rows, glyphs: signs });
        expect(lines).toHaveLength(rows);
        for (const { line } of lines) checkLine(painted(line, { isColoured: false }), columns);
      },
    ),
    { numRuns: 200 },
  );
});

it("nor of the status, where there is room for a name", () => {
  fc.assert(
    fc.property(overview, fc.integer({ min: 40, max: 160 }), (one, columns) => {
      const context = { nowMs: NOW, columns, isColoured: false, env: {}, hours: new Map() };
      for (const line of personasText(one, context).split("\n")) checkLine(line, columns);
    }),
    { numRuns: 100 },
  );
});

it("a line is cut and filled to the column", () => {
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 60 }), (text, columns) => {
      const line = [piece(shown(text), "red")];
      expect(widthOfLine(cut(line, columns))).toBeLessThanOrEqual(columns);
      expect(widthOfLine(filled(line, columns))).toBe(columns);
    }),
  );
});
