/**
 * Three personas and their hub under a user's own systemd, the one of this machine: killed, hung, misconfigured,
 * wrapped, and the manager itself started anew. The built executable, and nothing played.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXECUTABLE } from "../support/prism-process.ts";
import { fine, type Prism, prismOf, ran, run, untilSo } from "./place.ts";
import { openUserManager, type UserManager } from "./user-systemd.ts";

const PERSONAS = ["ann", "bob", "cy"] as const;
const nameOf = (persona: string): string => `prism-daemon-local-${persona}`;
const HUB = "prism-hub";

let manager: UserManager;
let prism: Prism;
const sh = (script: string): Promise<string> => fine(manager, "sh", "-c", script);
const kill = (signal: string, pid: number | null): Promise<string> =>
  fine(manager, "kill", `-${signal}`, String(pid));

const create = (persona: string) =>
  prism.asked(
    ...["persona", "create", persona, "--project", "shop"],
    ...["--surface", "exec", "--exec-command", "true"],
  );

/** What doctor says of a service, on its one page. */
async function diagnosis(persona: string) {
  const { out } = await run(manager, "prism", "doctor", "--json");
  const { checks } = JSON.parse(out) as {
    checks: readonly { name: string; verdict: string; finding: string; remedy?: string }[];
  };
  return checks.find(({ name }) => name === `service ${nameOf(persona)}`);
}

/** Two signals for each of them that nobody has drained yet. */
async function sentTo(personas: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const sent = new Map<string, readonly string[]>();
  for (const persona of personas) {
    const to = `${persona}@shop`;
    sent.set(persona, [await prism.signal(to, "one"), await prism.signal(to, "two")]);
  }
  return sent;
}

async function drainedOnce(sent: ReadonlyMap<string, readonly string[]>): Promise<void> {
  for (const [persona, ids] of sent) expect(await prism.drained(persona, "shop")).toEqual(ids);
}

/** A user's own addition to a unit, as `systemctl --user edit` writes it. */
async function dropIn(name: string, ...lines: readonly string[]): Promise<void> {
  const folder = `.config/systemd/user/${name}.service.d`;
  const text = lines.map((line) => `${line}\\n`).join("");
  await sh(`mkdir -p ${folder}; printf '${text}' >${folder}/test.conf; systemctl --user daemon-reload`);
}

async function noDropIn(name: string): Promise<void> {
  await sh(`rm -r .config/systemd/user/${name}.service.d; systemctl --user daemon-reload`);
}

beforeAll(async () => {
  manager = await openUserManager();
  await manager.start();
  prism = prismOf(manager);
  await fine(manager, "mkdir", "shop");
  await fine(manager, EXECUTABLE, "install", "--hub");
  for (const persona of PERSONAS) await create(persona);
  // It said so, and so does each daemon.
  expect([...(await prism.lives()).values()].map(({ isUp }) => isUp)).toEqual([true, true, true]);
});

afterAll(() => manager?.close());

describe("what is killed comes back connected, and what was sent meanwhile is drained once", () => {
  test("each daemon in turn", async () => {
    for (const persona of PERSONAS) {
      const { pid } = await prism.service(nameOf(persona));
      await kill("KILL", pid);
      const sent = await sentTo([persona]);
      await prism.connected([persona], [pid]);
      await drainedOnce(sent);
    }
    expect((await prism.services()).map(({ name, restarts }) => [name, restarts])).toEqual([
      ...PERSONAS.map((persona) => [nameOf(persona), 1]),
      [HUB, 0],
    ]);
  });

  test("the hub, to which all connect again", async () => {
    const sent = await sentTo(PERSONAS);
    const { pid } = await prism.service(HUB);
    await kill("KILL", pid);
    await untilSo(
      () => prism.service(HUB),
      (now) => now.state === "running" && now.pid !== pid,
    );
    await prism.connected(PERSONAS);
    await drainedOnce(sent);
  });

  test("the manager, and all with it", async () => {
    const sent = await sentTo(PERSONAS);
    const before = (await prism.services()).map(({ pid }) => pid);
    await manager.stop();
    await manager.start();
    await prism.connected(PERSONAS, before);
    expect((await prism.services()).every(({ state }) => state === "running")).toBe(true);
    await drainedOnce(sent);
  });
});

