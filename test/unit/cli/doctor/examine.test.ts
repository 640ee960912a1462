import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { type StatusAnswer, VERBS } from "../../../../src/domain/verbs.ts";
import { ipcPathOf, stateDirOf } from "../../../../src/host/home.ts";
import { type DoctorStage, doctorStage, treeOf } from "../../../support/doctor-stage.ts";
import { typed } from "../../../support/fake-runtime.ts";
import { openTestServer, type TestServer, TOKEN } from "../../../support/test-server.ts";

let hub: TestServer | undefined;
afterEach(async () => {
  await hub?.server.close("the test is over");
  hub = undefined;
});

/** A home in which something of every kind is amiss. */
async function mess() {
  const stage = doctorStage();
  stage.folder("shop");
  const added = await typed(["surface", "add", "codex", "--persona", "reviewer", "--project", "shop"], {
    env: stage.env,
    cwd: stage.dir,
  });
  expect(added.status, added.err).toBe(0);
  stage.file("home/token", "secret-token", 0o644);
  stage.file("home/hub.json", JSON.stringify({ url: "http://127.0.0.1:9", pid: 2_000_000_000 }));
  stage.file("home/config.json", '{"hubb": "x"}');
  stage.file("home/state/local/reviewer@shop/.position.2000000000-1.tmp");
  stage.file("home/state/local/reviewer@shop/position.corrupt");
  stage.file("home/state/local/reviewer@shop/lock.json", "{}");
  stage.file("home/state/local/planner@shop/token", "another-secret", 0o640);
  stage.file("home/log/crash.log", "Error\n");
  stage.folder("home/state", 0o755);
  chmodSync(stage.home, 0o755);
  return stage;
}

it("changes nothing without --fix: no byte, no mode and no time of the home, nothing at the hub", async () => {
  const stage = await mess();
  hub = await openTestServer();
  Object.assign(stage.env, { PRISM_HUB: hub.server.url, PRISM_TOKEN: TOKEN });
  const before = treeOf(stage.dir);
  for (const words of [[], ["--json"]]) {
    const { out, status } = await stage.doctor(...words);
    expect(out).toContain("fix");
    expect(status).not.toBe(0);
    expect(out).not.toMatch(/secret/);
  }
  expect(treeOf(stage.dir)).toEqual(before);
  expect(hub.service.asked.map(({ verb }) => VERBS[verb].readOnly)).not.toContain(false);
  expect(hub.service.asked.length).toBeGreaterThan(0);
});

it("--fix does what it says it would, tells each thing, and then finds nothing more to do", async () => {
  const stage = await mess();
  const would = JSON.parse((await stage.doctor("--json")).out).checks.flatMap(
    ({ fix }: { fix?: string }) => fix ?? [],
  );
  const { checks, did } = JSON.parse((await stage.doctor("--fix", "--json")).out);
  expect(did.map(({ does, failure }: { does: string; failure: null }) => [does, failure])).toEqual(
    would.map((does: string) => [does, null]),
  );
  expect(would.length).toBeGreaterThan(3);
  expect(checks.filter(({ fix }: { fix?: string }) => fix !== undefined)).toEqual([]);
  const again = treeOf(stage.dir);
  expect(JSON.parse((await stage.doctor("--fix", "--json")).out).did).toEqual([]);
  expect(treeOf(stage.dir)).toEqual(again);
});

it("every check stands in its documentation, under its topic", async () => {
  const docs = readFileSync(new URL("../../../../docs/doctor.md", import.meta.url), "utf8");
  const sections = new Map(docs.split("\n### `").map((section) => [section.split("`")[0], section]));
  for (const [name, { topic }] of await (await mess()).examined()) {
    const [kind, ...rest] = name.split(" ");
    const named = rest.length === 0 || name === "disk home" ? `\`${name}\`` : `\`${kind} `;
    // Where there is nothing of a topic, its own name says so.
    if (kind !== topic) expect(sections.get(topic), name).toContain(named);
    expect(sections.has(topic), topic).toBe(true);
  }
});

it.skipIf(process.platform !== "linux")(
  "a hub, a daemon and a service manager that hang hold up no page",
  async () => {
    const stage = doctorStage();
    const home = stage.runtime().home;
    const address = { persona: "reviewer", project: "shop" };
    mkdirSync(stateDirOf(home, "local", address), { recursive: true });
    const socket = ipcPathOf(home, "local", address);
    mkdirSync(dirname(socket), { recursive: true });
    const listen = async (where: string | number) => {
      const sockets: Socket[] = [];
      const server = createServer((accepted) => sockets.push(accepted));
      await new Promise<void>((resolve) => server.listen(where, resolve));
      onTestFinished(() => {
        for (const accepted of sockets) accepted.destroy();
        server.close();
      });
      return server.address();
    };
    await listen(socket);
    const at = await listen(0);
    stage.env["PRISM_HUB"] = `http://127.0.0.1:${typeof at === "object" ? at?.port : 0}`;
    stage.program("systemctl", "sleep 600");
    const found = await stage.examined();
    expect(found.get("hub")).toMatchObject({ verdict: "fail", code: "hub_unreachable" });
    expect(found.get("daemon reviewer@shop")).toMatchObject({ verdict: "fail" });
    expect(found.get("launcher")).toMatchObject({
      verdict: "note",
      finding: expect.stringContaining("did not end within 3 s"),
    });
    expect(found.get("disk")?.verdict).toMatch(/ok|warn/);
  },
);

it.skipIf(process.getuid?.() === 0 || process.getuid === undefined)(
  "a home that can't be read is a finding",
  async () => {
    const stage = await mess();
    chmodSync(stage.home, 0o000);
    onTestFinished(() => chmodSync(stage.home, 0o700));
    expect((await stage.examined()).get("home")).toMatchObject({
      verdict: "fail",
      code: "permission_denied",
    });
  },
);

it("a hub's clock that differs says what that does, and what it does not", async () => {
  const stage = doctorStage();
  hub = await openTestServer();
  Object.assign(stage.env, { PRISM_HUB: hub.server.url, PRISM_TOKEN: TOKEN });
  const status = await clockBy(stage, 10 * 60_000);
  expect(status).toMatchObject({
    verdict: "warn",
    finding:
      "this host's clock is 10 min behind the hub's: leases and times to live are counted by the hub's alone and do not suffer, but times that the hub tells look wrong here by as much",
  });
  expect(await clockBy(stage, -10 * 60_000)).toMatchObject({
    verdict: "warn",
    finding: expect.stringContaining("10 min ahead of"),
  });
  expect(await clockBy(stage, 5000)).toMatchObject({ verdict: "ok", finding: "5 s apart from the hub's" });
});

async function clockBy(stage: DoctorStage, aheadMs: number) {
  const nowMs = stage.runtime().now() + aheadMs;
  const identity = { id: "h", version: "1.0.0", protocol: 1, nowMs, startedAtMs: 0 };
  const answer: StatusAnswer = { hub: identity, tenant: "local", agents: [], daemons: [], waiting: [] };
  if (hub !== undefined) hub.service.answers.status = { ok: answer };
  return (await stage.examined()).get("clock");
}
