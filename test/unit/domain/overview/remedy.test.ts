import { expect, test } from "vitest";
import { firstCommand, remedyParts } from "../../../../src/domain/overview/remedy.ts";

function written(remedy: string): string {
  return remedyParts(remedy)
    .map(({ kind, text }) => (kind === "command" ? `[${text}]` : text))
    .join(" ");
}

test.each([
  ["start it: prism hub", "start it: [prism hub]"],
  ["start the hub with: prism hub", "start the hub with: [prism hub]"],
  [
    "start it: prism daemon --persona reviewer --project '/home/ada/my shop; old'",
    "start it: [prism daemon --persona reviewer --project '/home/ada/my shop; old']",
  ],
  [
    String.raw`start it: prism daemon --persona r --project 'it'\''s' ; or not`,
    String.raw`start it: [prism daemon --persona r --project 'it'\''s'] ; or not`,
  ],
  [
    "see prism doctor; the next ring tries every way again",
    "see [prism doctor] ; the next ring tries every way again",
  ],
  ["run prism dashboard again for a new link", "run [prism dashboard] again for a new link"],
  ["run `prism up --fast` and wait", "run [prism up --fast] and wait"],
  ["look at its agent: it may wait for a person", "look at its agent: it may wait for a person"],
])("%s", (remedy, parts) => {
  expect(written(remedy)).toBe(parts);
});

test("the first command is the one to copy; without one there is none", () => {
  expect(firstCommand("see prism doctor, or start it: prism hub")).toBe("prism doctor");
  expect(firstCommand("look at its agent")).toBeNull();
});
