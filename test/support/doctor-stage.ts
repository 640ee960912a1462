/** What `prism doctor` looks at, in a folder of a test's own, and what it says of it. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { examine } from "../../src/cli/doctor/examine.ts";
import type { Found } from "../../src/cli/doctor/page.ts";
import { type FakeRuntime, fakeRuntime, typed } from "./fake-runtime.ts";
import { tempDir } from "./temp-dir.ts";

/** Nobody listens there, and nobody may: it needs privileges and is not in use. */
const NO_HUB = "http://127.0.0.1:9";

export interface DoctorStage {
  readonly dir: string;
  /** `PRISM_HOME`. */
  readonly home: string;
  readonly env: { [name: string]: string };
  runtime(): FakeRuntime;
  /** Makes a file below `dir`, owner-only unless it is told otherwise. */
  file(path: string, content?: string, mode?: number): string;
  /** Makes a folder below `dir`. */
  folder(path: string, mode?: number): string;
  /** Puts a program on the PATH, in front of the system's. */
  program(name: string, script: string): string;
  /** Everything that is found, each check by its name. */
  examined(): Promise<ReadonlyMap<string, Found>>;
  /** The verb itself. */
  doctor(...words: string[]): ReturnType<typeof typed>;
}

export function doctorStage(): DoctorStage {
  const dir = tempDir();
  const home = join(dir, "home");
  const bin = join(dir, "bin");
  const env: { [name: string]: string } = {
    PRISM_HOME: home,
    PRISM_HUB: NO_HUB,
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: dir,
    STATE: dir,
  };
  function folder(path: string, mode = 0o700): string {
    const made = join(dir, path);
    mkdirSync(made, { recursive: true, mode: 0o700 });
    chmodSync(made, mode);
    return made;
  }
  function file(path: string, content = "", mode = 0o600): string {
    const made = join(dir, path);
    mkdirSync(dirname(made), { recursive: true, mode: 0o700 });
    writeFileSync(made, content);
    chmodSync(made, mode);
    return made;
  }
  folder("home");
  folder("bin");
  const runtime = () => fakeRuntime({ env, cwd: dir });
  return {
    dir,
    home,
    env,
    runtime,
    file,
    folder,
    program: (name, script) => file(`bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755),
    async examined() {
      const none = { hub: undefined, tokenFile: undefined, tlsCa: undefined };
      return new Map((await examine(none, runtime())).map((check) => [check.name, check]));
    },
    doctor: (...words) => typed(["doctor", ...words], { env, cwd: dir }),
  };
}

/** Every name below a folder, with its mode, time of change and bytes: what is the same was not touched. */
export function treeOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path, { bigint: true });
      const content = stats.isFile() ? readFileSync(path, "base64") : "";
      return `${name} ${stats.mode.toString(8)} ${stats.mtimeNs} ${stats.ctimeNs} ${content}`;
    });
}
