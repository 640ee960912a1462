/** What a person sees of personas: all of them, and one; without a hub and without a service manager too. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openJournal } from "../../../../src/cli/persona/record.ts";
import { rollOf } from "../../../../src/cli/persona/roll.ts";
import type { HubSide } from "../../../../src/cli/persona/world.ts";
import { whose } from "../../../../src/cli/surface/whose.ts";
import type { PersonaReport } from "../../../../src/domain/verbs.ts";
import { homeAt, stateDirOf } from "../../../../src/host/home.ts";
import { fakeRuntime, typed } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const AT_MS = 1_795_000_000_000;
const report = (persona: string, more: Partial<PersonaReport> = {}): PersonaReport => ({
  ...{ address: `${persona}@shop`, persona, project: "shop", state: "active", createdAtMs: AT_MS - 9000 },
  ...{
    archivedAtMs: null,
    hasToken: true,
    leaseMs: 60_000,
    lastHeardAtMs: AT_MS - 4000,
    daemon: "away",
    open: 3,
  },
  ...more,
});

function hubOf(...personas: PersonaReport[]): HubSide {
  return {
    url: "http://127.0.0.1:7747",
    ask: async () => ({ personas }) as never,
    accepts: async () => true,
  };
}

function stage() {
  const dir = tempDir();
  const env = { PRISM_HOME: join(dir, "home"), PATH: join(dir, "none"), HOME: dir };
  const home = homeAt(env.PRISM_HOME);
  const stateDir = stateDirOf(home, "local", { persona: "reviewer", project: "shop" });
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(stateDir, "token"), "a-secret-word\n", { mode: 0o600 });
  const journal = openJournal(stateDir, () => AT_MS);
  const write = (undertaking: "creating" | "standing" | "destroying") =>
    journal.write({
      ...{ undertaking, doing: "service", done: ["token", "identity"] },
      ...{
        root: "/work/shop",
        surface: "codex",
        typed: ["--codex-resume=exec"],
        purge: undertaking === "destroying" ? true : undefined,
      },
    });
  return { env, write, runtime: fakeRuntime({ env }) };
}

it("shows what was cut short, and the command that does the rest; never a token", async () => {
  const { env, write } = stage();
  await write("creating");
  const list = await typed(["persona", "list"], { env });
  expect(list.status).toBe(0);
  expect(list.out).toContain("what follows is what this host knows");
  expect(list.out).toMatch(/reviewer@shop {3}half done {3}.* {3}codex {5}none {6}\/work\/shop\n/);
  expect(list.out).toContain(
    "reviewer@shop: prism persona create reviewer --project '/work/shop' --surface codex --codex-resume=exec\n",
  );
  const show = await typed(["persona", "show", "reviewer"], { env });
  expect(show.out).toContain("creating was cut short, in the middle of: service; done: token, identity");
  expect(show.out).toContain("/state/local/reviewer@shop/token\n");
  expect(list.out + show.out).not.toContain("a-secret-word");
  await write("destroying");
  expect((await typed(["persona", "list"], { env })).out).toContain(
    "prism persona destroy reviewer@shop --purge",
  );
});

it("nobody yet, and nobody of that name, are told in words", async () => {
  const env = { PRISM_HOME: join(tempDir(), "home"), PATH: "/none" };
  expect((await typed(["persona", "list"], { env })).out).toContain("there are no personas yet");
  const none = await typed(["persona", "show", "ann@shop"], { env });
  expect([none.status, none.err.split("\n")[0]]).toEqual([
    67,
    expect.stringContaining("there is no persona ann@shop, and the hub can't be asked: "),
  ]);
});

it("misses a service only where there is one: of one started by hand it says the command", async () => {
  const { env, runtime, write } = stage();
  const journal = openJournal(
    stateDirOf(runtime.home, "local", { persona: "reviewer", project: "shop" }),
    () => AT_MS,
  );
  await write("standing");
  await journal.write({ undertaking: "standing", service: "prism-daemon-local-reviewer" });
  const missed = await typed(["persona", "list"], { env });
  expect(missed.out).toContain("no service manager answers here, so services are not known");
  expect((await typed(["persona", "show", "reviewer"], { env })).out).toContain(
    "prism-daemon-local-reviewer: not known, no service manager answers here",
  );
  const words = ["daemon", "--persona", "reviewer", "--project", "/work/shop"];
  await journal.write({ service: undefined, noService: true, words });
  const list = await typed(["persona", "list"], { env });
  expect(list.out).not.toContain("no service manager");
  expect(list.out).toContain("by hand");
  expect((await typed(["persona", "show", "reviewer"], { env })).out).toMatch(
    / start +env .* daemon --persona reviewer --project '\/work\/shop'\n/,
  );
});

it("joins what the hub knows with what this host keeps", async () => {
  const { runtime, write } = stage();
  await write("standing");
  const hub = hubOf(
    report("ann", { daemon: "connected" }),
    report("bea", { state: "archived", archivedAtMs: 7 }),
  );
  const { personas, silence } = await rollOf(hub, runtime, { tenant: undefined });
  expect(silence).toContain("no service manager");
  expect(
    personas.map(({ address, state, sinceMs, isHere, open }) => [address, state, sinceMs, isHere, open]),
  ).toEqual([
    ["ann@shop", "connected", AT_MS - 4000, false, 3],
    ["bea@shop", "archived", 7, false, 3],
    ["reviewer@shop", "strange", AT_MS, true, null],
  ]);
  const alone = await rollOf(hubOf(report("reviewer", { daemon: "none" })), runtime, {
    tenant: undefined,
    only: whose({ persona: "reviewer", project: "shop" }, undefined, runtime.home),
  });
  expect(alone.personas).toMatchObject([{ state: "down", root: "/work/shop", surface: "codex" }]);
});
