/**
 * What the service manager of this host keeps alive for this home: does it answer, how does each service fare and
 * why, is its file what this version would write, does its program exist, is it started without a login. Asks only;
 * offers to enable, to start what gave up, and to let services run without a login.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { stateDirOf } from "../../host/home.ts";
import { applyPlan } from "../../launchers/apply.ts";
import type { ServiceStatus } from "../../launchers/launcher.ts";
import type { Plan } from "../../launchers/plan.ts";
import { counted } from "../layout.ts";
import { readPersonaRecordIfWhole } from "../persona/record.ts";
import type { Runtime } from "../runtime.ts";
import type { OwnService, ServicesHere } from "../service/here.ts";
import type { Check, Mend } from "./check.ts";
import { isExecutable } from "./program-checks.ts";
import { serviceEnd } from "./service-ends.ts";
import { type Around, installLine, lineOf, shownService, uninstallLine, unitChecks } from "./unit-checks.ts";

const LOG_MS_MAX = 3000;
const LOG_CHARS_MAX = 300;

/** @param here what the service manager says, or why it says nothing */
export async function serviceChecks(
  here: ServicesHere | PrismError,
  runtime: Runtime,
): Promise<readonly Check[]> {
  if (here instanceof PrismError) return [silenceCheck(here)];
  const { launcher, own } = here;
  const answers = { name: "launcher", verdict: "ok" } as const;
  if (own.length === 0) {
    return [{ ...answers, verdict: "note", finding: `${launcher.system} keeps nothing of this home alive` }];
  }
  const finding = `${launcher.system} answers, and keeps ${counted(own.length, "service")} of this home`;
  const each = await Promise.all(own.map((service) => checksOf(service, here, runtime)));
  return [{ ...answers, finding }, ...each.flat(), ...(await loginChecks(here))];
}

