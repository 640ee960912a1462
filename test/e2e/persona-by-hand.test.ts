/** Personas where no service manager is: nothing on the PATH answers, and every command does its part all the same. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endStarted, run, scratch, start } from "../support/prism-process.ts";

const place = scratch();
const home = place.folder("home");
const shop = place.folder("shop");
const state = join(home, "state", "local", "ops@shop");
const env = { HOME: place.folder("ann"), PATH: place.folder("bin") };
const CREATE = ["create", "ops", "--project", shop, "--surface", "exec", "--exec-command", "/bin/true"];

const persona = (...words: string[]) => run(home, ["persona", ...words], { env });
async function answer(...words: string[]) {
  const { status, out, err } = await persona(...words, "--json");
  expect(status, err).toBe(0);
  return JSON.parse(out);
}

/** With a shell, as a person who copied it would. */
const startCopied = (line: string) => {
  const shell = { command: "/bin/sh", env: { ...env, PATH: "/usr/bin:/bin" } };
  return start(home, ["-c", `exec ${line} "$0"`], shell);
};

beforeAll(async () => {
  await start(home, ["hub", "--listen", "127.0.0.1:0"], { env });
});

afterAll(() => {
  endStarted();
  place.remove();
});

test("is created without a service, started by the command that is told, archived, restored and destroyed", async () => {
  const refused = await persona(...CREATE);
  expect(refused.status).toBe(69);
  expect(refused.err).toContain("or give --no-service, and start its daemon yourself");
  expect(existsSync(state)).toBe(false);

  const made = await answer(...CREATE, "--no-service");
  expect(made).toMatchObject({ changed: true, service: null, system: null, mustStart: true });
  const daemon = await startCopied(made.start);
  expect(await answer(...CREATE, "--no-service")).toMatchObject({ changed: false, mustStart: false });
  const list = await persona("list");
  expect(list.out).toMatch(/ops@shop {3}connected .* by hand /);
  expect(list.out).not.toContain("mind");

  const ended = daemon.child.exitCode ?? new Promise((resolve) => daemon.child.once("exit", resolve));
  expect(await answer("archive", "ops")).toMatchObject({ changed: true });
  await ended;
  expect((await run(home, ["signal", "ops@shop", "hello"], { env })).status).toBe(67);
  const { start: again } = await answer("restore", "ops");
  expect(again).toBe(made.start);
  const second = await startCopied(again);
  const over = new Promise((resolve) => second.child.once("exit", resolve));
  expect(await answer("destroy", "ops", "--purge")).toMatchObject({ existed: true });
  expect(await over).toBe(0);
  expect((await answer("list")).personas).toEqual([]);
  expect(existsSync(state)).toBe(false);
  expect(readdirSync(shop)).toEqual([]);
});

test("of commands at once for one persona each does all of it, or none and says who is at work", async () => {
  const words = [...CREATE, "--no-service"];
  const all = await Promise.all([persona(...words), persona(...words), persona(...words)]);
  expect(all.filter(({ out }) => out.startsWith("created "))).toHaveLength(1);
  for (const { status, err } of all.filter((ran) => ran.status !== 0)) {
    expect([status, err]).toEqual([
      73,
      expect.stringMatching(/^prism: another command.* is at work on ops@shop just now/m),
    ]);
  }
  expect(await answer(...words)).toMatchObject({ changed: false });
  expect(await answer("destroy", "ops", "--purge")).toMatchObject({ existed: true });
});