describe("what hangs is ended by the watchdog and comes back", () => {
  const WATCHDOG = "WatchdogSec=4s";

  test("a daemon", async () => {
    await dropIn(nameOf("ann"), "[Service]", WATCHDOG);
    await sh(`systemctl --user restart ${nameOf("ann")}`);
    const { pid, restarts } = await prism.service(nameOf("ann"));
    await kill("STOP", pid);
    const sent = await sentTo(["ann"]);
    await prism.connected(["ann"], [pid]);
    await drainedOnce(sent);
    expect((await prism.service(nameOf("ann"))).restarts).toBe((restarts ?? 0) + 1);
  });

  test("the hub", async () => {
    await dropIn(HUB, "[Service]", WATCHDOG);
    await sh(`systemctl --user restart ${HUB}`);
    const sent = await sentTo(PERSONAS);
    const { pid } = await prism.service(HUB);
    await kill("STOP", pid);
    await untilSo(
      () => prism.service(HUB),
      (now) => now.state === "running" && now.pid !== pid,
    );
    await prism.connected(PERSONAS);
    await drainedOnce(sent);
    await noDropIn(HUB);
  });

  test("and what does not hang is left alone, under the same watchdog", async () => {
    // The ann that came back has lived on through the test of the hub, several of its periods long.
    expect((await prism.service(nameOf("ann"))).restarts).toBe(1);
    await noDropIn(nameOf("ann"));
  });
});

describe("what no start mends does not loop", () => {
  test("a broken configuration: it is left at once, and the same command starts it once it is mended", async () => {
    await sh(`printf '{"hubb": "x"}' >.prism/config.json`);
    await kill("KILL", (await prism.service(nameOf("cy"))).pid);
    const failed = await untilSo(
      () => prism.service(nameOf("cy")),
      ({ state }) => state === "failed",
    );
    expect(failed).toMatchObject({ pid: null, why: "exit status 78" });
    expect(await diagnosis("cy")).toMatchObject({
      verdict: "fail",
      finding: expect.stringMatching(/^.*cy@shop has failed and is not started again.*configuration/),
      remedy: expect.stringContaining("systemctl --user start"),
    });
    await fine(manager, "rm", ".prism/config.json");
    await create("cy");
    await prism.connected(["cy"]);
  });

  test("any other cause, as another daemon that was started by hand: it is left after so many starts", async () => {
    const limit = [
      "[Unit]",
      "StartLimitBurst=3",
      "StartLimitIntervalSec=10min",
      "[Service]",
      "RestartSec=100ms",
    ];
    await dropIn(nameOf("bob"), ...limit);
    const { pid } = await prism.service(nameOf("bob"));
    await fine(manager, "systemctl", "--user", "stop", nameOf("bob"));
    const words = ["daemon", "--persona", "bob", "--project", "shop", "--surface", "terminal"];
    const byHand = manager.begin(["prism", ...words]);
    await prism.connected(["bob"], [pid]);
    await run(manager, "systemctl", "--user", "start", nameOf("bob"));
    const failed = await untilSo(
      () => prism.service(nameOf("bob")),
      ({ state }) => state === "failed",
    );
    expect(failed).toMatchObject({ pid: null, why: "exit status 73" });
    expect(failed.restarts).toBeLessThanOrEqual(3);
    const lastStart = () =>
      sh(`systemctl --user show --property=ExecMainStartTimestampMonotonic ${nameOf("bob")}`);
    const before = await lastStart();
    expect((await run(manager, "systemctl", "--user", "start", nameOf("bob"))).status).toBe(1);
    expect(await lastStart()).toBe(before);
    expect(await diagnosis("bob")).toMatchObject({
      verdict: "fail",
      finding: expect.stringContaining("bob@shop has failed and is not started again"),
    });
    const ended = ran(byHand);
    byHand.kill("SIGTERM");
    await ended;
    await create("bob");
    await prism.connected(["bob"], [byHand.pid ?? null]);
    await noDropIn(nameOf("bob"));
  });
});

test("what was wrapped, or told to stop, stays down until all is started anew, as at a boot", async () => {
  await prism.asked("wrap", "--persona", "bob", "--project", "shop");
  const { pid } = await prism.service(nameOf("cy"));
  await kill("TERM", pid);
  for (const persona of ["bob", "cy"]) {
    const ended = await untilSo(
      () => prism.service(nameOf(persona)),
      ({ state }) => state !== "running",
    );
    expect(ended).toMatchObject({ state: "stopped", pid: null, why: null });
  }
  await manager.stop();
  await manager.start();
  await prism.connected(PERSONAS);
});
