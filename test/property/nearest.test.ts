/** The nearest known word, against the definition of the distance: the shortcuts change no answer. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { nearest } from "../../src/domain/shape.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "-"), minLength: 1, maxLength: 12 });

/** Optimal string alignment, as it is written down: no row is left out. */
function distance(a: string, b: string): number {
  const at = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const known = table.get(i * 100 + j);
    if (known !== undefined) return known;
    const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    const least = Math.min(
      at(i - 1, j) + 1,
      at(i, j - 1) + 1,
      at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
      swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
    );
    table.set(i * 100 + j, least);
    return least;
  };
  const table = new Map<number, number>();
  return at(a.length, b.length);
}

function nearestByDefinition(typed: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(typed.length / 3));
  const distances = known.map((candidate) => distance(typed, candidate));
  const least = Math.min(...distances);
  return least <= allowed ? known[distances.indexOf(least)] : undefined;
}

it("is the first of those at the least distance, if that is small enough", () => {
  fc.assert(
    fc.property(word, fc.array(word, { minLength: 1, maxLength: 8 }), (typed, known) => {
      expect(nearest(typed, known)).toBe(nearestByDefinition(typed, known));
    }),
    { numRuns: 500 },
  );
});
