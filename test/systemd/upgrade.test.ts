/**
 * Installed, upgraded, rolled back, cut short at each step and taken away again, with three personas and a hub that a
 * real systemd keeps alive. The built executable, and two more that differ from it: a next one, and a broken one.
 */
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXECUTABLE } from "../support/prism-process.ts";
import { built } from "../support/variant.ts";
import { fine, type Prism, prismOf, run, untilSo } from "./place.ts";
import { openUserManager, type UserManager } from "./user-systemd.ts";

const PERSONAS = ["ann", "bob", "cy"] as const;

/** It gives up on a service that does not come back sooner than a release would. */
const next = built({
  name: "next",
  version: "0.9.1",
  changes: [
    { file: "cli/install/restart.ts", from: "const UP_MS_MAX = 60_000;", to: "const UP_MS_MAX = 8_000;" },
  ],
});
/** It starts, and its daemons answer, and none of them ever finds the hub. */
const broken = built({
  name: "broken",
  version: "0.9.2",
  changes: [{ file: "net/hub-url.ts", from: "(url)}/v1/socket", to: "(url)}/v0/socket" }],
});

let manager: UserManager;
let prism: Prism;
let first: string;
const sh = (script: string): Promise<string> => fine(manager, "sh", "-c", script);

async function allRun(version: string): Promise<void> {
  const lives = await prism.connected(PERSONAS);
  expect([...lives.values()].map((life) => life.version)).toEqual(PERSONAS.map(() => version));
  expect((await prism.services()).map(({ state }) => state)).toEqual([
    "running",
    "running",
    "running",
    "running",
  ]);
  const { hub } = await prism.asked("status");
  expect([hub.version, (await prism.asked("version")).version]).toEqual([version, version]);
}

beforeAll(async () => {
  manager = await openUserManager();
  await manager.start();
  prism = prismOf(manager);
  await fine(manager, "mkdir", "shop");
  await fine(manager, EXECUTABLE, "install", "--hub");
  first = (await prism.asked("version")).version;
  for (const persona of PERSONAS) {
    const surface = ["--surface", "exec", "--exec-command", "true"];
    await prism.asked("persona", "create", persona, "--project", "shop", ...surface);
  }
  await allRun(first);
});

afterAll(async () => {
  await manager?.close();
  next.remove();
  broken.remove();
});

test("an upgrade starts the hub anew, then one daemon after the other, and loses nothing", async () => {
  const sent = new Map<string, string>();
  for (const persona of PERSONAS) sent.set(persona, await prism.signal(`${persona}@shop`, "before"));
  const { status, err } = await run(manager, "prism", "upgrade", next.path);
  expect(status).toBe(0);
  const shown = ["the hub", ...PERSONAS.map((persona) => `${persona}@shop`)];
  expect(err.trim().split("\n")).toEqual(
    shown.flatMap((who) => [`${who} starts anew ...`, `${who} is back`]),
  );
  await allRun(next.version);
  for (const [persona, id] of sent) expect(await prism.drained(persona, "shop")).toEqual([id]);
});

test("a version that never connects is rolled back, and all are connected on the former one", async () => {
  const { status, err } = await run(manager, "prism", "upgrade", broken.path);
  expect(status).toBe(69);
  expect(err).toContain(
    "ann@shop did not come back on the new version: it answers, but is not connected within 8 s; the former version is back, and all run on it",
  );
  await allRun(next.version);
  expect(await sh("ls .local/share/prism/versions")).not.toContain(broken.version);
});

/** Kills it as soon as it has said so many lines. @returns how many it said */
async function cutAfter(lines: number, path: string): Promise<number> {
  const upgrade = manager.begin(["prism", "upgrade", path]);
  let said = 0;
  if (upgrade.stderr === null) throw new Error("its words are not read");
  createInterface({ input: upgrade.stderr }).on("line", () => {
    said += 1;
    if (said === lines) upgrade.kill("SIGKILL");
  });
  await new Promise((resolve) => upgrade.once("close", resolve));
  return said;
}

test("killed after each step, the same command again goes through", async () => {
  const there = [
    { path: EXECUTABLE, version: first },
    { path: next.path, version: next.version },
  ];
  for (let step = 1; ; step += 1) {
    const to = there[(step + 1) % 2] ?? there[0];
    if (to === undefined) throw new Error("never");
    const said = await cutAfter(step, to.path);
    await fine(manager, "prism", "upgrade", to.path);
    await allRun(to.version);
    if (said < step) {
      expect(step).toBe(2 * (1 + PERSONAS.length) + 1);
      break;
    }
  }
}, 900_000);

test("killed while it rolls back, the next upgrade has all run again", async () => {
  await fine(manager, "prism", "upgrade", next.path);
  // After two lines of the hub's and one of ann's comes the first word of the roll-back.
  expect(await cutAfter(4, broken.path)).toBe(4);
  await fine(manager, "prism", "upgrade", EXECUTABLE);
  await allRun(first);
});

const FOREIGN = "find . -path ./.prism -prune -o -not -type d -print";

test("uninstall leaves no unit, process, link or hook, and keeps the data; twice is as once", async () => {
  await prism.asked("surface", "add", "claude-code", "--persona", "ann", "--project", "shop");
  expect(await sh("ls -A shop")).toContain(".mcp.json");
  await sh("prism uninstall");
  expect(await sh(FOREIGN)).toBe("");
  expect(await sh("ls -A shop")).toBe("");
  expect(manager.commands().filter((command) => /prism/.test(command))).toEqual([]);
  expect(await sh("systemctl --user list-units --all --plain --no-legend 'prism*'")).toBe("");
  expect(await sh("ls .prism")).toContain("hub");
  expect(await fine(manager, EXECUTABLE, "uninstall")).toContain("there is nothing of Prism's to remove");
});

test("installed again it goes on where it was, and --purge takes the data too", async () => {
  await fine(manager, EXECUTABLE, "install", "--hub");
  await untilSo(
    () => prism.asked("persona", "list"),
    () => true,
  );
  await prism.asked("uninstall", "--purge");
  expect(await sh("find . -not -type d -print")).toBe("");
  expect(await sh("ls -A")).not.toContain(".prism");
  expect(manager.commands().filter((command) => /prism/.test(command))).toEqual([]);
});