/** Nothing of Prism needs one: whoever starts hub and daemons by hand, or in a container, is well without. */
function silenceCheck(error: PrismError): Check {
  const remedy = error.hint;
  return {
    name: "launcher",
    verdict: "note",
    finding: error.message,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

async function checksOf(
  service: OwnService,
  here: ServicesHere,
  runtime: Runtime,
): Promise<readonly Check[]> {
  const { launcher } = here;
  const around = { service, here, runtime };
  const name = `service ${service.name}`;
  const [status, standing] = [await launcher.status(service.name), launcher.read(service.name)];
  const program = standing?.program[0];
  if (program !== undefined && !isExecutable(program)) {
    const fault = existsSync(program) ? "may not be executed" : "does not exist";
    return [
      {
        name,
        verdict: "fail",
        finding: `${shownService(service)} is to be started by ${printable(program, 200)}, which ${fault}`,
        remedy: `have it started by a program that does: ${installLine(standing, service)}`,
        code: "not_found",
      },
    ];
  }
  return [await stateCheck(name, status, around), ...unitChecks(standing, around)];
}

async function stateCheck(name: string, status: ServiceStatus, around: Around): Promise<Check> {
  const { service, here } = around;
  const { launcher } = here;
  const shown = shownService(service);
  const again = status.restarts
    ? `, started again ${status.restarts === 1 ? "once" : `${status.restarts} times`}`
    : "";
  const isOff = status.state === "stopped" || status.state === "failed";
  if (isOff && isArchived(around)) {
    return { name, verdict: "note", finding: `${shown} is archived: off duty until it is restored` };
  }
  switch (status.state) {
    case "running":
    case "starting":
      if (status.startsAgain) {
        const pid = status.pid === null ? "" : ` (process ${status.pid})`;
        return { name, verdict: "ok", finding: `${shown} is ${status.state}${pid}${again}` };
      }
      return {
        name,
        verdict: "warn",
        finding: `${shown} is ${status.state}, and is not started again at login or boot: it is not enabled`,
        remedy: `enable it: ${commandsOf(enabling(service, around))}`,
        mend: mendBy(`enable ${service.name}`, enabling(service, around), here),
      };
    case "waiting": {
      const { words } = serviceEnd(status.why ?? "a failure");
      return {
        name,
        verdict: "warn",
        finding: `${shown} fails again and again${again}, last with ${words}${await lastWords(around)}`,
        remedy: `mend what its log says; it is started again by itself: ${logLine(around)}`,
      };
    }
    case "failed": {
      const end = serviceEnd(status.why ?? "a failure");
      const start = commandsOf(launcher.start(service.name));
      return {
        name,
        verdict: "fail",
        finding: `${shown} has failed and is not started again${again}: ${end.words}${await lastWords(around)}`,
        remedy: end.isFinal
          ? `mend what its log says (${logLine(around)}), then: ${start}`
          : `start it again: ${start}; what it said: ${logLine(around)}`,
        code: service.owner.kind === "hub" ? "hub_unreachable" : "daemon_unreachable",
        ...(end.isFinal
          ? {}
          : { mend: mendBy(`start ${service.name} again`, launcher.start(service.name), here) }),
      };
    }
    case "stopped":
      return {
        name,
        verdict: "note",
        finding: `${shown} has ended in order: it was told to stop, or wrapped`,
        remedy: `to have it again: ${commandsOf(launcher.start(service.name))}`,
      };
    case "absent": {
      const because = status.why === null ? "" : ` (${status.why})`;
      const install = installLine(launcher.read(service.name), service);
      return {
        name,
        verdict: "warn",
        finding: `the file of ${shown} is there, and ${launcher.system} does not know it${because}`,
        remedy: `have it kept: ${install}; or taken away: ${uninstallLine(service)}`,
      };
    }
  }
}

function isArchived({ service: { owner }, runtime: { home } }: Around): boolean {
  if (owner.kind === "hub") return false;
  return readPersonaRecordIfWhole(stateDirOf(home, owner.tenant, owner), "look")?.undertaking === "archived";
}

/** Only the step that makes it start again: whether it runs is another matter. */
function enabling(service: OwnService, { here, runtime }: Around): Plan {
  const { launcher } = here;
  const standing = launcher.read(service.name);
  if (standing === undefined) return [];
  const spec = {
    ...standing,
    name: service.name,
    owner: service.owner,
    about: "",
    logPath: runtime.home.logDir,
    startsOthers: true,
  };
  return launcher
    .install(spec, null)
    .filter((step) => step.do === "run" && step.says === `enable ${service.name}`);
}

function mendBy(does: string, plan: Plan, { run }: ServicesHere): Mend {
  return {
    does,
    async run() {
      await applyPlan(plan, { run });
    },
  };
}

/** The log's last lines that say why, if it can be read. */
async function lastWords({ service, here, runtime }: Around): Promise<string> {
  const spec = { name: service.name, logPath: join(runtime.home.logDir, `${service.name}.log`) };
  const { status, out } = await here.run(here.launcher.logCommand(spec), LOG_MS_MAX);
  if (status !== 0) return "";
  const said = failureIn(out);
  return said === undefined ? "" : `; its log: ${printable(said, LOG_CHARS_MAX)}`;
}

/** The last failure that Prism told there, with its hint: as lines for a person, or as an entry of the log. */
export function failureIn(log: string): string | undefined {
  const lines = log.trimEnd().split("\n");
  const at = lines.findLastIndex((line) => /(^|\s)prism: /.test(line));
  if (at === -1) return undefined;
  const afterMark = (line: string | undefined, mark: string): string | undefined =>
    line?.includes(mark) === true ? line.slice(line.indexOf(mark) + mark.length).trim() : undefined;
  const message = afterMark(lines[at], "prism: ");
  const hint = afterMark(lines[at + 1], "hint: ");
  return hint === undefined ? message : `${message} (${hint})`;
}

async function loginChecks(here: ServicesHere): Promise<readonly Check[]> {
  const { launcher, run, own } = here;
  const step = launcher.withoutLogin;
  if (step === null || step.do !== "run" || step.holds === undefined) return [];
  const { argv, isHeld } = step.holds;
  if (isHeld(await run(argv, LOG_MS_MAX))) {
    return [{ name: "linger", verdict: "ok", finding: "services start at boot, without a login" }];
  }
  const { otherwise: _, ...needed } = step;
  return [
    {
      name: "linger",
      verdict: "warn",
      finding: `${own.length === 1 ? "1 service of this home starts at your login and ends" : `${own.length} services of this home start at your login and end`} with it: lingering is off`,
      remedy: `let them run from boot on: ${step.argv.join(" ")}, if need be with sudo`,
      mend: mendBy(step.says, [needed], here),
    },
  ];
}

function logLine({ service, here, runtime }: Around): string {
  return lineOf(
    here.launcher.logCommand({
      name: service.name,
      logPath: join(runtime.home.logDir, `${service.name}.log`),
    }),
  );
}

/** The plan's commands as a person would type them, without what is done each time for good measure. */
export function commandsOf(plan: Plan): string {
  return plan
    .flatMap((step) => (step.do === "run" && step.isUpkeep !== true ? [lineOf(step.argv)] : []))
    .join(" && ");
}
