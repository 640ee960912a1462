import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { applyPlan } from "../../../../src/launchers/apply.ts";
import { systemdHost, systemdLauncher } from "../../../../src/launchers/systemd/systemd.ts";
import { fakeSystemd } from "../../../support/fake-service-hosts.ts";
import { daemonSpec } from "../../../support/service-spec.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const { name } = daemonSpec;
const unit = `${name}.service`;

async function stage() {
  const unitDir = `${tempDir()}/systemd/user`;
  const manager = fakeSystemd(unitDir);
  const host = await systemdHost(manager.run, { user: "ann", runtimeDir: "/run/user/7" });
  return { manager, launcher: systemdLauncher(host, manager.run), path: `${unitDir}/${unit}` };
}

describe("a service under systemd", () => {
  it("is written, enabled, kept without a login, and started; twice is the same as once", async () => {
    const { manager, launcher, path } = await stage();
    const first = await applyPlan(launcher.install(daemonSpec, null), manager);
    expect(first).toEqual({
      done: [
        `write the unit of ${name}`,
        `enable ${name}`,
        "let the services of ann run without a login",
        `start ${name}`,
      ],
      notes: [],
    });
    expect([...manager.enabled, ...manager.active]).toEqual([unit, unit]);
    manager.calls.length = 0;
    expect(await applyPlan(launcher.install(daemonSpec, readFileSync(path, "utf8")), manager)).toEqual({
      done: [],
      notes: [],
    });
    expect(manager.calls).toEqual([
      "systemctl --user daemon-reload",
      `systemctl --user reset-failed ${unit}`,
    ]);
  });

  it("is stopped before it changes, so that what runs is what its file says", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    manager.calls.length = 0;
    const changed = { ...daemonSpec, env: { PATH: "/bin" } };
    await applyPlan(launcher.install(changed, readFileSync(path, "utf8")), manager);
    expect(manager.calls).toEqual([
      `systemctl --user stop ${unit}`,
      "systemctl --user daemon-reload",
      `systemctl --user reset-failed ${unit}`,
      `systemctl --user start ${unit}`,
    ]);
  });

  it("without linger it is told how it starts, and is installed all the same", async () => {
    const { manager, launcher } = await stage();
    manager.fail(/^loginctl/, { said: "Access denied" });
    const { notes } = await applyPlan(launcher.install(daemonSpec, null), manager);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain("Access denied");
    expect(notes[0]).toContain("sudo loginctl enable-linger ann");
    expect(manager.active.has(unit)).toBe(true);
  });

  it.each([/daemon-reload/, / enable /, / start /])(
    "what %s breaks is taken back, and can be done again",
    async (pattern) => {
      const { manager, launcher, path } = await stage();
      manager.fail(pattern, { said: "Job failed" });
      await expect(applyPlan(launcher.install(daemonSpec, null), manager)).rejects.toThrow(
        /^could not .*: systemctl ended with status 1: Job failed; what was done before it is taken back$/,
      );
      expect(existsSync(path)).toBe(false);
      expect([...manager.enabled, ...manager.active]).toEqual([]);
      await applyPlan(launcher.install(daemonSpec, null), manager);
      expect([...manager.enabled, ...manager.active]).toEqual([unit, unit]);
    },
  );

  it("is removed whole, also what is left of it, also twice", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    await applyPlan(launcher.remove(name), manager);
    expect(existsSync(path)).toBe(false);
    expect([...manager.enabled, ...manager.active]).toEqual([]);
    await applyPlan(launcher.remove(name), manager);
    // As after a crash between the two.
    writeFileSync(path, "[Service]\n");
    await applyPlan(launcher.remove(name), manager);
    expect(existsSync(path)).toBe(false);
  });

  it("is disabled: it runs no more, not at the next boot either, and comes back by its own file", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    const text = readFileSync(path, "utf8");
    for (const done of [[`disable ${name}`, `stop ${name}`], []])
      expect((await applyPlan(launcher.disable(name), manager)).done).toEqual(done);
    expect([...manager.enabled, ...manager.active]).toEqual([]);
    expect(readFileSync(path, "utf8")).toBe(text);
    await applyPlan(launcher.install(daemonSpec, text), manager);
    expect([...manager.enabled, ...manager.active]).toEqual([unit, unit]);
  });

  it("says how it fares", async () => {
    const { manager, launcher } = await stage();
    expect(await launcher.status(name)).toMatchObject({ state: "absent" });
    await applyPlan(launcher.install(daemonSpec, null), manager);
    expect(await launcher.status(name)).toEqual({
      name,
      state: "running",
      startsAgain: true,
      pid: 4711,
      restarts: 2,
      why: null,
    });
  });
});

it("without a manager of this user it says so, and what to do", async () => {
  const run = async () => ({ status: 1, out: "", said: "Failed to connect to bus: No medium found" });
  await expect(systemdHost(run, { user: "ann", runtimeDir: "/run/user/7" })).rejects.toMatchObject({
    code: "unsupported",
    message: "no service manager of the user ann answers: Failed to connect to bus: No medium found",
    hint: expect.stringContaining("enable-linger"),
  });
});
