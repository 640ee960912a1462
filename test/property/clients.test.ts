/**
 * Other people's settings: whatever stood there before stays to the byte, whatever they do to it afterwards stays
 * too, and what was put in comes out again.
 */
import fc from "fast-check";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { claudeCodePlan } from "../../src/clients/claude-code.ts";
import type { Placed, Surroundings } from "../../src/clients/client.ts";
import { codexPlan } from "../../src/clients/codex.ts";
import type { Editing } from "../../src/clients/text/entries.ts";
import { readJson } from "../../src/clients/text/json-text.ts";
import { settingsText } from "../support/loose-json.ts";

const around: Surroundings = { platform: "linux", env: {}, userDir: "/home/ann" };
const placed: Placed = {
  program: ["/opt/it's prism/prism"],
  persona: "reviewer",
  root: "/w/shop",
  scope: "local",
  bellFlagPath: "/home/ann/.prism/run/local/reviewer@shop.bell",
};
const moved: Placed = { ...placed, program: ["/usr/bin/prism"], home: "/srv/prism" };

function editingsOf(who: Placed): readonly Editing[] {
  return claudeCodePlan(who, around).files.map((file) => file.editing);
}
const editings = editingsOf(placed);
const which = fc.constantFrom(0, 1);
const pick = (index: number, who = placed): Editing => editingsOf(who)[index] as Editing;
const meaningOf = (text: string): unknown => readJson(text, "the text").value;
const RUNS = { numRuns: 400 };

describe("JSON with comments", () => {
  test("what is added and taken out leaves the text as it was, to the byte", () => {
    fc.assert(
      fc.property(settingsText, which, (text, index) => {
        const editing = pick(index);
        expect(editing.takeOut(editing.add(text), text)).toBe(text);
      }),
      RUNS,
    );
  });

  test("adding twice is adding once", () => {
    fc.assert(
      fc.property(settingsText, which, (text, index) => {
        const once = pick(index).add(text);
        expect(pick(index).add(once)).toBe(once);
      }),
      RUNS,
    );
  });

  test("another program and another home are put in place of the first ones, and come out as well", () => {
    fc.assert(
      fc.property(settingsText, which, (text, index) => {
        const first = pick(index).add(text);
        const second = pick(index, moved).add(first);
        if (pick(index, moved).isIn(second)) expect(second).not.toBe(first);
        expect(second).toBe(pick(index, moved).add(second));
        expect(pick(index, moved).takeOut(second, text)).toBe(text);
      }),
      RUNS,
    );
  });

  test("everything that was there is still there, comments too", () => {
    fc.assert(
      fc.property(settingsText, which, (text, index) => {
        const after = pick(index).add(text);
        let at = 0;
        // Each token of the text stands in the new one, in the same order.
        for (const token of text.match(/"(?:[^"\\]|\\.)*"|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|[^\s",:{}[\]/]+/g) ??
          []) {
          const found = after.indexOf(token, at);
          expect(found, token).not.toBe(-1);
          at = found + token.length;
        }
      }),
      RUNS,
    );
  });

  test("what a person changes in between is the same after it was taken out", () => {
    fc.assert(
      fc.property(settingsText, which, (text, index) => {
        const edited = (from: string): string => from.replaceAll("MARK", "changed by hand");
        const base = text;
        const after = pick(index).takeOut(edited(pick(index).add(text)), base);
        expect(after).toBe(edited(text));
      }),
      RUNS,
    );
  });

  test("a person may order the members anew and write the file in another manner", () => {
    fc.assert(
      fc.property(
        settingsText.filter((text) => text.trim() !== ""),
        which,
        fc.constantFrom(0, 2, "\t"),
        (text, index, indent) => {
          const rewritten = JSON.stringify(backwards(meaningOf(pick(index).add(text))), null, indent);
          expect(meaningOf(pick(index).takeOut(rewritten, text))).toEqual(backwards(meaningOf(text)));
        },
      ),
      RUNS,
    );
  });

  test("a person may put entries of their own before and behind ours", () => {
    fc.assert(
      fc.property(
        settingsText.filter((text) => text.trim() !== ""),
        (text) => {
          const value = meaningOf(text) as Settings;
          const added = meaningOf(pick(1).add(text)) as Settings;
          const after = pick(1).takeOut(JSON.stringify(withOwnHook(added)), text);
          expect(meaningOf(after)).toEqual(withOwnHook(value));
        },
      ),
      RUNS,
    );
  });
});

interface Settings {
  readonly hooks?: { readonly [event: string]: readonly unknown[] };
}

const OWN = { hooks: [{ type: "command", command: "own" }] };

function withOwnHook(settings: Settings): Settings {
  const stop = settings.hooks?.["Stop"] ?? [];
  return { ...settings, hooks: { ...settings.hooks, Stop: [OWN, ...stop, OWN] } };
}

/** The same with every object's members in the opposite order; lists keep theirs. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, backwards(member)]),
  );
}

describe("TOML", () => {
  const [block] = codexPlan(placed, around).files.map((file) => file.editing) as [Editing];
  const [other] = codexPlan(moved, around).files.map((file) => file.editing) as [Editing];
  const line = fc.constantFrom(
    'model = "MARK"',
    "# MARK",
    "",
    "   ",
    '[projects."/w"]',
    'trust_level = "trusted" # MARK',
    "[mcp_servers.other]",
    'command = "x"',
    "[[list]]",
    "[mcp_servers]",
  );
  const toml = fc
    .tuple(fc.uniqueArray(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n"), fc.boolean(), fc.boolean())
    .map(
      ([lines, eol, ended, bom]) =>
        (bom ? "\ufeff" : "") + lines.join(eol) + (ended && lines.length > 0 ? eol : ""),
    )
    .filter((text) => parses(text));

  test("added and taken out leaves the text as it was; twice is once; another program comes in place", () => {
    fc.assert(
      fc.property(toml, (text) => {
        const once = block.add(text);
        expect(block.add(once)).toBe(once);
        expect(block.takeOut(once, text)).toBe(text);
        expect(block.takeOut(other.add(once), text)).toBe(text);
        const edited = (from: string): string => from.replaceAll("MARK", "changed");
        expect(block.takeOut(edited(once), text)).toBe(edited(text));
        expect(parse(once.replace("\ufeff", ""))).toMatchObject({
          mcp_servers: { prism: { command: placed.program[0] } },
        });
      }),
      RUNS,
    );
  });
});

function parses(text: string): boolean {
  try {
    parse(text.replace("\ufeff", ""));
    return true;
  } catch {
    return false;
  }
}

test("the two files of Claude Code are tried", () => {
  expect(editings).toHaveLength(2);
});
