/** Every target has a bound on its size, and a file over it is refused with both figures. */
import { expect, test } from "vitest";
import { expectInBudget } from "../../../scripts/build/budget.ts";
import { TARGETS } from "../../../scripts/build/targets.ts";

test.each(TARGETS)("$name may not grow unseen", (target) => {
  expect(() => expectInBudget(target, 1)).not.toThrow();
  expect(() => expectInBudget(target, 150e6)).toThrow(
    new RegExp(`^the executable for ${target.name} has 150\\.0 MB, and .* allows \\d+\\.0 MB$`),
  );
});
