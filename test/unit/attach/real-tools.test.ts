/** The tools themselves, without a network: npm installs from a folder beside, Python makes a real environment. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { childEnvironment } from "../../../src/host/child-environment.ts";
import { attachStage } from "../../support/attach-stage.ts";

const PATH = process.env["PATH"] ?? "";

function isThere(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

test.runIf(isThere("npm", "--version"))("npm ci installs what the lockfile says, and only once", async () => {
  const stage = attachStage();
  mkdirSync(join(stage.root, "lib"));
  stage.write({
    "lib/package.json": '{"name": "lib", "version": "1.0.0", "main": "lib.js"}',
    "lib/lib.js": 'module.exports = "from the library";\n',
    "package.json": '{"name": "shop", "version": "1.0.0", "dependencies": {"lib": "file:lib"}}',
    "package-lock.json": JSON.stringify({
      ...{ name: "shop", version: "1.0.0", lockfileVersion: 3, requires: true },
      packages: {
        "": { name: "shop", version: "1.0.0", dependencies: { lib: "file:lib" } },
        lib: { version: "1.0.0" },
        "node_modules/lib": { resolved: "lib", link: true },
      },
    }),
  });
  const env = { PATH, npm_config_offline: "true", npm_config_update_notifier: "false" };
  const work = stage.open({ deps: "auto" }, { env });
  await work.done;
  expect(work.status()).toMatchObject({ state: "done", steps: 1 });
  expect(readFileSync(join(stage.root, "node_modules", "lib", "lib.js"), "utf8")).toContain(
    "from the library",
  );
  const again = stage.open({ deps: "auto" }, { env });
  await again.done;
  expect(again.status().state).toBe("skipped");
  // A manifest that the lockfile does not fit is refused by npm itself, in its own words.
  stage.write({ "package.json": '{"name": "shop", "version": "1.0.0", "dependencies": {"other": "1"}}' });
  const misfit = stage.open({ deps: "auto" }, { env });
  await misfit.done;
  expect(misfit.status().detail).toMatch(/^npm ci: it ended with status 1: /);
  expect(readFileSync(misfit.status().log ?? "", "utf8")).toMatch(/^npm .*code E[A-Z]+$/m);
});

test.runIf(isThere("python3", "-m", "venv", "--help"))(
  "Python's own environment is made, and a program started later is in it",
  { timeout: 120_000 },
  async () => {
    const stage = attachStage();
    mkdirSync(join(stage.root, "tool"));
    writeFileSync(join(stage.root, "requirements.txt"), "# nothing but pip itself\n");
    const env = { PATH, PYTHONHOME: "", PIP_NO_INDEX: "1" };
    const work = stage.open({ deps: "auto", venv: "auto" }, { env });
    await work.done;
    expect(work.status()).toMatchObject({ state: "done", steps: 2 });
    expect(work.status().detail).toMatch(/^pip install -r requirements\.txt took .* s; activated \.venv$/);
    const dir = join(stage.root, ".venv");
    expect(existsSync(join(dir, "pyvenv.cfg"))).toBe(true);
    const started = childEnvironment({ ...stage.env, ...env, ...work.environment() });
    const seen = spawnSync("/bin/sh", ["-c", "python -c 'import sys; print(sys.prefix)'"], { env: started });
    expect(realpathSync(seen.stdout.toString().trim())).toBe(realpathSync(dir));
    const again = stage.open({ deps: "auto", venv: "auto" }, { env });
    await again.done;
    expect(again.status().detail).toMatch(
      /^pip install -r requirements\.txt: unchanged since .*; activated \.venv$/,
    );
  },
);
