import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { programChecks } from "../../../../src/cli/doctor/program-checks.ts";
import { runningChecks } from "../../../../src/cli/doctor/running-checks.ts";
import { doctorStage } from "../../../support/doctor-stage.ts";

describe.skipIf(process.platform === "win32")("the program", () => {
  function packaged(mode = 0o755) {
    const stage = doctorStage();
    const command = stage.file("opt/prism", "#!/bin/sh\necho prism 1.2.3\n", mode);
    const runtime = {
      ...stage.runtime(),
      engine: { node: "24.0.0", flags: [], packaged: true },
      self: { command, args: [] },
    };
    return { ...stage, command, look: async () => programChecks(runtime) };
  }

  it("from its sources is compared with nothing", async () => {
    expect(await programChecks(doctorStage().runtime())).toMatchObject([
      { name: "program", verdict: "ok", finding: expect.stringContaining("from its sources") },
    ]);
  });

  it("is the one on the PATH, by whatever link", async () => {
    const { look, command, dir } = packaged();
    expect(await look()).toMatchObject([
      { verdict: "ok" },
      { name: "path", verdict: "note", finding: 'no "prism" is on the PATH: it is called as prism' },
    ]);
    symlinkSync(command, join(dir, "bin/prism"));
    expect(await look()).toMatchObject([{}, { name: "path", verdict: "ok" }]);
  });

  it("may be another one on the PATH: of this version, of another, or none at all", async () => {
    const { look, program } = packaged();
    const other = program("prism", 'echo "prism 1.2.3"');
    expect((await look())[1]).toMatchObject({
      verdict: "note",
      finding: `"prism" on the PATH is another file, ${other}, of version 1.2.3`,
    });
    program("prism", 'echo "prism 0.9.0"');
    expect((await look())[1]).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining("of version 0.9.0; this is 1.2.3"),
    });
    program("prism", "exit 1");
    expect((await look())[1]).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining("does not say its version"),
    });
  });

  it("that others can change is theirs, too", async () => {
    const { look, command } = packaged(0o757);
    expect((await look())[0]).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining("everybody can change it"),
      remedy: expect.stringContaining(`chmod go-w "${command}"`),
    });
  });
});

describe("what runs here", () => {
  const runtime = doctorRuntime();
  const of = (more: object) => [{ shown: "the hub", pid: 7, version: "1.2.3", restart: undefined, ...more }];

  it("is of this version, of another one, or can't be started again", () => {
    expect(runningChecks([], runtime)).toEqual([]);
    expect(runningChecks(of({}), runtime, () => undefined)).toMatchObject([
      { verdict: "ok", finding: "the hub runs this version" },
    ]);
    expect(runningChecks([...of({}), ...of({})], runtime, () => undefined)).toMatchObject([
      { finding: "all 2 that run here run this version" },
    ]);
    expect(runningChecks(of({ version: "0.9.0" }), runtime, () => undefined)).toMatchObject([
      {
        verdict: "note",
        finding: "the hub (process 7) runs prism 0.9.0, this is 1.2.3: the two understand each other",
        remedy: "start it anew: kill 7, then as you started it",
      },
    ]);
    const gone = { path: "/nowhere/prism", isGone: true };
    expect(runningChecks(of({ restart: "systemctl restart it" }), runtime, () => gone)).toMatchObject([
      {
        verdict: "warn",
        finding: expect.stringContaining("could not be started again"),
        remedy: "start it anew: systemctl restart it",
      },
    ]);
  });

  it.skipIf(process.platform !== "linux")(
    "tells a program that was replaced, or removed, under its process",
    async () => {
      const { dir } = doctorStage();
      const path = join(dir, "sleeper");
      copyFileSync("/bin/sleep", path);
      const child: ChildProcess = spawn(path, ["60"], { stdio: "ignore" });
      onTestFinished(() => void child.kill("SIGKILL"));
      await new Promise((resolve) => child.once("spawn", resolve));
      const look = () => runningChecks(of({ pid: child.pid }), runtime)[0];
      expect(look()).toMatchObject({ verdict: "ok" });
      copyFileSync("/bin/sleep", `${path}.new`);
      renameSync(`${path}.new`, path);
      expect(look()).toMatchObject({
        verdict: "note",
        finding: `${path} was replaced since the hub (process ${child.pid}) started, which goes on as it was`,
      });
      rmSync(path);
      expect(look()).toMatchObject({
        verdict: "warn",
        finding: expect.stringContaining(`runs ${path}, which is not there any more`),
      });
    },
  );
});

function doctorRuntime() {
  return { version: "1.2.3" } as Parameters<typeof runningChecks>[1];
}
