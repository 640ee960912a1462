import { describe, expect, test } from "vitest";
import type { Finding, Tool } from "../../../src/attach/detect.ts";
import { ownStep, type PlanHost, planned } from "../../../src/attach/plan.ts";

const ALL = ["npm", "pnpm", "yarn", "bun", "uv", "poetry", "python3", "cargo", "go", "corepack"];

function hostWith(programs: readonly string[], more: Partial<PlanHost> = {}): PlanHost {
  return {
    platform: "linux",
    program: (name) => (programs.includes(name) ? `/bin/${name}` : null),
    venvDir: "/shop/.venv",
    hasVenv: false,
    ...more,
  };
}

function finding(tool: Tool, lockfile: string, isPinned = false): Finding {
  return { tool, lockfile, inputs: [lockfile], isPinned };
}

/** What would be typed, or what is in the way. */
function typed(found: Finding, host: PlanHost): string {
  const step = planned(found, host);
  if ("problem" in step) return `${step.problem}; ${step.hint}`;
  return step.commands
    .map((command) => ("argv" in command ? command.argv.join(" ") : command.shell))
    .join(" && ");
}

describe("each tool's own way to install exactly what is locked", () => {
  test.each<[Tool, string, string]>([
    ["npm", "package-lock.json", "/bin/npm ci --no-audit --no-fund"],
    ["pnpm", "pnpm-lock.yaml", "/bin/pnpm install --frozen-lockfile --config.confirmModulesPurge=false"],
    ["yarn-classic", "yarn.lock", "/bin/yarn install --frozen-lockfile --non-interactive"],
    ["yarn-berry", "yarn.lock", "/bin/yarn install --immutable"],
    ["bun", "bun.lock", "/bin/bun install --frozen-lockfile"],
    ["uv", "uv.lock", "/bin/uv sync --locked"],
    ["poetry", "poetry.lock", "/bin/poetry install --no-interaction --no-ansi"],
    ["cargo", "Cargo.lock", "/bin/cargo fetch --locked"],
    ["go", "go.sum", "/bin/go mod download"],
  ])("%s by %s: %s", (tool, lockfile, line) => {
    expect(typed(finding(tool, lockfile), hostWith(ALL))).toBe(line);
  });

  test("has a name as a person would type it", () => {
    expect(planned(finding("pnpm", "pnpm-lock.yaml"), hostWith(ALL))).toMatchObject({ name: "pnpm install" });
    expect(planned(finding("go", "go.mod"), hostWith(ALL))).toMatchObject({ name: "go mod download" });
  });

  test("an environment that the daemon's own shell was in is not taken for the project's", () => {
    expect(planned(finding("poetry", "poetry.lock"), hostWith(ALL))).toMatchObject({
      env: { VIRTUAL_ENV: undefined, PYTHONHOME: undefined },
    });
  });
});

describe("corepack", () => {
  test("gets a pnpm or yarn that package.json pins", () => {
    expect(typed(finding("pnpm", "pnpm-lock.yaml", true), hostWith(ALL))).toMatch(
      /^\/bin\/corepack pnpm install/,
    );
    expect(typed(finding("yarn-berry", "yarn.lock", true), hostWith(ALL))).toBe(
      "/bin/corepack yarn install --immutable",
    );
  });

  test("is not needed for it: what is on the PATH is taken then", () => {
    expect(typed(finding("pnpm", "pnpm-lock.yaml", true), hostWith(["pnpm"]))).toMatch(
      /^\/bin\/pnpm install/,
    );
  });

  test("stands in for one that is missing", () => {
    expect(typed(finding("yarn-classic", "yarn.lock"), hostWith(["corepack"]))).toMatch(
      /^\/bin\/corepack yarn/,
    );
  });

  test("has no part in npm and bun", () => {
    expect(typed(finding("npm", "package-lock.json", true), hostWith(ALL))).toMatch(/^\/bin\/npm ci/);
    expect(typed(finding("bun", "bun.lock", true), hostWith(["corepack"]))).toMatch(
      /^bun\.lock asks for bun/,
    );
  });
});

describe("a tool that is not there", () => {
  test.each<[Tool, string, string]>([
    ["npm", "package-lock.json", "package-lock.json asks for npm, which is not on the PATH; install npm"],
    [
      "yarn-berry",
      "yarn.lock",
      "yarn.lock asks for yarn, which is not on the PATH, nor is corepack; install yarn",
    ],
    ["uv", "uv.lock", "uv.lock asks for uv, which is not on the PATH; install uv"],
    [
      "pip",
      "requirements.txt",
      "requirements.txt asks for Python, which is not on the PATH; install python3",
    ],
  ])("%s: one sentence and what to do", (tool, lockfile, sentence) => {
    expect(typed(finding(tool, lockfile), hostWith([]))).toBe(
      `${sentence}, or start the daemon with a PATH that has it`,
    );
  });
});

describe("pip", () => {
  const pip = "-m pip install --disable-pip-version-check --no-input -r requirements.txt";

  test("installs into an environment that it makes first", () => {
    expect(typed(finding("pip", "requirements.txt"), hostWith(ALL))).toBe(
      `/bin/python3 -m venv /shop/.venv && /shop/.venv/bin/python ${pip}`,
    );
    expect(typed(finding("pip", "requirements.txt"), hostWith(["python"]))).toMatch(/^\/bin\/python -m venv/);
  });

  test("or into the one that is there, whose own Python is enough", () => {
    expect(typed(finding("pip", "requirements.txt"), hostWith([], { hasVenv: true }))).toBe(
      `/shop/.venv/bin/python ${pip}`,
    );
  });

  test("on Windows by the launcher", () => {
    const host = hostWith(["py"], { platform: "win32", venvDir: "C:\\shop\\.venv" });
    expect(typed(finding("pip", "requirements.txt"), host)).toBe(
      `/bin/py -3 -m venv C:\\shop\\.venv && C:\\shop\\.venv\\Scripts\\python.exe ${pip}`,
    );
  });
});

test("a command of the user's own has no inputs: it runs at every attach", () => {
  expect(ownStep("make deps")).toMatchObject({ commands: [{ shell: "make deps" }], inputs: [] });
});
