/** The same seed is the same run, to the byte: else no failure could be replayed, narrated or shrunk. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FAULT_NAMES, type Fault, planOf } from "./plan.ts";
import { lineText } from "./trace.ts";
import { runWorld } from "./world.ts";

function traceHash(seed: number): string {
  const { trace } = runWorld(planOf(seed), { narrate: true });
  const hash = createHash("sha256");
  for (const line of trace.lines) hash.update(`${lineText(line)}\n`);
  return hash.digest("hex");
}

describe("a seed", () => {
  test.each([2, 27])("%i gives the same trace each time", (seed) => {
    const first = traceHash(seed);
    expect(traceHash(seed)).toBe(first);
    expect(traceHash(seed + 1)).not.toBe(first);
  });

  test("runs the same whether it is narrated or not", () => {
    const { trace: _, ...silent } = runWorld(planOf(13));
    const { trace, ...narrated } = runWorld(planOf(13), { narrate: true });
    expect(narrated).toEqual(silent);
    expect(trace.lines.length).toBeGreaterThan(100);
  });

  test("draws every class of fault for some seed, and leaves out every one for another", () => {
    const plans = Array.from({ length: 60 }, (_, seed) => planOf(seed));
    for (const fault of FAULT_NAMES) {
      expect(plans.some((plan) => plan.faults.has(fault))).toBe(true);
      expect(plans.some((plan) => !plan.faults.has(fault))).toBe(true);
    }
  });

  test("keeps the rest of its plan when something is taken away", () => {
    const whole = planOf(41);
    const without: Fault[] = [...whole.faults].slice(0, 1);
    const less = planOf(41, { without, personas: 3, stormMs: 1000, signals: 5 });
    expect(less).toEqual({
      ...whole,
      faults: new Set([...whole.faults].slice(1)),
      ...{ personas: 3, stormMs: 1000, signals: 5 },
    });
  });
});
