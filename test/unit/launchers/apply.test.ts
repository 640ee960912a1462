import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyPlan, hostCommands } from "../../../src/launchers/apply.ts";
import type { Argv, Plan, Ran } from "../../../src/launchers/plan.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** A service that is a set of words: "on", "started". */
function stage(dir: string, fails: (line: string) => boolean = () => false) {
  const held = new Set<string>();
  const lines: string[] = [];
  const run = async (argv: Argv): Promise<Ran> => {
    const line = argv.join(" ");
    const [verb = "", word = ""] = argv;
    if (verb === "is") return { status: held.has(word) ? 0 : 1, out: "", said: "" };
    lines.push(line);
    if (fails(line)) return { status: 1, out: "", said: "not today" };
    if (verb === "set") held.add(word);
    else held.delete(word);
    return { status: 0, out: "", said: "" };
  };
  const set = (word: string): Plan[number] => ({
    do: "run",
    says: `set ${word}`,
    argv: ["set", word],
    holds: { argv: ["is", word], isHeld: ({ status }) => status === 0 },
    undo: ["unset", word],
  });
  const plan: Plan = [
    { do: "write", says: "write a", path: join(dir, "deep/er/a"), text: "new\n" },
    { do: "remove", says: "remove b", path: join(dir, "b") },
    set("on"),
    { do: "write", says: "write c", path: join(dir, "c"), text: "ü", encoding: "utf16" },
    set("started"),
  ];
  return { held, lines, run, plan };
}

const text = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

describe("a plan", () => {
  it("is done step by step, and what holds already is not done again", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "b"), "old\n");
    const { run, plan, lines, held } = stage(dir);
    const began: string[] = [];
    const first = await applyPlan(plan, { run, began: ({ says }) => began.push(says) });
    expect(first.done).toEqual(["write a", "remove b", "set on", "write c", "set started"]);
    expect(began).toEqual(first.done);
    expect(text(join(dir, "deep/er/a"))).toBe("new\n");
    expect(readFileSync(join(dir, "c")).toString("hex")).toBe("fffefc00");
    expect([...held]).toEqual(["on", "started"]);
    lines.length = 0;
    expect(await applyPlan(plan, { run })).toEqual({ done: [], notes: [] });
    expect(lines).toEqual([]);
  });

  it.each([
    ["the first command", "set on"],
    ["the last command", "set started"],
  ])("takes back all that it did if %s fails, and does it all the next time", async (_, failing) => {
    const dir = tempDir();
    writeFileSync(join(dir, "b"), "old\n");
    writeFileSync(join(dir, "c"), "before\n");
    let broken = true;
    const { run, plan, held } = stage(dir, (line) => broken && line === failing);
    await expect(applyPlan(plan, { run })).rejects.toMatchObject({
      message: `could not ${failing}: set ended with status 1: not today; what was done before it is taken back`,
      hint: `see what it says by hand: ${failing}`,
    });
    expect(text(join(dir, "deep/er/a"))).toBe(null);
    expect([text(join(dir, "b")), text(join(dir, "c"))]).toEqual(["old\n", "before\n"]);
    expect([...held]).toEqual([]);
    broken = false;
    await applyPlan(plan, { run });
    expect([...held]).toEqual(["on", "started"]);
  });

  it("says what could not be taken back, and takes back the rest", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "b"), "old\n");
    const { run, plan } = stage(dir, (line) => line === "set started" || line === "unset on");
    await expect(applyPlan(plan, { run })).rejects.toThrow(
      '; "set on" could not be taken back (could not undo: set on: unset ended with status 1: not today)',
    );
    expect(text(join(dir, "b"))).toBe("old\n");
  });

  it("goes on where a step need not be, and tells of it", async () => {
    const { run, held } = stage(tempDir(), (line) => line === "set linger");
    const plan: Plan = [
      { do: "run", says: "set linger", argv: ["set", "linger"], otherwise: "ask root" },
      { do: "run", says: "set on", argv: ["set", "on"] },
    ];
    const { notes } = await applyPlan(plan, { run });
    expect(notes).toEqual(["could not set linger: set ended with status 1: not today: ask root"]);
    expect([...held]).toEqual(["on"]);
  });

  it("a file where a folder must be is told as such", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "deep"), "a file\n");
    const { run, plan } = stage(dir);
    await expect(applyPlan(plan, { run })).rejects.toMatchObject({
      code: expect.stringMatching(/not_found|storage_failed/),
    });
  });
});

describe("a command of this host", () => {
  const run = hostCommands({ PATH: process.env["PATH"] ?? "" }, import.meta.dirname);

  it("gives its status, its output, and the last line of its errors", async () => {
    const script = "console.log('one\\ntwo'); console.error('why\\nbecause'); process.exit(3)";
    expect(await run([process.execPath, "-e", script], 20_000)).toEqual({
      status: 3,
      out: "one\ntwo\n",
      said: "because",
    });
  });

  it("that is not there says so", async () => {
    expect(await run(["prism-no-such-program"], 1000)).toMatchObject({
      status: -1,
      said: 'the command could not be started: "prism-no-such-program" was not found',
    });
  });

  it("that hangs is ended", async () => {
    expect(await run([process.execPath, "-e", "setInterval(() => {}, 1000)"], 100)).toMatchObject({
      status: -1,
      said: expect.stringMatching(/did not end within 0.1 s$/),
    });
  });
});
