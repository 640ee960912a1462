/** `prism doctor`: one page of checks, each with what to do about it. Looks and asks; changes nothing. */
import { settingValue, table } from "./arguments.ts";
import type { Check, Verdict } from "./doctor/check.ts";
import { daemonChecks } from "./doctor/daemon-checks.ts";
import { diskCheck, homeCheck, programCheck, settingsChecks, tokenCheck } from "./doctor/host-checks.ts";
import { hubChecks } from "./doctor/hub-checks.ts";
import { ConfigError, EXIT, EXIT_STATUSES, type ExitStatus } from "./exit-status.ts";
import { hubFlags, localHubDataDir, localHubUrl } from "./hub-target.ts";
import { counted, type Ink, inkFor, padded, wrapped } from "./layout.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json, type SettingName, settings } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "doctor",
  about: [
    "Looks at the home folder, the settings, the token and the disk, and asks the hub and this host's daemons whether they answer in time. The exit status is 0 if nothing has to be mended, else that of the first failure.",
  ],
  arguments: [],
  flags: { ...hubFlags, ...json },
  examples: [
    { line: "prism doctor", about: "before asking anybody for help" },
    {
      line: "prism doctor --json",
      about: '{"well": false, "checks": [{"name": "hub", "verdict": "fail", ...',
    },
  ],
});

export const doctor = verb(
  definition,
  async ({ flags: typed }, runtime) => {
    const flags = {
      hub: typed.hub ?? soundSetting("hub", runtime),
      tokenFile: typed.tokenFile ?? soundSetting("tokenFile", runtime),
      tlsCa: typed.tlsCa ?? soundSetting("tlsCa", runtime),
    };
    const checks: Check[] = [
      programCheck(runtime),
      homeCheck(runtime),
      ...settingsChecks(runtime),
      tokenCheck(runtime, flags.tokenFile),
      diskCheck(runtime, soundSetting("data", runtime) ?? hubDataDirOf(runtime)),
      ...(await hubChecks(flags.hub ?? hubUrlOf(runtime), flags, runtime)),
      ...(await daemonChecks(runtime)),
    ];
    const worst = checks.find((check) => check.verdict === "fail");
    if (typed.json) writeJson(runtime.out, { well: worst === undefined, checks });
    else runtime.out.write(pageText(checks, inkFor(runtime.out)));
    return worst === undefined ? EXIT.ok : statusOf(worst);
  },
  // Nothing from outside: a broken setting is a finding here, not a failure.
  { sourcesOf: (runtime) => ({ env: {}, config: {}, configPath: runtime.home.configPath }) },
);

/** A setting that can be used; what can't is told by the settings check. */
function soundSetting(key: SettingName, runtime: Runtime): string | undefined {
  try {
    return settingValue(key, settings[key], runtime.readSources()) as string | undefined;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function hubUrlOf(runtime: Runtime): string {
  try {
    return localHubUrl(runtime);
  } catch {
    return "http://127.0.0.1:7747";
  }
}

function hubDataDirOf(runtime: Runtime): string | undefined {
  try {
    return localHubDataDir(runtime);
  } catch {
    return undefined;
  }
}

function statusOf(check: Check): ExitStatus {
  if (check.name === "settings") return EXIT.config;
  return check.code === undefined ? EXIT.software : EXIT_STATUSES[check.code];
}

function pageText(checks: readonly Check[], ink: Ink): string {
  const draw: { readonly [V in Verdict]: string } = {
    ok: ink.green("ok  "),
    note: ink.cyan("note"),
    warn: ink.yellow("warn"),
    fail: ink.red("FAIL"),
    skip: ink.dim("skip"),
  };
  const columns = Math.min(24, Math.max(...checks.map((check) => check.name.length)));
  const gutter = " ".repeat(columns + 10);
  const lines = checks.map((check) => {
    const body = wrapped(check.finding, 80, gutter).slice(gutter.length);
    const remedy =
      check.remedy === undefined ? "" : `\n${ink.dim(wrapped(`-> ${check.remedy}`, 80, gutter))}`;
    return `  ${draw[check.verdict]}  ${padded(check.name, columns)}  ${body}${remedy}`;
  });
  return `${lines.join("\n")}\n\n${summaryText(checks, ink)}\n`;
}

function summaryText(checks: readonly Check[], ink: Ink): string {
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  const fails = count("fail");
  const warns = count("warn");
  if (fails > 0)
    return ink.red(
      `${counted(fails, "failure")}${warns > 0 ? `, ${counted(warns, "warning")}` : ""}: see "->" above`,
    );
  if (warns > 0) return ink.yellow(`${counted(warns, "warning")}, nothing broken`);
  return ink.green("all is well");
}
