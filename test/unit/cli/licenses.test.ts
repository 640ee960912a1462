/** The licences lie in the built executable alone: test/e2e/executable.test.ts reads them there. */
import { expect, it } from "vitest";
import { typed } from "../../support/fake-runtime.ts";

it("run from its sources, says where the texts are instead", async () => {
  const { status, out, err } = await typed(["licenses"]);
  expect({ status, out }).toEqual({ status: 69, out: "" });
  expect(err).toContain("only the built executable holds the texts of licences");
  expect(err).toContain("below node_modules");
});
