import { expect, it } from "vitest";
import { object, readShape, text } from "../../../src/domain/shape.ts";

const shape = object({ to: text({ bytesMax: 9, about: "whom" }) });

it("an unknown member is told with the nearest known one", () => {
  expect(() => readShape(shape, { too: "a" }, "params")).toThrow('params has no member "too"');
});

it("an unknown member of what takes none is told so", () => {
  const read = () => readShape(object({}), { x: 1 }, "params");
  expect(read).toThrow(expect.objectContaining({ hint: "leave it out: none are taken here" }));
});

it("of a crowd of unknown members one is looked at: a message may hold 100,000", () => {
  const crowd = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`stranger${i}`, 1]));
  const faults: Parameters<typeof shape.read>[2] = [];
  shape.read({ ...crowd, to: "a" }, "params", faults);
  expect(faults.map((fault) => fault.message)).toEqual(['params has no member "stranger0"']);
});

it("a text that is too short is told by how much; an empty one that it is empty", () => {
  const hash = object({ sha256: text({ bytesMin: 4, bytesMax: 4, about: "a hash" }) });
  expect(() => readShape(hash, { sha256: "abc" }, "params")).toThrow("is shorter than 4 characters");
  expect(() => readShape(hash, { sha256: "" }, "params")).toThrow("must not be empty");
});
