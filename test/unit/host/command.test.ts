/** A command that is spoken with in lines. How it is started and ended is tried with surface exec. */
import { describe, expect, test } from "vitest";
import { type CommandFrame, startCommand } from "../../../src/host/command.ts";

const env = { PATH: process.env["PATH"] ?? "" };

function node(script: string, frame: Partial<CommandFrame> = {}) {
  const said: string[] = [];
  const waiting: (() => void)[] = [];
  const running = startCommand(
    { argv: [process.execPath, "-e", script] },
    {
      ...{ cwd: "/", env, timeoutMs: null },
      said(line) {
        said.push(line);
        for (const settle of waiting.splice(0)) settle();
      },
      ...frame,
    },
  );
  const heard = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { running, said, heard };
}

describe("a command's output", () => {
  test("is handed on in lines, however it was written, and what has no end is none", async () => {
    const { running, said } = node(
      'process.stdout.write("one\\ntw"); setTimeout(() => process.stdout.write("o\\n\\n\u00e4\\nrest"), 20)',
    );
    expect(await running.ended).toMatchObject({ kind: "exited", status: 0 });
    expect(said).toEqual(["one", "two", "", "\u00e4"]);
  });

  test("keeps no line beyond its bound, and goes on behind it", async () => {
    const { running, said } = node(
      'for (let i = 0; i < 5; i++) process.stdout.write("x".repeat(1024 * 1024)); process.stdout.write("\\nshort\\n")',
    );
    await running.ended;
    expect(said).toEqual(["short"]);
  });
});

describe("a command that is asked", () => {
  test("answers line for line, and ends when it is told to", async () => {
    const { running, said, heard } = node("process.stdin.pipe(process.stdout)", { isAsked: true });
    running.write("first\n");
    await heard();
    running.write("second\n");
    await heard();
    expect(said).toEqual(["first", "second"]);
    running.stop();
    expect(await running.ended).toMatchObject({ kind: "stopped" });
    running.write("nobody hears this\n");
  });

  test("that has ended takes what is written without a word", async () => {
    const { running } = node("process.stdin.destroy(); process.exit(3)", { isAsked: true });
    for (let i = 0; i < 100; i++) running.write(`${"x".repeat(4096)}\n`);
    expect(await running.ended).toMatchObject({ kind: "exited", status: 3 });
  });
});
