/** Which token acts for a persona: its own, where it has one and nobody names another. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isPersonaToken, keptTogether, keptToken } from "../../../src/cli/persona-token.ts";
import { stateDirOf } from "../../../src/host/home.ts";
import { fakeRuntime } from "../../support/fake-runtime.ts";
import { tempDir } from "../../support/temp-dir.ts";

const address = { persona: "reviewer", project: "shop" };

function stage(env: { readonly [name: string]: string } = {}) {
  const runtime = fakeRuntime({ env: { PRISM_HOME: tempDir(), ...env } });
  const put = (tenant: string): string => {
    const dir = stateDirOf(runtime.home, tenant, address);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "token"), "own\n", { mode: 0o600 });
    return join(dir, "token");
  };
  return { runtime, put };
}

it("is its own where there is one, in the tenant that is set", () => {
  const { runtime, put } = stage();
  expect(keptToken(address, undefined, runtime)).toBeUndefined();
  const path = put("local");
  expect(keptToken(address, undefined, runtime)).toEqual({ config: { tokenFile: path }, path });
  expect(keptToken(address, "acme", runtime)).toBeUndefined();
  expect(isPersonaToken(path, runtime.home)).toBe(true);
  expect(isPersonaToken(runtime.home.tokenPath, runtime.home)).toBe(false);
  const acme = stage({ PRISM_TENANT: "acme" });
  acme.put("acme");
  expect(keptToken(address, undefined, acme.runtime)).toBeDefined();
});

it("stands beside what was set up for the surface", () => {
  const surface = { config: { surface: "tmux" }, path: "/s" };
  const token = { config: { tokenFile: "/t" }, path: "/t" };
  expect(keptTogether(surface, token)).toEqual({ config: { surface: "tmux", tokenFile: "/t" }, path: "/s" });
  expect([keptTogether(undefined, token), keptTogether(surface, undefined)]).toEqual([token, surface]);
});
