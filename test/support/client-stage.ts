/** A user's folder, a project and a state folder, and a persona that is set up there and taken out again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Placed, Scope } from "../../src/clients/client.ts";
import { type Placement, readPlacementsIfWhole, type SurfaceSetUp } from "../../src/clients/placement.ts";
import { clientPlan, planAdding, planRemoving, type SetUp } from "../../src/clients/set-up.ts";
import { tempDir } from "./temp-dir.ts";

export interface Where {
  readonly surface?: SurfaceSetUp;
  readonly persona?: string;
  readonly scope?: Scope;
  readonly program?: string;
}

export function clientStage() {
  const dir = tempDir();
  const userDir = join(dir, "ann");
  const root = join(dir, "shop");
  const stateDir = join(dir, "state");
  for (const folder of [userDir, root]) mkdirSync(folder);
  const around = { platform: "linux" as const, env: {}, userDir };

  function placementOf({
    surface = "claude-code",
    scope = "local",
    program = "/opt/prism",
  }: Where): Omit<Placement, "files"> {
    return { surface, root, scope, program: [program], settings: [] };
  }

  function planOf(placement: Omit<Placement, "files">, persona: string) {
    const [program = ""] = placement.program;
    const placed: Placed = {
      program: [program],
      persona,
      root,
      scope: placement.scope,
      bellFlagPath: "/run/reviewer.bell",
    };
    return clientPlan(placement.surface, placed, around);
  }

  function stateDirOf(persona: string): string {
    return join(stateDir, persona);
  }

  function adding(where: Where = {}): SetUp {
    const persona = where.persona ?? "reviewer";
    const placement = placementOf(where);
    const before = readPlacementsIfWhole(stateDirOf(persona), "mend");
    const last = before.find(({ surface }) => surface === placement.surface);
    return planAdding({
      stateDir: stateDirOf(persona),
      before,
      placement,
      plan: planOf(placement, persona),
      ...(last === undefined ? {} : { last: { placement: last, plan: planOf(last, persona) } }),
    });
  }

  function removing(where: Where = {}): SetUp {
    const persona = where.persona ?? "reviewer";
    const before = readPlacementsIfWhole(stateDirOf(persona), "mend");
    const placement = before.find(({ surface }) => surface === (where.surface ?? "claude-code"));
    return planRemoving({
      stateDir: stateDirOf(persona),
      before,
      placement,
      plan: planOf(placement ?? placementOf(where), persona),
    });
  }

  return {
    dir,
    root,
    userDir,
    stateDirOf,
    adding,
    removing,
    add: (where: Where = {}) => adding(where).commit(),
    remove: (where: Where = {}) => removing(where).commit(),
    path: (name: string) => join(dir, name),
    read: (name: string) => readFileSync(join(dir, name), "utf8"),
    has: (name: string) => existsSync(join(dir, name)),
    modeOf: (name: string) => statSync(join(dir, name)).mode & 0o777,
    write(name: string, text: string) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    },
    /** Every file under the user's and the project's folder, with its text. */
    files: () =>
      Object.fromEntries(
        [...filesUnder(root), ...filesUnder(userDir)].map((path) => [
          path.slice(dir.length + 1),
          readFileSync(path, "utf8"),
        ]),
      ),
  };
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
