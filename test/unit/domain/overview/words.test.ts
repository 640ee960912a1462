import { expect, test } from "vitest";
import { HAPPENING_WORDS } from "../../../../src/domain/overview/words.ts";
import type { Happening } from "../../../../src/domain/overview.ts";

test.each([
  ["waits", "", 1, "1 signal waits"],
  ["waits", "", 3, "3 signals wait"],
  ["rung", "inbox", null, "rung via inbox"],
  ["ringFailed", "no session", null, "ring failed: no session"],
  ["drained", "", 0, "drained"],
  ["drained", "", 2, "drained, 2 signals left"],
  ["state", "emitting", null, "ringing"],
  ["state", "dozing", null, "dozing"],
  ["silent", "", null, "daemon does not answer"],
] as const)("%s %s %s reads: %s", (name, detail, count, text) => {
  const happening: Happening = { atMs: 0, key: "k", name, detail, count };
  expect(HAPPENING_WORDS[name].text(happening)).toBe(text);
});
