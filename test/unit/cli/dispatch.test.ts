import { describe, expect, it } from "vitest";
import { flagOf, parseArguments } from "../../../src/cli/arguments.ts";
import { dispatch } from "../../../src/cli/dispatch.ts";
import { VERB_GROUPS, VERBS_BY_NAME } from "../../../src/cli/verbs.ts";
import { PrismError } from "../../../src/domain/errors.ts";
import { fakeRuntime, typed } from "../../support/fake-runtime.ts";

const names = [...VERBS_BY_NAME.keys()];
/** Some names are of two words. */
const wordsOf = (name: string): string[] => name.split(" ");
const isVerb = (words: readonly string[], at: number): boolean =>
  VERBS_BY_NAME.has(words[at] ?? "") || VERBS_BY_NAME.has(words.slice(at, at + 2).join(" "));

describe("help", () => {
  it("lists every verb, and is what a stranger sees first", async () => {
    const { status, out } = await typed(["help"]);
    expect(status).toBe(0);
    expect(out).toMatchSnapshot();
    expect((await typed(["--help"])).out).toBe(out);
    expect((await typed([])).err).toBe(out);
    expect((await typed([])).status).toBe(64);
    for (const word of ["help", "version"]) expect((await typed(["help", word])).out).toBe(out);
  });

  it.each(names)("of %s is a page", async (name) => {
    const { status, out } = await typed(["help", ...wordsOf(name)]);
    expect(status).toBe(0);
    expect(out).toMatchSnapshot();
    expect((await typed([...wordsOf(name), "--help"])).out).toBe(out);
    expect((await typed([...wordsOf(name), "-h", "--bogus"])).out).toBe(out);
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it("of the first word of some lists what may stand behind it", async () => {
    const { status, out } = await typed(["help", "surface"]);
    expect(status).toBe(0);
    expect(out).toMatchSnapshot();
    expect((await typed(["surface", "--help"])).out).toBe(out);
    expect((await typed(["help", "surface", "ad"])).err).toBe(
      'prism: there is no verb "surface ad"\n  hint: did you mean "prism surface add"?\n',
    );
    expect((await typed(["help", "surface", "add", "x"])).status).toBe(64);
  });

  it("comes as data too", async () => {
    expect(
      JSON.parse((await typed(["help", "--json"])).out).verbs.map((verb: { name: string }) => verb.name),
    ).toEqual(names);
    expect(Object.keys(JSON.parse((await typed(["help", "drain", "--json"])).out))).toEqual([
      "name",
      "summary",
      "text",
    ]);
  });
});

describe("every verb's table", () => {
  it.each(names)("%s: its examples are right", async (name) => {
    const { table } = (await VERBS_BY_NAME.get(name)?.load()) ?? {};
    if (table === undefined) throw new Error("no such verb");
    expect(table.name).toBe(name);
    for (const example of table.examples) {
      const words = shellWords(example.line);
      const at = words.findIndex(
        (word, i) => word === "prism-daemon" || (word === "prism" && isVerb(words, i + 1)),
      );
      const env = Object.fromEntries(
        words.slice(0, at).flatMap((word) => (word.includes("=") ? [word.split("=")] : [])),
      );
      const from = words[at] === "prism" ? at + 1 + wordsOf(name).length : at + 1;
      const rest = words.slice(from);
      if (words[at] === "prism") expect(words.slice(at + 1, from), example.line).toEqual(wordsOf(name));
      expect(
        () => parseArguments(table, rest, { env, config: {}, configPath: "" }),
        example.line,
      ).not.toThrow();
    }
  });

  it.each(names)("%s: its pairs are flags, and --json is one", async (name) => {
    const { table } = (await VERBS_BY_NAME.get(name)?.load()) ?? {};
    const keys = Object.keys(table?.flags ?? {});
    for (const pair of [...(table?.apart ?? []), ...(table?.together ?? [])])
      expect(keys).toEqual(expect.arrayContaining([...pair]));
    // What a hook prints is its client's own form.
    if (name !== "hook") expect(keys).toContain("json");
    expect(keys.map(flagOf)).not.toContain("--token");
  });

  it("groups hold each verb once", () => {
    expect(VERB_GROUPS.flatMap((group) => group.verbs).length).toBe(names.length);
  });
});

/** As a shell would split a line: quotes only. */
function shellWords(line: string): string[] {
  return Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), (match) => match[1] ?? match[2] ?? "");
}

