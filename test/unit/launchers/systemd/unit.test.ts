import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type NotifyWay, systemdUnit } from "../../../../src/launchers/systemd/unit.ts";
import { daemonSpec, hubSpec } from "../../../support/service-spec.ts";
import { isToolHere, runTool } from "../../../support/system-tool.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const FILE: NotifyWay = { by: "file", socketPath: "/run/user/1000/systemd/notify" };

describe("a unit, by what systemd's version understands", () => {
  it("257: systemd hands the socket over, and delays grow", () => {
    expect(systemdUnit(daemonSpec, { version: 257, notify: FILE })).toMatchInlineSnapshot(`
      "# prism-service {"kind":"daemon","home":"/home/ann/.prism","tenant":"local","persona":"reviewer","project":"shop"}
      # Written by prism service install, and written anew by it: put what is yours beside it, by systemctl --user edit.
      [Unit]
      Description=Prism daemon: rings reviewer@shop in /home/ann/shop
      After=prism-hub.service
      StartLimitIntervalSec=3600s
      StartLimitBurst=15

      [Service]
      Type=notify
      NotifyAccess=main
      OpenFile=/run/user/1000/systemd/notify:prism-notify
      WatchdogSec=60s
      WatchdogSignal=SIGKILL
      ExecStart=:"/usr/local/bin/prism" "daemon" "--persona" "reviewer" "--project" "/home/ann/shop"
      Environment="PATH=/usr/local/bin:/usr/bin"
      WorkingDirectory=~
      SyslogIdentifier=prism
      OpenFile=/run/systemd/journal/socket:prism-journal:graceful
      Restart=on-failure
      RestartPreventExitStatus=64 78
      RestartSec=2s
      RestartSteps=8
      RestartMaxDelaySec=300s
      TimeoutStartSec=90s
      TimeoutStopSec=15s
      LimitCORE=0
      KillMode=process
      OOMPolicy=continue

      [Install]
      WantedBy=default.target
      "
    `);
  });

  it("252: systemd-notify speaks for it, and the delay is always the same", () => {
    const text = systemdUnit(daemonSpec, { version: 252, notify: { by: "program" } });
    expect(text).toContain("Type=notify\nNotifyAccess=all\nWatchdogSec=180s\nWatchdogSignal=SIGKILL\n");
    expect(text).toContain("RestartSec=10s\nTimeoutStartSec");
    expect(text).not.toContain("OpenFile");
  });

  it("without a way to speak nobody waits for a word", () => {
    const text = systemdUnit(daemonSpec, { version: 252, notify: { by: "none" } });
    expect(text).toContain("[Service]\nType=exec\nExecStart=");
    expect(text).not.toMatch(/Watchdog|Notify/);
  });

  it("what starts nothing for others is confined, what starts agents is not", () => {
    const hub = systemdUnit(hubSpec, { version: 257, notify: FILE });
    expect(hub).toContain("NoNewPrivileges=yes");
    expect(hub).not.toContain("KillMode");
    const daemon = systemdUnit(daemonSpec, { version: 257, notify: FILE });
    expect(daemon).not.toMatch(/NoNewPrivileges|UMask|SystemCall|Restrict(?!Prevent)/);
    expect(daemon).toContain("KillMode=process\nOOMPolicy=continue");
  });
});

const hasVerify = isToolHere(["systemd-analyze", "--version"]);

describe.skipIf(!hasVerify)("systemd's own word on it", () => {
  const version = hasVerify
    ? Number(/^systemd (\d+)/.exec(runTool(["systemd-analyze", "--version"]).said)?.[1])
    : 0;

  /** It ends with 0 for unknown keys too: only silence is consent. */
  function verified(name: string, text: string): string {
    const dir = tempDir();
    const path = join(dir, `${name}.service`);
    writeFileSync(path, text);
    mkdirSync(join(dir, "run"), { mode: 0o700 });
    return runTool(["systemd-analyze", "--user", "verify", path], {
      env: { XDG_RUNTIME_DIR: join(dir, "run") },
    }).said;
  }

  const real = { ...daemonSpec, program: [process.execPath, "daemon"] as const };
  const notify: NotifyWay = version >= 253 ? FILE : { by: "program" };

  it.each([
    ["a daemon", real],
    ["the hub", { ...hubSpec, program: [process.execPath, "hub"] as const }],
    [
      "hostile words",
      {
        ...real,
        about: "50% of %h",
        env: { PATH: '/a b:$x:%h:"' },
        program: [process.execPath, '$HOME "%i" \\ ; ü', ";", ""] as const,
      },
    ],
  ])("%s: nothing to say", (_, spec) => {
    expect(verified(spec.name, systemdUnit(spec, { version, notify }))).toBe("");
  });

  it("does say something about a wrong one", () => {
    const text = systemdUnit(real, { version, notify }).replace("KillMode=process", "KillMod=process");
    expect(verified(real.name, text)).toContain("KillMod");
  });
});
