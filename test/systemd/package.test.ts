/**
 * The Debian package in a small Debian that runs: installed by root, its hub and daemon kept alive by a user's own
 * systemd, upgraded to a next version while they run, and removed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXECUTABLE } from "../support/prism-process.ts";
import { built } from "../support/variant.ts";
import { type Machine, openMachine } from "./machine.ts";
import { fine, type Prism, prismOf, USER } from "./place.ts";

const ROOT = join(import.meta.dirname, "../..");
const debs = mkdtempSync(join(tmpdir(), "prism-debs-"));
const next = built({ name: "packaged", version: "0.9.1", changes: [] });

let machine: Machine;
let prism: Prism;

/** Uncompressed, which takes a second. @returns its path below the folder */
function packaged(executable: string, name: string): string {
  const out = join(debs, name);
  const words = ["scripts/build-deb.ts", "--from", executable, "--out", out, "--compress", "none"];
  execFileSync(process.execPath, words, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  return join(name, readdirSync(out)[0] ?? "");
}

beforeAll(async () => {
  machine = await openMachine(debs);
  prism = prismOf(machine);
  await machine.boot();
  await machine.root("loginctl", "enable-linger", USER.name);
});

afterAll(async () => {
  await machine?.close();
  next.remove();
  rmSync(debs, { recursive: true, force: true });
});

test("an upgrade of the package tells whose programs go on, and one command of theirs starts them on the new one", async () => {
  const install = (deb: string) => machine.root("dpkg", "--install", join(machine.program, deb));
  expect(await install(packaged(EXECUTABLE, "first"))).toMatchObject({ status: 0 });
  await fine(machine, "mkdir", "shop");
  await prism.asked("service", "install", "hub");
  const surface = ["--surface", "exec", "--exec-command", "true"];
  await prism.asked("persona", "create", "ann", "--project", "shop", ...surface);
  const before = (await prism.connected(["ann"])).get("ann");

  const { status, out } = await install(packaged(next.path, "next"));
  expect(status).toBe(0);
  expect(out).toContain(`goes on as version ${before?.version}, and loses nothing by it: ${USER.name}`);
  expect(out).toContain("prism service restart --older");
  expect((await prism.lives()).get("ann")).toEqual(before);

  expect(await prism.asked("service", "restart", "--older")).toEqual({
    restarted: ["the hub", "ann@shop"],
    asTheyWere: [],
  });
  expect((await prism.lives()).get("ann")).toMatchObject({ version: next.version, isUp: true });
  expect(await prism.asked("service", "restart", "--older")).toEqual({
    restarted: [],
    asTheyWere: ["the hub", "ann@shop"],
  });
});

test("removed under what runs, it tells whose services are left", async () => {
  const { status, out } = await machine.root("dpkg", "--remove", "prism");
  expect(status).toBe(0);
  expect(out).toContain(`are not started again once they end: ${USER.name}`);
});
