/**
 * Personas with the built executable: a real hub, real daemons, and a service manager that really starts and ends
 * what its units say. The commands are killed at each line that they print; the same again does the rest.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EXECUTABLE, endStarted, type Program, run, scratch, start } from "../support/prism-process.ts";
import { systemdStandIn } from "../support/systemd-stand-in.ts";

const place = scratch();
const home = place.folder("home");
const shop = place.folder("shop");
const state = join(home, "state", "local", "reviewer@shop");
const systemd = systemdStandIn(place.folder("systemd"));
const env = { ...systemd.env, HOME: place.folder("ann"), STATE: place.folder("systemd") };
const SETTINGS = join(shop, ".claude", "settings.local.json");
const OWN = '{\n  "model": "opus"\n}\n';
const UNIT = "prism-daemon-local-reviewer.service";
const NOTHING = { files: [], enabled: [], running: [] };

let hub: Program;

const persona = (...words: string[]) => run(home, ["persona", ...words, "--json"], { env });
const answer = async (...words: string[]) => {
  const ran = await persona(...words);
  expect(ran.status, ran.err).toBe(0);
  return JSON.parse(ran.out);
};
const CREATE = ["create", "reviewer", "--project", shop, "--surface", "claude-code"];

beforeAll(async () => {
  hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
  mkdirSync(join(shop, ".claude"));
  writeFileSync(SETTINGS, OWN);
  const claude = join(place.path, "systemd", "bin", "claude");
  writeFileSync(claude, "#!/bin/sh\n");
  chmodSync(claude, 0o755);
});

afterEach(() => {
  expect(readdirSync(join(home, "log")).filter((name) => name.startsWith("crash"))).toEqual([]);
});

afterAll(() => {
  systemd.end();
  endStarted();
  place.remove();
});

/** Ends when it has said `lines` lines, by `kill -9`. @returns how many it had said */
function killedAfter(lines: number, words: readonly string[]): Promise<number> {
  const child = spawn(EXECUTABLE, ["persona", ...words], {
    env: { PRISM_HOME: home, LANG: "C.UTF-8", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = 0;
  createInterface({ input: child.stderr }).on("line", () => {
    said++;
    if (said === lines) child.kill("SIGKILL");
  });
  return new Promise((resolve) => child.once("close", () => resolve(said)));
}

test("create, in one command: connected, with a token of its own that nobody else can read", async () => {
  const created = await answer(...CREATE, "--lease", "2d");
  expect(created).toMatchObject({
    address: "reviewer@shop",
    changed: true,
    surface: "claude-code",
    root: shop,
  });
  expect(created.steps.map(({ step }: { step: string }) => step)).toEqual([
    "token",
    "identity",
    "surface",
    "service",
    "connected",
  ]);
  expect(systemd.standing()).toEqual({ files: [UNIT], enabled: [UNIT], running: [UNIT] });
  expect(statSync(join(state, "token")).mode & 0o777).toBe(0o600);
  const token = readFileSync(join(state, "token"), "utf8").trim();
  for (const path of [join(systemd.unitDir, UNIT), join(state, "persona.json"), SETTINGS]) {
    expect(readFileSync(path, "utf8")).not.toContain(token);
  }
  const { personas } = await answer("list");
  expect(personas).toMatchObject([
    { address: "reviewer@shop", state: "connected", service: { state: "running" }, half: null },
  ]);
  const shown = await persona("show", "reviewer");
  expect(shown.out).not.toContain(token);
  expect(await answer(...CREATE, "--lease", "2d")).toMatchObject({ changed: false });
});

test("its verbs use its own token, which acts for it and nobody else", async () => {
  const token = readFileSync(join(state, "token"), "utf8").trim();
  const as = { env: { ...env, PRISM_TOKEN: token } };
  expect((await run(home, ["signal", "reviewer@shop", "hello"], { env })).status).toBe(0);
  const drained = await run(home, ["drain", "--persona", "reviewer", "--project", shop, "--json"], { env });
  expect(JSON.parse(drained.out).signals).toHaveLength(1);
  // With a token for all that is none, only who has one of its own gets on.
  const config = join(home, "config.json");
  writeFileSync(config, JSON.stringify({ tokenFile: join(home, "none") }), { mode: 0o600 });
  const own = await run(home, ["drain", "--persona", "reviewer", "--project", shop], { env });
  expect(own.status, own.err).toBe(0);
  expect((await run(home, ["status"], { env })).status).toBe(66);
  rmSync(config);
  const foreign = await run(home, ["drain", "--persona", "other", "--project", "shop"], as);
  expect(foreign.status, foreign.err).toBe(77);
  expect((await run(home, ["persona", "list", "--json"], as)).out).toContain("permission_denied");
});

test("a second one is told who holds it: another folder, another daemon", async () => {
  const other = place.folder("elsewhere/shop");
  const second = await persona(
    "create",
    "reviewer",
    "--project",
    other,
    "--surface",
    "exec",
    "--exec-command",
    "true",
  );
  expect(second.status).toBe(73);
  expect(second.err).toContain(`reviewer@shop belongs to ${shop}`);
  const daemon = await run(home, ["daemon", "--persona", "reviewer", "--project", shop], { env });
  expect(daemon.status).toBe(73);
  expect(daemon.err).toMatch(/the place of reviewer@shop is held by process \d+ on \S+ since /);
});

test("archived, it takes no signals and comes back by nothing but restore", async () => {
  expect(await answer("archive", "reviewer@shop")).toMatchObject({ changed: true });
  expect(systemd.standing()).toEqual({ files: [UNIT], enabled: [], running: [] });
  expect((await run(home, ["signal", "reviewer@shop", "hello"], { env })).status).toBe(67);
  const again = await persona(...CREATE);
  expect(again.err).toContain("prism persona restore reviewer@shop");
  expect(await answer("restore", "reviewer@shop")).toMatchObject({ changed: true });
  expect(systemd.standing().running).toEqual([UNIT]);
  expect((await run(home, ["signal", "reviewer@shop", "hello"], { env })).status).toBe(0);
});

test("without the hub nothing is touched, unless that is said", async () => {
  const before = systemd.standing();
  const nowhere = ["--hub", "http://127.0.0.1:1"];
  const refused = await persona("destroy", "reviewer@shop", ...nowhere);
  expect(refused.status).toBe(69);
  expect(refused.err).toContain("prism persona destroy reviewer@shop --offline");
  expect(systemd.standing()).toEqual(before);
  expect(await answer("destroy", "reviewer@shop", "--offline")).toMatchObject({ isLeftAtHub: true });
  expect(systemd.standing()).toEqual(NOTHING);
  expect(readFileSync(SETTINGS, "utf8")).toBe(OWN);
  const { personas } = await answer("list");
  expect(personas).toMatchObject([
    { state: "half", half: { finish: "prism persona destroy reviewer@shop" } },
  ]);
  expect(await answer("destroy", "reviewer@shop")).toMatchObject({ existed: true, isLeftAtHub: false });
  expect((await answer("list")).personas).toEqual([]);
  expect(await answer("destroy", "reviewer@shop")).toMatchObject({ existed: false, changed: false });
});

test("what can't be connected is taken back, and the reason told", async () => {
  const words = [
    "--exec-command",
    "true",
    "--surface",
    "exec",
    "--metrics-listen",
    `127.0.0.1:${hub.facts["port"]}`,
  ];
  const failed = await persona("create", "reviewer", "--project", shop, ...words);
  expect(failed.status, failed.err).not.toBe(0);
  expect(JSON.parse(failed.out).error.message).toMatch(/taken back: service, identity, token$/);
  expect(systemd.standing()).toEqual(NOTHING);
  expect(existsSync(join(state, "token"))).toBe(false);
  expect((await answer("list")).personas).toEqual([]);
});

test("killed at each line that they print, create and destroy are finished by the same command", async () => {
  let lines = 1;
  while ((await killedAfter(lines, CREATE)) >= lines) lines++;
  expect(lines).toBe(6);
  expect(await answer(...CREATE)).toMatchObject({ changed: false });
  expect(systemd.standing()).toEqual({ files: [UNIT], enabled: [UNIT], running: [UNIT] });

  const destroy = ["destroy", "reviewer@shop", "--purge"];
  for (lines = 1; (await killedAfter(lines, destroy)) >= lines; ) lines++;
  expect(lines).toBeGreaterThan(5);
  expect(await answer(...destroy)).toMatchObject({ changed: false });
  expect(systemd.standing()).toEqual(NOTHING);
  expect(readFileSync(SETTINGS, "utf8")).toBe(OWN);
  expect(readdirSync(shop)).toEqual([".claude"]);
  expect(existsSync(state)).toBe(false);
  expect((await answer("list")).personas).toEqual([]);
  await hub.kill("SIGTERM");
});
