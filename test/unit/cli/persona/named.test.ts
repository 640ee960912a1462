import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { commandFor, personaNamed } from "../../../../src/cli/persona/named.ts";
import { fakeRuntime } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";
import { thrownBy } from "../../../support/thrown.ts";

function stage() {
  const cwd = tempDir();
  mkdirSync(join(cwd, "shop"));
  const runtime = fakeRuntime({ cwd, env: { PRISM_HOME: join(cwd, "home"), PRISM_PROJECT: "wrong" } });
  const kept = (name: string) => mkdirSync(join(runtime.home.stateDir, "local", name), { recursive: true });
  const named = (typed: string, project?: string, tenant?: string) =>
    personaNamed(typed, { project, tenant }, runtime).shown;
  return { cwd, kept, named, runtime };
}

it.each([
  ["reviewer@shop", undefined, "reviewer@shop"],
  ["Reviewer", "shop", "reviewer@shop"],
  ["reviewer", "./shop", "reviewer@shop"],
  ["reviewer@./shop", "shop", "reviewer@shop"],
  // Its folder may be gone already.
  ["reviewer", "./gone/store", "reviewer@store"],
])("%s with --project %s is %s", (typed, project, shown) => {
  expect(stage().named(typed, project)).toBe(shown);
});

it("alone it is the only one of that name here", () => {
  const { kept, named } = stage();
  expect(thrownBy(() => named("reviewer")).message).toBe("this host has no persona reviewer");
  kept("reviewer@shop");
  kept("builder@shop");
  expect(named("reviewer")).toBe("reviewer@shop");
  kept("reviewer@store");
  expect(thrownBy(() => named("reviewer")).message).toBe("reviewer could be reviewer@shop or reviewer@store");
});

it("is refused where two projects are named", () => {
  expect(thrownBy(() => stage().named("reviewer@shop", "store")).message).toBe(
    "reviewer@shop names another project than --project",
  );
});

it("the command for it reaches the same one again", () => {
  const { runtime } = stage();
  const at = (tenant: string | undefined) =>
    personaNamed("reviewer@shop", { project: undefined, tenant }, runtime);
  expect(commandFor("show", at(undefined))).toBe("prism persona show reviewer@shop");
  expect(commandFor("show", at("acme"))).toBe("prism persona show reviewer@shop --tenant acme");
});
