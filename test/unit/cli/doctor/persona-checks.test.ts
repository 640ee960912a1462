import { describe, expect, it, onTestFinished } from "vitest";
import { personaChecks } from "../../../../src/cli/doctor/persona-checks.ts";
import type { PersonaReport } from "../../../../src/domain/verbs.ts";
import { doctorStage } from "../../../support/doctor-stage.ts";
import { ADA_TOKEN, openTestServer, TOKEN } from "../../../support/test-server.ts";

const STANDING = {
  version: 1,
  undertaking: "standing",
  done: ["token"],
  root: "/w/my shop",
  surface: "exec",
  createdAtMs: 1,
  changedAtMs: 2,
};

function stage() {
  const made = doctorStage();
  const keep = (address: string, record: object, tenant = "local") =>
    made.file(`home/state/${tenant}/${address}/persona.json`, JSON.stringify(record));
  const look = async (known: readonly PersonaReport[] | null, isWhole = true) => {
    const flags = { hub: made.env["PRISM_HUB"], tokenFile: undefined, tlsCa: undefined };
    return new Map(
      (await personaChecks(known && { tenant: "local", reports: known, isWhole }, flags, made.runtime())).map(
        (check) => [check.name, check],
      ),
    );
  };
  return { ...made, keep, look };
}

function known(address: string, more: Partial<PersonaReport> = {}): PersonaReport {
  const [persona = "", project = ""] = address.split("@");
  return {
    address,
    persona,
    project,
    state: "active",
    createdAtMs: 1,
    archivedAtMs: null,
    hasToken: true,
    leaseMs: 1,
    lastHeardAtMs: 1,
    daemon: "connected",
    open: 0,
    ...more,
  };
}

describe("personas", () => {
  it("that nobody created are none", async () => {
    expect([...(await stage().look([known("ada@shop")])).values()]).toMatchObject([
      { name: "personas", verdict: "note" },
    ]);
  });

  it.each([
    [
      "creating",
      { doing: "surface", done: ["token", "identity"] },
      "prism persona create ada --project '/w/my shop' --surface exec --lease=30d",
    ],
    [
      "creating",
      { doing: "service", done: ["token", "identity", "surface"] },
      "prism persona create ada --project '/w/my shop' --surface exec --lease=30d",
    ],
    ["destroying", { doing: "daemon", purge: true }, "prism persona destroy ada@shop --purge"],
    ["archiving", {}, "prism persona archive ada@shop"],
    ["restoring", {}, "prism persona restore ada@shop"],
  ])(
    "of which %s was cut short are finished by the command that is told",
    async (undertaking, more, finish) => {
      const { keep, look } = stage();
      const words = ["daemon", "--persona", "ada", "--project", "/w/my shop", "--lease=30d"];
      keep("ada@shop", { ...STANDING, words, undertaking, ...more });
      expect((await look(null)).get("persona ada@shop")).toMatchObject({
        verdict: "warn",
        finding: expect.stringContaining(`${undertaking} ada@shop was cut short`),
        remedy: `if none runs, this does the rest: ${finish}`,
      });
    },
  );

  it("in another tenant have it in the command", async () => {
    const { keep, look } = stage();
    keep("ada@shop", { ...STANDING, undertaking: "archiving" }, "acme");
    expect((await look([known("ada@shop")])).get("persona ada@shop")?.remedy).toMatch(
      /archive ada@shop --tenant acme$/,
    );
    // Whom this hub knows by that name is another tenant's.
    keep("bob@shop", STANDING, "acme");
    expect((await look([])).get("persona bob@shop")?.verdict).toBe("skip");
  });

  it("that the hub does not know, or has archived, are told; without a hub nothing is", async () => {
    const { keep, look } = stage();
    keep("ada@shop", STANDING);
    expect((await look(null)).get("persona ada@shop")).toMatchObject({ verdict: "skip" });
    expect((await look([], false)).get("persona ada@shop")).toMatchObject({ verdict: "skip" });
    expect((await look([])).get("persona ada@shop")).toMatchObject({
      verdict: "warn",
      remedy:
        "make it known again: prism persona create ada --project '/w/my shop' --surface exec; or take it away: prism persona destroy ada@shop",
    });
    const archived = known("ada@shop", {
      state: "archived",
      archivedAtMs: 1_795_000_000_000 - 7_200_000,
      open: 3,
    });
    expect((await look([archived])).get("persona ada@shop")).toMatchObject({
      verdict: "note",
      finding: "ada@shop was archived 2 h ago: off duty, 3 signals wait",
      remedy: "to have it on duty again: prism persona restore ada@shop",
    });
    // Kept on another host, or archived without ever having been created.
    expect((await look([known("bob@shop", { state: "archived" })])).has("persona bob@shop")).toBe(true);
  });

  it("whose record is broken are created again", async () => {
    const { file, look } = stage();
    file("home/state/local/ada@shop/persona.json", "{");
    expect((await look([])).get("persona ada@shop")).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining("can't be read"),
    });
  });

  it("are asked for by their own tokens, which are shown to nobody", async () => {
    const { keep, look, file, env } = stage();
    const hub = await openTestServer();
    onTestFinished(() => hub.server.close("the test is over"));
    Object.assign(env, { PRISM_HUB: hub.server.url, PRISM_TOKEN: TOKEN });
    hub.service.answers.history = { ok: { signals: [], next: null } };
    keep("ada@shop", STANDING);
    file("home/state/local/ada@shop/token", ADA_TOKEN);
    expect((await look([known("ada@shop")])).get("persona ada@shop")).toMatchObject({ verdict: "ok" });
    // Nothing else tells of a daemon that nobody started, where there is no service.
    keep("ada@shop", { ...STANDING, noService: true, words: ["daemon", "--persona", "ada"] });
    const idle = (await look([known("ada@shop", { daemon: "none" })])).get("persona ada@shop");
    expect(idle).toMatchObject({ verdict: "warn", remedy: expect.stringMatching(/ daemon --persona ada$/) });
    keep("ada@shop", STANDING);
    file("home/state/local/ada@shop/token", "a-dead-token");
    const dead = (await look([known("ada@shop")])).get("persona ada@shop");
    expect(dead).toMatchObject({
      verdict: "fail",
      code: "unauthorized",
      remedy: "have it make a new one: prism persona create ada --project '/w/my shop' --surface exec",
    });
    expect(JSON.stringify(dead)).not.toContain("a-dead-token");
  });
});
