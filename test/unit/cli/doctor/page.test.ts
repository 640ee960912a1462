import { expect, it } from "vitest";
import { bounded } from "../../../../src/cli/doctor/bounded.ts";
import { mendAll } from "../../../../src/cli/doctor/fix.ts";
import { type Found, pageText, reportOf } from "../../../../src/cli/doctor/page.ts";
import { inkFor } from "../../../../src/cli/layout.ts";
import { PrismError } from "../../../../src/domain/errors.ts";

const plain = inkFor({ isColoured: false });
const mend = { does: "close the door", run() {} };
const broken: Found = {
  topic: "program",
  name: "program",
  verdict: "fail",
  finding: "it is gone",
  remedy: "bring it back",
  code: "not_found",
};
const open: Found = {
  topic: "files",
  name: "home",
  verdict: "warn",
  finding: "others can enter",
  remedy: "close it",
  mend,
};
const well: Found = { topic: "settings", name: "settings", verdict: "ok", finding: "no file" };

it("has the worst right above the prompt, and says what --fix would do", () => {
  expect(pageText([broken, open, well], [], plain)).toMatchInlineSnapshot(`
    "settings
      ok    settings  no file

    files
      warn  home      others can enter
                      -> close it

    this program
      FAIL  program   it is gone
                      -> bring it back

    1 failure, 1 warning: see "->" above
    prism doctor --fix mends one of these by itself
    "
  `);
});

it("says what was done, and why something was not", () => {
  const deeds = [
    { check: "home", does: "close the door", failure: null },
    { check: "linger", does: "let it run", failure: "access denied" },
    { check: "linger", does: "let it run", failure: "could not let it run: access denied" },
  ];
  expect(pageText([well], deeds, plain)).toMatchInlineSnapshot(`
    "settings
      ok    settings  no file

    mended
      done  close the door
      not   let it run: access denied
      not   could not let it run: access denied

    all is well
    "
  `);
});

it("is the same as data, in an order that stays", () => {
  expect(reportOf([broken, open, well], [])).toEqual({
    well: false,
    checks: [
      {
        topic: "program",
        name: "program",
        verdict: "fail",
        finding: "it is gone",
        remedy: "bring it back",
        code: "not_found",
      },
      {
        topic: "files",
        name: "home",
        verdict: "warn",
        finding: "others can enter",
        remedy: "close it",
        fix: "close the door",
      },
      { topic: "settings", name: "settings", verdict: "ok", finding: "no file" },
    ],
    did: [],
  });
});

it("what can't be mended is told, and the rest is mended", async () => {
  const denied = new PrismError("permission_denied", "access denied", { hint: "as root" });
  const failing = { does: "let it run", run: async () => Promise.reject(denied) };
  expect(await mendAll([well, { ...open, mend: failing }, open])).toEqual([
    { check: "home", does: "let it run", failure: "access denied (as root)" },
    { check: "home", does: "close the door", failure: null },
  ]);
});

const how = { msMax: 5, keepDetails: () => undefined };

it("a topic that hangs is a finding, and the rest of the page goes on", async () => {
  expect(await bounded("services", () => new Promise(() => {}), how)).toMatchObject([
    { name: "services", verdict: "warn", finding: "no answer within under 1 s: what it looked at hangs" },
  ]);
});

it("a topic that fails is a finding; a bug is one without its details", async () => {
  const denied = new PrismError("permission_denied", "access denied");
  expect(await bounded("files", () => Promise.reject(denied), how)).toMatchObject([
    { name: "files", verdict: "fail", code: "permission_denied" },
  ]);
  const kept: unknown[] = [];
  const keepDetails = (error: unknown) => {
    kept.push(error);
    return "/log/crash.log";
  };
  const bug = new Error("secret detail");
  const checks = await bounded("files", () => Promise.reject(bug), { msMax: 5000, keepDetails });
  expect(checks).toMatchObject([
    { name: "files", verdict: "fail", code: "internal", remedy: "the details are in /log/crash.log" },
  ]);
  expect(JSON.stringify(checks)).not.toContain("secret");
  expect(kept).toEqual([bug]);
});
