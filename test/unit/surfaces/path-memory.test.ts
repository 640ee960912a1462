import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFondness, partedMemory } from "../../../src/surfaces/path-memory.ts";
import { keptMemory } from "../../support/fake-agent-side.ts";

const ways = [{ name: "inbox" }, { name: "wake" }, { name: "tmux" }] as const;
const names = ways.map(({ name }) => name);

describe("what is learnt of the ways", () => {
  it("outlives the daemon, for each version of the client", () => {
    const memory = keptMemory();
    const first = openFondness(memory, () => 5);
    for (let i = 0; i < 2; i += 1) first.failed("2.1.329", "inbox", "no receipt");
    first.worked("2.1.329", "wake");
    const second = openFondness(memory, () => 9);
    expect(second.order("2.1.329", ways).map(({ name }) => name)).toEqual(["wake", "tmux", "inbox"]);
    expect(second.order("2.1.330", ways)).toEqual(ways);
    expect(second.report(names)).toMatchObject([
      { name: "inbox", state: "fails", lastTakenAtMs: null },
      { name: "wake", state: "works", lastTakenAtMs: 5 },
      { name: "tmux", state: "untried", lastTakenAtMs: null },
    ]);
  });

  it("comes back to a way that works again", () => {
    const fondness = openFondness(keptMemory(), () => 5);
    for (let i = 0; i < 5; i += 1) fondness.failed("1", "inbox", "no receipt");
    fondness.worked("1", "inbox");
    expect(fondness.order("1", ways)).toEqual(ways);
  });

  it("is nothing where a way could not be used", () => {
    const memory = keptMemory();
    const fondness = openFondness(memory, () => 5);
    for (let i = 0; i < 5; i += 1) fondness.unready("inbox", "it has none");
    expect(fondness.order("1", ways)).toEqual(ways);
    expect(fondness.report(names)[0]).toMatchObject({ state: "unready", reason: "it has none" });
    expect(memory.load()).toBeNull();
  });

  it("is bounded, and the newest is kept", () => {
    const memory = keptMemory();
    const fondness = openFondness(memory, () => 5);
    for (let version = 0; version < 100; version += 1) fondness.worked(`v${version}`, "inbox");
    expect(Object.keys(memory.load() as object)).toEqual(Array.from({ length: 8 }, (_, i) => `v${92 + i}`));
  });

  it("loses no way and invents none, whatever the file holds and whatever happened", () => {
    const event = fc.record({
      version: fc.constantFrom("1", "2", "__proto__"),
      way: fc.constantFrom(...names),
      worked: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(event, { maxLength: 20 }), (file, events) => {
        const fondness = openFondness(keptMemory(file), () => 5);
        for (const { version, way, worked } of events) {
          if (worked) fondness.worked(version, way);
          else fondness.failed(version, way, "no receipt");
        }
        for (const version of ["1", "2", "__proto__", ""]) {
          expect(new Set(fondness.order(version, ways))).toEqual(new Set(ways));
        }
        const last = events.at(-1);
        if (last !== undefined) {
          const report = fondness.report([last.way])[0];
          expect(report?.state).toBe(last.worked ? "works" : "fails");
        }
      }),
    );
  });
});

it("a parted memory keeps each part from the others, over a restart", () => {
  const memory = keptMemory("of another version");
  const part = partedMemory(memory);
  part("paths").save({ a: 1 });
  part("resume").save([2]);
  part("paths").save({ a: 3 });
  const again = partedMemory(memory);
  expect(again("paths").load()).toEqual({ a: 3 });
  expect(again("resume").load()).toEqual([2]);
  expect(again("unheard").load()).toBeNull();
});
