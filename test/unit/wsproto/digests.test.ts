/** SHA-1 and base64 against Node's own, at every length around a block's border. */
import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { base64 } from "../../../src/wsproto/base64.ts";
import { sha1 } from "../../../src/wsproto/sha1.ts";

test("SHA-1 of 0 to 200 bytes", () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = randomBytes(length);
    expect(Buffer.from(sha1(bytes)).toString("hex")).toBe(createHash("sha1").update(bytes).digest("hex"));
  }
});

test("SHA-1 of FIPS 180's examples", () => {
  expect(Buffer.from(sha1(Buffer.from("abc"))).toString("hex")).toBe(
    "a9993e364706816aba3e25717850c26c9cd0d89d",
  );
});

test("base64 of 0 to 100 bytes", () => {
  for (let length = 0; length <= 100; length += 1) {
    const bytes = randomBytes(length);
    expect(base64(bytes)).toBe(bytes.toString("base64"));
  }
});
