import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/cli/exit-status.ts";
import { durationText } from "../../../src/cli/kinds.ts";
import { checkSettings, readSources, settings, strayVariables } from "../../../src/cli/settings.ts";
import { DOORBELL_SCHEDULE } from "../../../src/fsm/doorbell.ts";
import { homeAt } from "../../../src/host/home.ts";
import { loopBounds } from "../../../src/hub/core/bounds.ts";
import { BURST_MAX } from "../../../src/hub/core/loops.ts";

function homeWith(config: string | Uint8Array) {
  const home = homeAt(mkdtempSync(join(tmpdir(), "prism-settings-")));
  writeFileSync(home.configPath, config);
  return home;
}

function fault(config: string | Uint8Array): string {
  const home = homeWith(config);
  try {
    readSources(home, {});
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `${error.message} | ${error.hint}`.replaceAll(home.configPath, "FILE");
  }
  return "no fault";
}

describe("the configuration file", () => {
  it("need not exist", () => {
    expect(readSources(homeAt(mkdtempSync(join(tmpdir(), "prism-settings-"))), {}).config).toEqual({});
  });

  it("holds texts and switches, under the names of flags", () => {
    const config = { hub: "http://127.0.0.1:1", lease: "2d", plaintext: true };
    expect(readSources(homeWith(JSON.stringify(config)), {}).config).toEqual(config);
  });

  it.each([
    ["{", 'the configuration FILE is not JSON | write one object, as in {"hub": "http://127.0.0.1:7747"}'],
    ["[]", 'the configuration FILE is not a JSON object | write it as in {"hub": "http://127.0.0.1:7747"}'],
    ["null", 'the configuration FILE is not a JSON object | write it as in {"hub": "http://127.0.0.1:7747"}'],
    ['{"hbu": "x"}', 'the configuration FILE has an unknown key "hbu" | did you mean "hub"?'],
    [
      '{"__proto__x": 1}',
      `the configuration FILE has an unknown key "__proto__x" | known are ${Object.keys(settings).join(", ")}`,
    ],
    [
      '{"lease": 7}',
      '"lease" in FILE must be a text, or true or false for a switch | write it as on the command line: what follows --lease, in quotes',
    ],
    [
      Buffer.from([0xff, 0xfe, 0x00]),
      'the configuration "FILE" is not UTF-8 text | check that it is the right file',
    ],
    [
      " ".repeat(70_000),
      'the configuration "FILE" is longer than 65536 bytes | check that it is the right file',
    ],
  ])("%#: is refused with a sentence", (config, message) => expect(fault(config)).toBe(message));

  it("keeps a token out: there is no key for one", () => {
    expect(fault('{"token": "secret"}')).toContain('unknown key "token"');
    expect(fault('{"token": "secret"}')).not.toContain("secret");
  });
});

it("finds every setting that can't be used", () => {
  const faults = checkSettings({
    env: { PRISM_HUB: "ftp://x", PRISM_PERSONA: "ok" },
    config: { lease: "soon", hub: "also wrong, but hidden" },
    configPath: "/c.json",
  });
  expect(faults.map((error) => error.message)).toEqual([
    'PRISM_HUB: the hub\'s address "ftp://x" is not of a form known here',
    '"lease" in /c.json "soon" is not a duration',
  ]);
});

it("names the variables that nothing reads", () => {
  const env = { PRISM_PRESONA: "x", PRISM_HOME: "y", PRISM_TOKEN: "z", PRISM_LOG_FORM: "json", PATH: "/" };
  expect(strayVariables(env)).toEqual([{ name: "PRISM_PRESONA", near: "PRISM_PERSONA" }]);
});

it("names the defaults that the hub and the daemon really have", () => {
  // They stand there in words, because a daemon must not load the hub for them.
  const { answersMax, paceMs, quietMs } = loopBounds;
  expect(settings.loopAnswers.otherwise).toBe(String(answersMax));
  expect(settings.loopPace.otherwise).toBe(durationText(paceMs));
  expect(settings.loopPace.about).toContain(`after ${BURST_MAX} quick ones`);
  expect(settings.loopQuiet.otherwise).toBe(durationText(quietMs));
  const { unansweredDelaysMs, unansweredRingsMax } = DOORBELL_SCHEDULE;
  expect(settings.ringAgain.kind.read(settings.ringAgain.otherwise ?? "", "it")).toEqual(unansweredDelaysMs);
  expect(settings.ringAgain.about).toContain(`up to ${unansweredRingsMax} rings`);
});
