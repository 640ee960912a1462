/** The collector is borrowed, not kept: the flag that would spoil Node's compiled code is off afterwards. */
import { runInNewContext, Script } from "node:vm";
import { expect, test } from "vitest";
import { borrowCollector } from "../../../src/host/memory-rest.ts";

test("the collector collects", async () => {
  const collect = await borrowCollector();
  let garbage: object | undefined = { held: "by nothing else" };
  const seen = new WeakRef(garbage);
  garbage = undefined;
  // A weak reference holds on until the turn ends in which it was made.
  await new Promise((resolve) => setImmediate(resolve));
  collect?.({ type: "major", flavor: "last-resort", execution: "sync" });
  expect(seen.deref()).toBeUndefined();
});

test("contexts made later have no collector", async () => {
  await borrowCollector();
  expect(runInNewContext("typeof gc")).toBe("undefined");
});

test("code compiled before is still good after", async () => {
  const source = "(function () { return 42; })";
  const cachedData = new Script(source, { filename: "compiled-before" }).createCachedData();
  await borrowCollector();
  const again = new Script(source, { filename: "read-after", cachedData });
  expect(again.cachedDataRejected).toBe(false);
});
