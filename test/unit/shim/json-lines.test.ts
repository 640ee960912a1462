import { describe, expect, it } from "vitest";
import { jsonLines } from "../../../src/shim/json-lines.ts";

async function through(chunks: readonly string[], bytesMax = 100) {
  let refused = 0;
  const gate = jsonLines(bytesMax, () => refused++);
  for (const chunk of chunks) gate.write(chunk);
  gate.end();
  let passed = "";
  for await (const chunk of gate) passed += String(chunk);
  return { passed, refused };
}

describe("lines of JSON", () => {
  it("pass, however they are cut", async () => {
    expect(await through(['{"a":', '"\u00fc"}\n[1]\r', "\n2\n"])).toEqual({
      passed: '{"a":"\u00fc"}\n[1]\r\n2\n',
      refused: 0,
    });
  });

  it("are told from others, which go no further", async () => {
    expect(await through(["hello\n{}\n{\n", "\n \n1\n"])).toEqual({ passed: "{}\n1\n", refused: 2 });
  });

  it("that are too long go on, for the transport to refuse", async () => {
    const long = "x".repeat(150);
    expect(await through([long, "y\n"])).toEqual({ passed: long, refused: 1 });
    expect(await through([`${long}\n`])).toEqual({ passed: `${long}\n`, refused: 0 });
  });
});