describe("failures", () => {
  it("are a sentence and a hint on stderr", async () => {
    expect(await typed(["signla", "x"])).toEqual({
      status: 64,
      out: "",
      err: 'prism: there is no verb "signla"\n  hint: did you mean "prism signal"?\n',
    });
    expect((await typed(["--bogus"])).err).toBe(
      'prism: a verb comes first, not "--bogus"\n  hint: see "prism help"\n',
    );
    expect((await typed(["help", "a", "b"])).status).toBe(64);
  });

  it("name what must stand behind the first word of some", async () => {
    expect(await typed(["surface"])).toEqual({
      status: 64,
      out: "",
      err: 'prism: "surface" needs another word behind it\n  hint: one of: prism surface add, prism surface remove, prism surface list\n',
    });
    expect((await typed(["surface", "remvoe", "codex"])).err).toBe(
      'prism: there is no verb "surface remvoe"\n  hint: did you mean "prism surface remove"?\n',
    );
  });

  it("are data on stdout with --json, and a sentence too", async () => {
    const { out, err, status } = await typed(["drain", "--json", "--limit", "0"]);
    expect(JSON.parse(out)).toEqual({
      error: { code: "invalid_argument", message: '--limit must be a whole number from 1 to 500, not "0"' },
    });
    expect([status, err]).toEqual([64, 'prism: --limit must be a whole number from 1 to 500, not "0"\n']);
  });

  it("leave a protocol's stdout alone", async () => {
    const { out, err } = await typed(["mcp", "--json", "--bogus"]);
    expect(out).toBe("");
    expect(JSON.parse(err).error.code).toBe("unknown_key");
  });

  it("that are bugs show no detail, and say where it is kept", async () => {
    const runtime = fakeRuntime();
    Object.defineProperty(runtime, "version", {
      get() {
        throw new TypeError("secret detail");
      },
    });
    expect(await dispatch(["version"], runtime)).toBe(70);
    expect(runtime.printed.err).toBe(
      "prism: something went wrong inside Prism\n  hint: the details are in /log/crash.log\n",
    );
    expect(runtime.details).toHaveLength(1);
  });

  it("make no terminal move: controls are spelt out", async () => {
    expect((await typed(["\u001b[2J"])).err).toContain('"\\u001b[2J"');
  });

  it("of output that can't be written are told", async () => {
    const full = async () => {
      throw new PrismError("storage_full", "could not write to standard output: the disk is full");
    };
    expect((await typed(["version"], { flush: full })).status).toBe(74);
    expect((await typed(["version"], { flush: async () => "closed" })).status).toBe(0);
  });
});

it("a request to stop ends a verb that only asks", async () => {
  const runtime = fakeRuntime({ env: { PRISM_TOKEN: "t", PRISM_HUB: "http://127.0.0.1:9" } });
  runtime.stop.abort(new PrismError("interrupted", "stopped by SIGINT"));
  expect(await dispatch(["status"], runtime)).toBe(130);
  expect(runtime.printed.err).toBe("prism: stopped by SIGINT\n");
});

it("says its version", async () => {
  expect((await typed(["--version"])).out).toBe("prism 1.2.3\n");
  expect(JSON.parse((await typed(["version", "--json"])).out)).toEqual({
    version: "1.2.3",
    runtime: { node: "24.0.0", flags: [], packaged: false },
  });
});
