import { describe, expect, it } from "vitest";
import type { Argv, Ran } from "../../../../src/launchers/plan.ts";
import { taskLauncher } from "../../../../src/launchers/task-scheduler/task-scheduler.ts";
import { daemonSpec } from "../../../support/service-spec.ts";

const host = {
  userId: "DESK\\ann",
  folder: "C:\\Users\\Ann O'Neil\\.prism\\services",
  self: ["C:\\Tools\\prism.exe"],
} as const;
const { name } = daemonSpec;

function stage(ran: Partial<Ran> = {}) {
  const asked: Argv[] = [];
  const launcher = taskLauncher(host, async (argv) => {
    asked.push(argv);
    return { status: 0, out: "", said: "", ...ran };
  });
  return { launcher, asked };
}

describe("a service under the Task Scheduler", () => {
  it("runs its keeper, without a window, at logon", () => {
    const text = stage().launcher.textOf(daemonSpec);
    expect(text).toContain(
      `<Command>%SystemRoot%\\System32\\conhost.exe</Command>\n      <Arguments>--headless C:\\Tools\\prism.exe service keep &quot;C:\\Users\\Ann O&apos;Neil\\.prism\\services\\${name}.json&quot;</Arguments>`,
    );
    expect(text).toContain("<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>");
  });

  it("schtasks and PowerShell do the same", () => {
    const lines = stage()
      .launcher.install(daemonSpec, null)
      .map((step) => (step.do === "run" ? [step.argv.join(" "), step.powershell] : [step.do, step.path]));
    expect(lines).toMatchInlineSnapshot(`
      [
        [
          "write",
          "C:\\Users\\Ann O'Neil\\.prism\\services\\prism-daemon-local-reviewer.json",
        ],
        [
          "write",
          "C:\\Users\\Ann O'Neil\\.prism\\services\\prism-daemon-local-reviewer.xml",
        ],
        [
          "schtasks /Create /TN \\Prism\\prism-daemon-local-reviewer /XML C:\\Users\\Ann O'Neil\\.prism\\services\\prism-daemon-local-reviewer.xml /F",
          "Register-ScheduledTask -TaskPath '\\Prism\\' -TaskName 'prism-daemon-local-reviewer' -Xml (Get-Content -Raw -Encoding Unicode -LiteralPath 'C:\\Users\\Ann O''Neil\\.prism\\services\\prism-daemon-local-reviewer.xml') -Force",
        ],
        [
          "schtasks /Change /TN \\Prism\\prism-daemon-local-reviewer /ENABLE",
          "Enable-ScheduledTask -TaskPath '\\Prism\\' -TaskName 'prism-daemon-local-reviewer'",
        ],
        [
          "schtasks /Run /TN \\Prism\\prism-daemon-local-reviewer",
          "Start-ScheduledTask -TaskPath '\\Prism\\' -TaskName 'prism-daemon-local-reviewer'",
        ],
      ]
    `);
    const disabled = stage()
      .launcher.disable(name)
      .flatMap((step) => (step.do === "run" ? [step.argv.join(" ")] : []));
    expect(disabled).toEqual([
      `schtasks /Change /TN \\Prism\\${name} /DISABLE`,
      `schtasks /End /TN \\Prism\\${name}`,
    ]);
    const removed = stage()
      .launcher.remove(name)
      .flatMap((step) => (step.do === "run" ? [step.powershell] : []));
    expect(removed).toEqual([
      `Stop-ScheduledTask -TaskPath '\\Prism\\' -TaskName '${name}'`,
      `Unregister-ScheduledTask -TaskPath '\\Prism\\' -TaskName '${name}' -Confirm:$false`,
    ]);
  });

  it.each([
    ["4 267009", { state: "running", startsAgain: true, why: null }],
    ["3 0", { state: "stopped", startsAgain: true, why: null }],
    ["3 1", { state: "failed", why: "last result 1" }],
    ["1 0", { state: "stopped", startsAgain: false }],
    ["", { state: "absent" }],
  ])("says how it fares: %s", async (out, status) => {
    const { launcher, asked } = stage({ out: `${out}\n` });
    expect(await launcher.status(name)).toMatchObject(status);
    expect(asked[0]?.[0]).toBe("powershell");
  });
});
