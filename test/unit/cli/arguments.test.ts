import { describe, expect, it } from "vitest";
import { flagOf, parseArguments, type Sources, table, variableOf } from "../../../src/cli/arguments.ts";
import { ConfigError } from "../../../src/cli/exit-status.ts";
import { choice, duration, line, name, whole } from "../../../src/cli/kinds.ts";
import { PrismError } from "../../../src/domain/errors.ts";

const verb = table({
  name: "ring",
  about: [],
  arguments: [
    { word: "WHO", about: "whom", kind: name },
    { word: "TEXT", about: "what", kind: line("TEXT") },
  ],
  flags: {
    persona: { kind: name, about: "", setting: true, needed: true },
    limit: { kind: whole({ min: 1, max: 9 }), about: "" },
    logForm: { kind: choice(["json", "text"]), about: "", setting: true },
    lease: { kind: duration({ msMin: 1, msMax: 1000 }), about: "", setting: true },
    loud: { kind: "switch", about: "", setting: true },
    quiet: { kind: "switch", about: "" },
    cert: { kind: line("FILE"), about: "" },
    certKey: { kind: line("FILE"), about: "", setting: true },
  },
  apart: [["loud", "quiet"]],
  together: [["cert", "certKey"]],
  examples: [{ line: 'prism ring bob "hi" --persona a', about: "" }],
});

const nothing: Sources = { env: {}, config: {}, configPath: "/home/config.json" };
const parse = (words: string, sources = nothing) => parseArguments(verb, words.split(" "), sources);

function fault(words: string, sources = nothing): string {
  try {
    parse(words, sources);
  } catch (error) {
    if (error instanceof PrismError)
      return error.hint === undefined ? error.message : `${error.message} | ${error.hint}`;
    throw error;
  }
  return "no fault";
}

describe("flags of which neither makes sense alone", () => {
  const withKey = { ...nothing, env: { PRISM_CERT_KEY: "k" } };

  it("may come from different places", () => {
    expect(parse("bob hi --persona a --cert x", withKey).flags).toMatchObject({ cert: "x", certKey: "k" });
  });

  it("are missed also when none of them was typed, as a fault of the configuration", () => {
    expect(() => parse("bob hi --persona a", withKey)).toThrow(ConfigError);
    expect(fault("bob hi --persona a", withKey)).toBe(
      '--cert-key needs --cert beside it | see "prism help ring"',
    );
  });
});

describe("what is typed", () => {
  it("is read into typed values, in any order", () => {
    const { flags, arguments: values } = parse("--limit 3 Bob --persona=a --quiet hello");
    expect(values).toEqual(["bob", "hello"]);
    expect(flags).toEqual({
      persona: "a",
      limit: 3,
      logForm: undefined,
      lease: undefined,
      loud: false,
      quiet: true,
      cert: undefined,
      certKey: undefined,
    });
  });

  it("may begin with a dash after --", () => {
    expect(parse("--persona a bob -- -hi").arguments).toEqual(["bob", "-hi"]);
  });

  it("may be a single dash", () => expect(parse("--persona a bob -").arguments).toEqual(["bob", "-"]));

  it.each([
    ["bob hi --persnoa a", 'ring has no flag "--persnoa" | did you mean --persona?'],
    ["bob hi --persona", '--persona needs a value: --persona NAME | see "prism help ring"'],
    ["bob hi --persona --quiet", '--persona needs a value: --persona NAME | see "prism help ring"'],
    ["bob hi --persona a --persona b", "--persona is given twice | give it once"],
    ["bob hi --persona a --quiet=yes", "--quiet takes no value | write --quiet alone"],
    ["bob hi --persona a --limit 10", '--limit must be a whole number from 1 to 9, not "10"'],
    ["bob hi --persona a --limit -1", '--limit must be a whole number from 1 to 9, not "-1"'],
    ["bob hi --persona a --loud --quiet", "--loud and --quiet contradict each other | give one of them"],
    ["bob hi --persona a --cert x", "--cert needs --cert-key beside it | give it, or set PRISM_CERT_KEY"],
    ["bob hi --persona a --cert-key x", '--cert-key needs --cert beside it | see "prism help ring"'],
    ["bob hi", "ring needs --persona NAME | give it, or set PRISM_PERSONA"],
    ["bob --persona a", 'ring needs TEXT: what | as in: prism ring bob "hi" --persona a'],
    [
      "bob hi there --persona a",
      'ring takes WHO and TEXT, and "there" is one too many | quote a text of several words: "like this"',
    ],
    ["bob -5 --persona a", 'ring has no flag "-5" | put "--" before a text that begins with "-"'],
  ])("is refused: %s", (words, message) => expect(fault(words)).toBe(message));
});

describe("flags over variables over the file", () => {
  const sources: Sources = {
    env: { PRISM_PERSONA: "from-env", PRISM_LEASE: "" },
    config: { persona: "from-file", lease: "5ms", logForm: "text", loud: true },
    configPath: "/home/config.json",
  };

  it("takes each from the first that says something", () => {
    const { flags, typed } = parse("bob hi --log-form json", sources);
    expect(flags).toMatchObject({ persona: "from-env", lease: 5, logForm: "json", loud: true });
    expect([...typed]).toEqual(["logForm"]);
  });

  it("names the place of a wrong value, and it is a configuration error", () => {
    expect(fault("bob hi --persona a", { ...sources, config: { lease: "soon" } })).toContain(
      '"lease" in /home/config.json "soon" is not a duration',
    );
    expect(fault("bob hi", { ...sources, env: { PRISM_PERSONA: "a b" } })).toBe(
      'PRISM_PERSONA "a b" is not a name of 1 to 64 letters, digits, ".", "_" or "-" | try "a-b"',
    );
    expect(() => parse("bob hi", { ...sources, config: { lease: true } })).toThrow(ConfigError);
    expect(() => parse("bob hi --lease x", sources)).not.toThrow(ConfigError);
  });

  it("a value that is typed hides a wrong one elsewhere", () => {
    expect(parse("bob hi --persona a", { ...sources, env: { PRISM_PERSONA: "!" } }).flags.persona).toBe("a");
  });
});

it("spells one name three ways", () => {
  expect([flagOf("execCommand"), variableOf("execCommand")]).toEqual([
    "--exec-command",
    "PRISM_EXEC_COMMAND",
  ]);
});
