import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyPlan } from "../../../../src/launchers/apply.ts";
import { launchdHost, launchdLauncher } from "../../../../src/launchers/launchd/launchd.ts";
import { launchdPlist } from "../../../../src/launchers/launchd/plist.ts";
import { fakeLaunchd } from "../../../support/fake-service-hosts.ts";
import { daemonSpec, hubSpec } from "../../../support/service-spec.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const { name } = daemonSpec;

async function stage(domain = "gui/501") {
  const userDir = tempDir();
  const manager = fakeLaunchd(domain);
  const host = await launchdHost(manager.run, { uid: 501, userDir });
  const path = join(userDir, "Library/LaunchAgents", `${name}.plist`);
  return { manager, host, launcher: launchdLauncher(host, manager.run), path };
}

it("an agent as launchd reads it", () => {
  expect(launchdPlist(daemonSpec, "Aqua")).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
    <!-- prism-service {"kind":"daemon","home":"/home/ann/.prism","tenant":"local","persona":"reviewer","project":"shop"} -->
    <plist version="1.0">
    <dict>
      <key>Label</key>
      <string>prism-daemon-local-reviewer</string>
      <key>ProgramArguments</key>
      <array>
        <string>/usr/local/bin/prism</string>
        <string>daemon</string>
        <string>--persona</string>
        <string>reviewer</string>
        <string>--project</string>
        <string>/home/ann/shop</string>
      </array>
      <key>EnvironmentVariables</key>
      <dict>
        <key>PATH</key>
        <string>/usr/local/bin:/usr/bin</string>
        <key>PRISM_LAUNCHER</key>
        <string>launchd</string>
      </dict>
      <key>WorkingDirectory</key>
      <string>/home/ann/.prism/log</string>
      <key>RunAtLoad</key>
      <true/>
      <key>KeepAlive</key>
      <dict>
        <key>SuccessfulExit</key>
        <false/>
      </dict>
      <key>ThrottleInterval</key>
      <integer>10</integer>
      <key>ExitTimeOut</key>
      <integer>15</integer>
      <key>ProcessType</key>
      <string>Interactive</string>
      <key>AbandonProcessGroup</key>
      <true/>
      <key>LimitLoadToSessionType</key>
      <string>Aqua</string>
      <key>StandardOutPath</key>
      <string>/home/ann/.prism/log/prism-daemon-local-reviewer.log</string>
      <key>StandardErrorPath</key>
      <string>/home/ann/.prism/log/prism-daemon-local-reviewer.log</string>
    </dict>
    </plist>
    "
  `);
  expect(launchdPlist(hubSpec, "Background")).toContain("<key>Umask</key>\n  <integer>63</integer>");
});

describe("a service under launchd", () => {
  it("lives at the screen's login, or without one where nobody is logged in", async () => {
    expect((await stage()).host).toMatchObject({ domain: "gui/501", session: "Aqua" });
    expect((await stage("user/501")).host).toMatchObject({ domain: "user/501", session: "Background" });
    await expect(stage("gui/7")).rejects.toThrow(/launchd has no place for the services of user 501/);
  });

  it("is written, loaded and running; twice is the same as once", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    expect(manager.loaded.get(name)).toBe(4711);
    expect(await applyPlan(launcher.install(daemonSpec, readFileSync(path, "utf8")), manager)).toEqual({
      done: [],
      notes: [],
    });
    expect(await launcher.status(name)).toMatchObject({ state: "running", pid: 4711, restarts: 2 });
  });

  it("is gone before it is loaded anew, however long that takes", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    manager.calls.length = 0;
    await applyPlan(launcher.install({ ...daemonSpec, env: {} }, readFileSync(path, "utf8")), manager);
    expect(manager.calls).toEqual([
      `launchctl bootout gui/501/${name}`,
      `launchctl enable gui/501/${name}`,
      `launchctl bootstrap gui/501 ${path}`,
    ]);
    expect(manager.loaded.get(name)).toBe(4711);
  });

  it("starts again after a stop, which unloads it; and when it is loaded and has ended", async () => {
    const { manager, launcher } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    await applyPlan(launcher.stop(name), manager);
    expect(manager.loaded.has(name)).toBe(false);
    await applyPlan(launcher.start(name), manager);
    expect(manager.loaded.get(name)).toBe(4711);
    manager.loaded.set(name, null);
    await applyPlan(launcher.start(name), manager);
    expect(manager.loaded.get(name)).toBe(4712);
  });

  it.each([/enable/, /bootstrap/, /kickstart/])("what %s breaks is taken back", async (pattern) => {
    const { manager, launcher, path } = await stage();
    manager.fail(pattern, { said: "Input/output error", status: 5 });
    const installed = applyPlan(launcher.install(daemonSpec, null), manager);
    if (pattern.test("kickstart")) await installed;
    else
      await expect(installed).rejects.toThrow(/Input\/output error; what was done before it is taken back/);
    expect(existsSync(path)).toBe(pattern.test("kickstart"));
  });

  it("is disabled: it runs no more, not at the next login either, and comes back by its own file", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    for (const _ of [1, 2]) await applyPlan(launcher.disable(name), manager);
    expect([manager.loaded.size, [...manager.disabled], existsSync(path)]).toEqual([0, [name], true]);
    await applyPlan(launcher.install(daemonSpec, launcher.textOf(daemonSpec)), manager);
    expect([manager.loaded.get(name), [...manager.disabled]]).toEqual([4711, []]);
  });

  it("is removed whole, also twice", async () => {
    const { manager, launcher, path } = await stage();
    await applyPlan(launcher.install(daemonSpec, null), manager);
    for (const _ of [1, 2]) {
      await applyPlan(launcher.remove(name), manager);
      expect(manager.loaded.size).toBe(0);
      expect(existsSync(path)).toBe(false);
    }
    expect(await launcher.status(name)).toMatchObject({ state: "absent", pid: null });
  });
});
