import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Autonomy,
  checkAutonomy,
  headlessArguments,
  interactiveCommand,
  toolsIn,
} from "../../../../src/surfaces/claude-code/launch.ts";

describe("the words by which Claude Code is started", () => {
  it("hold the doorbell, the conversation, and nothing that was not declared", () => {
    expect(headlessArguments("Prism: 1 signal waits", "s-1", {})).toEqual([
      ...["-p", "Prism: 1 signal waits", "--output-format", "stream-json", "--verbose", "--resume", "s-1"],
    ]);
    expect(headlessArguments("words", null, {})).not.toContain("--resume");
  });

  it("hold the autonomy exactly as it was declared", () => {
    const autonomy: Autonomy = {
      permissionMode: "acceptEdits",
      model: "opus",
      allowedTools: "mcp__prism__prism_drain, Bash(git status, *) Edit",
    };
    expect(headlessArguments("words", null, autonomy).slice(5)).toEqual([
      ...["--permission-mode", "acceptEdits", "--model", "opus"],
      ...["--allowedTools", "mcp__prism__prism_drain,Bash(git status, *),Edit"],
    ]);
    expect(interactiveCommand("/opt/my claude", "s-1", autonomy)).toBe(
      "exec '/opt/my claude' --resume s-1 --permission-mode acceptEdits --model opus --allowedTools 'mcp__prism__prism_drain,Bash(git status, *),Edit'",
    );
  });

  it("never skip permissions unless that is said in so many words", () => {
    fc.assert(
      fc.property(
        fc.record({ allowedTools: fc.string(), model: fc.string() }, { requiredKeys: [] }),
        (autonomy: Autonomy) => {
          try {
            checkAutonomy(autonomy);
          } catch {
            return;
          }
          const words = headlessArguments("words", "s", autonomy).slice(7);
          const flags = words.filter((word) => word.startsWith("-"));
          expect(flags.every((flag) => ["--model", "--allowedTools"].includes(flag))).toBe(true);
        },
      ),
    );
    expect(headlessArguments("words", null, { permissionMode: "bypassPermissions" })).toContain(
      "bypassPermissions",
    );
  });

  it.each(["--dangerously-skip-permissions", "Edit --model x", "Bash(rm", "-p", "a;b", "Bash(x)(y)", ")"])(
    "refuse what is no tool: %s",
    (allowedTools) => {
      expect(() => checkAutonomy({ allowedTools })).toThrow(/holds what is no tool/);
    },
  );

  it.each(["-p", "--resume", "a b", "opus;ls", ""])("refuse what is no model: %s", (model) => {
    expect(() => checkAutonomy({ model })).toThrow(/is no name of a model/);
  });

  it("come through a shell as they are", () => {
    const program = "/bin/echo";
    const tools = "Bash(echo '$HOME' `x` \"y\"),Edit";
    const out = execFileSync("/bin/sh", ["-c", interactiveCommand(program, null, { allowedTools: tools })]);
    expect(out.toString()).toBe(`--allowedTools ${tools}\n`);
  });

  it("part tools at blanks and commas outside of brackets", () => {
    expect(toolsIn(" Bash(git add, *),Edit  mcp__a__b,")).toEqual(["Bash(git add, *)", "Edit", "mcp__a__b"]);
    expect(toolsIn("")).toEqual([]);
  });
});
