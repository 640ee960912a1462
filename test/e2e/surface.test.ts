/**
 * Setting up and taking back with the built executable: the files of all four surfaces, a bundle that another
 * program unpacks, a hook that runs as it was written, and a daemon that finds its surface by itself.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bellFlagPathOf, homeAt } from "../../src/host/home.ts";
import {
  EXECUTABLE,
  endStarted,
  type Program,
  type RunOptions,
  run,
  scratch,
  start,
} from "../support/prism-process.ts";

const place = scratch();
const home = place.folder("home");
const user = place.folder("ann");
const shop = place.folder("my shop");
const bin = place.folder("bin");
const who = ["--persona", "reviewer", "--project", shop];
const SETTINGS = join(shop, ".claude", "settings.local.json");
const OWN =
  '{\n    "model": "opus",\n    "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}\n}\n';

const env = { HOME: user, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
const surface = (verb: string, words: readonly string[], more: RunOptions = {}) =>
  run(home, ["surface", verb, ...words, "--json"], { ...more, env: { ...env, ...more.env } });

beforeAll(() => {
  symlinkSync(EXECUTABLE, join(bin, "prism"));
  mkdirSync(join(shop, ".claude"));
  writeFileSync(SETTINGS, OWN);
  chmodSync(SETTINGS, 0o640);
});

afterAll(() => {
  endStarted();
  place.remove();
});

function everything(): string[] {
  return [shop, user]
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    )
    .sort();
}

describe.each(["claude-code", "codex", "claude-desktop"])("%s", (name) => {
  test("is set up, stands as written, and is taken back to the byte", async () => {
    const before = everything();
    const added = await surface("add", [name, ...who]);
    expect(added, added.err).toMatchObject({ status: 0 });
    expect(everything()).not.toEqual(before);
    const { surfaces } = JSON.parse((await surface("list", [])).out);
    expect(surfaces).toMatchObject([{ surface: name, state: "asWritten" }]);
    expect(JSON.parse((await surface("add", [name, ...who])).out).changed).toBe(false);
    const token = join(home, "token");
    if (existsSync(token))
      for (const path of everything())
        expect(readFileSync(path, "utf8")).not.toContain(readFileSync(token, "utf8").trim());
    expect(await surface("remove", [name, ...who])).toMatchObject({ status: 0 });
    expect(everything()).toEqual(before);
    expect(readFileSync(SETTINGS, "utf8")).toBe(OWN);
    expect(statSync(SETTINGS).mode & 0o777).toBe(0o640);
  });
});

test("what was written starts this program, by the link that is on the path", async () => {
  await run(home, ["surface", "add", "claude-code", ...who], { env, command: "prism" });
  const { hooks } = JSON.parse(readFileSync(SETTINGS, "utf8"));
  const { command } = JSON.parse(readFileSync(join(shop, ".mcp.json"), "utf8")).mcpServers.prism;
  expect(command).toBe(join(bin, "prism"));
  const hook = (event: string): string => hooks[event].at(0).hooks[0].command;
  // A guarded hook may end before it has read anything: no fault, and none for clients.
  const sh = (line: string): string => {
    const ran = spawnSync("/bin/sh", ["-c", line], { input: "{}", encoding: "utf8", env: { HOME: user } });
    expect(ran.status).toBe(0);
    return ran.stdout;
  };
  for (const event of ["SessionStart", "UserPromptSubmit", "PostToolUse", "SessionEnd"])
    expect(sh(hook(event))).toBe("");
  expect(hook("PostToolUse")).toContain(
    bellFlagPathOf(homeAt(home), "local", { persona: "reviewer", project: "my-shop" }),
  );
  await surface("remove", ["claude-code", ...who]);
});

test("a bundle is a zip that holds this executable", async () => {
  const file = join(place.path, "ann.mcpb");
  const made = await surface("add", ["claude-desktop", ...who, "--bundle", file]);
  expect(made, made.err).toMatchObject({ status: 0 });
  const bytes = readFileSync(file);
  expect(bytes.subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
  expect(bytes.includes("server/prism")).toBe(true);
  expect(bytes.length).toBeGreaterThan(20_000_000);
  expect(JSON.parse((await surface("remove", ["claude-desktop", ...who])).out).next).toEqual([
    "remove Prism among Claude Desktop's extensions, in its settings",
  ]);
});

test("a daemon finds the surface that was set up, and a flag still wins", async () => {
  const hub: Program = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
  await surface("add", ["tmux", ...who, "--tmux-target", "nowhere", "--tmux-timeout", "3s"]);
  const found = await start(home, ["daemon", ...who]);
  expect(found.facts).toMatchObject({ address: "reviewer@my-shop", surface: "tmux" });
  await found.kill("SIGTERM");
  const told = await start(home, ["daemon", ...who, "--surface", "terminal"]);
  expect(told.facts).toMatchObject({ surface: "terminal" });
  await told.kill("SIGTERM");
  await surface("remove", ["tmux", ...who]);
  expect(await run(home, ["daemon", ...who])).toMatchObject({ status: 64 });
  await hub.kill("SIGTERM");
});
