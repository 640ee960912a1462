/** Licence texts: found as packages bring them, each once, and none left out in silence. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Notice, noticeOf, noticesText } from "../../../scripts/build/notices.ts";

const folder = mkdtempSync(join(tmpdir(), "prism-notices-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ABOUT = { name: "ws", version: "8.23.0", licence: "MIT" };

function packageWith(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(folder, "package-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}

test.each(["LICENSE", "LICENSE.md", "licence.txt", "COPYING", "LICENSE-MIT"])(
  "a text in %s is found",
  async (name) => {
    expect(await noticeOf(packageWith({ [name]: "\uFEFFdo what\r\nyou like\r\n" }), ABOUT)).toEqual({
      ...ABOUT,
      text: "do what\nyou like",
    });
  },
);

test("a notice is kept beside the licence, and other files are none", async () => {
  const made = packageWith({
    NOTICE: "by us",
    LICENSE: "freely",
    "licenses.js": "code",
    "README.md": "read",
  });
  mkdirSync(join(made, "dist"));
  expect((await noticeOf(made, ABOUT)).text).toBe("freely\n\nby us");
});

test("a package without a text is refused, and named", async () => {
  await expect(noticeOf(packageWith({ "README.md": "MIT" }), ABOUT)).rejects.toThrow(
    'the package "ws" (MIT) brings no licence text',
  );
});

test("the whole begins with Prism's own, lists all, and holds each once, in one order", () => {
  const notices: Notice[] = [
    { ...ABOUT, text: "text of ws" },
    { name: "Node.js", version: "24.21.0", licence: "MIT", text: "text of node" },
    { ...ABOUT, text: "text of ws" },
  ];
  const text = noticesText("our own licence\n", notices);
  expect(text).toBe(noticesText("our own licence", notices.toReversed()));
  expect(text.startsWith("our own licence\n")).toBe(true);
  expect(text).toContain("\n  Node.js 24.21.0 (MIT)\n  ws 8.23.0 (MIT)\n");
  expect(text.split("text of ws")).toHaveLength(2);
  expect(text.indexOf("text of node")).toBeLessThan(text.indexOf("text of ws"));
});
