import fc from "fast-check";
import { expect, test } from "vitest";
import {
  EVERYWHERE,
  type Place,
  readPlace,
  writePlace,
} from "../../../../../src/dashboard/page/model/place.ts";
import { SORTS } from "../../../../../src/domain/overview/selection.ts";
import { STANDINGS } from "../../../../../src/domain/overview.ts";

test("the page as it opens has no address of its own", () => {
  expect(writePlace(EVERYWHERE)).toBe("");
  expect(readPlace("")).toEqual(EVERYWHERE);
});

test("an address can be read by people", () => {
  const place: Place = {
    ...EVERYWHERE,
    standings: ["deaf", "stuck"],
    persona: "local/tester@shop",
  };
  expect(writePlace(place)).toBe("#only=deaf,stuck&persona=local/tester@shop");
});

test("what is written is read again", () => {
  const place = fc.record({
    standings: fc.subarray([...STANDINGS]),
    search: fc.string(),
    sort: fc.constantFrom(...SORTS),
    persona: fc.option(fc.string({ minLength: 1 })),
    signal: fc.option(fc.string({ minLength: 1 })),
  });
  fc.assert(
    fc.property(place, (one) => {
      expect(readPlace(writePlace(one))).toEqual(one);
    }),
  );
});

test("what nobody wrote is read as far as it goes", () => {
  expect(readPlace("#only=deaf,blind&by=luck&persona=&%%%")).toEqual({ ...EVERYWHERE, standings: ["deaf"] });
});
