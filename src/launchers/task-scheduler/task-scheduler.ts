/**
 * Services of a user under Windows' Task Scheduler: which commands register, start, stop and remove a task. The
 * task's text is `task-xml.ts`'s, and `keep.ts` keeps its program alive.
 *
 * `schtasks` writes in the user's language, so nothing is read out of it but its status; what is to be read is asked
 * of PowerShell.
 */
import { win32 } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import type { RunCommand } from "../apply.ts";
import type { Launcher, ServiceStatus, Standing } from "../launcher.ts";
import type { Plan, Ran, Step } from "../plan.ts";
import type { LauncherSpec } from "../spec.ts";
import { keptText, readKept } from "./kept-file.ts";
import { type TaskOwner, taskXml } from "./task-xml.ts";

export interface TaskHost extends TaskOwner {
  /** Where the tasks' files lie, in Prism's own folder: what is registered is a copy. */
  readonly folder: string;
  /** How this program is started. */
  readonly self: readonly [string, ...string[]];
}

const ASK_MS_MAX = 30_000;
const FOLDER = "\\Prism\\";

export function taskLauncher(host: TaskHost, run: RunCommand): Launcher {
  const fileOf = (name: string): string => win32.join(host.folder, `${name}.xml`);
  const keptOf = (name: string): string => win32.join(host.folder, `${name}.json`);
  const textOf = (spec: LauncherSpec): string =>
    taskXml(spec, host, [...host.self, "service", "keep", keptOf(spec.name)]);
  const start = (name: string): Plan => [
    schtasks(`enable ${name}`, ["/Change", "/TN", FOLDER + name, "/ENABLE"], {
      isUpkeep: true,
      powershell: `Enable-ScheduledTask ${named(name)}`,
    }),
    // One that runs already is left alone: the task says so itself (IgnoreNew).
    schtasks(`start ${name}`, ["/Run", "/TN", FOLDER + name], {
      undo: ["schtasks", "/End", "/TN", FOLDER + name],
      powershell: `Start-ScheduledTask ${named(name)}`,
    }),
  ];
  const stop = (name: string): Step =>
    schtasks(`stop ${name}`, ["/End", "/TN", FOLDER + name], {
      alsoFine: NOT_THERE,
      powershell: `Stop-ScheduledTask ${named(name)}`,
    });
  return {
    system: "task-scheduler",
    folder: host.folder,
    fileOf,
    nameIn: (file) => /^(.+)\.xml$/.exec(file)?.[1],
    textOf,
    read: (name) => standingAt(keptOf(name)),
    withoutLogin: null,
    install: (spec, standing) => [
      ...(standing === null || standing === textOf(spec) ? [] : [stop(spec.name)]),
      { do: "write", says: `write what ${spec.name} runs`, path: keptOf(spec.name), text: keptText(spec) },
      {
        do: "write",
        says: `write the task ${spec.name}`,
        path: fileOf(spec.name),
        text: textOf(spec),
        encoding: "utf16",
      },
      schtasks(
        `register ${spec.name}`,
        ["/Create", "/TN", FOLDER + spec.name, "/XML", fileOf(spec.name), "/F"],
        {
          undo: ["schtasks", "/Delete", "/TN", FOLDER + spec.name, "/F"],
          powershell: `Register-ScheduledTask ${named(spec.name)} -Xml (Get-Content -Raw -Encoding Unicode -LiteralPath ${psText(fileOf(spec.name))}) -Force`,
        },
      ),
      ...start(spec.name),
    ],
    remove: (name) => [
      stop(name),
      schtasks(`remove the task ${name}`, ["/Delete", "/TN", FOLDER + name, "/F"], {
        alsoFine: NOT_THERE,
        powershell: `Unregister-ScheduledTask ${named(name)} -Confirm:$false`,
      }),
      { do: "remove", says: `remove the file of ${name}`, path: fileOf(name) },
      { do: "remove", says: `remove what ${name} ran`, path: keptOf(name) },
    ],
    start,
    stop: (name) => [stop(name)],
    disable: (name) => [
      schtasks(`disable ${name}`, ["/Change", "/TN", FOLDER + name, "/DISABLE"], {
        alsoFine: NOT_THERE,
        undo: ["schtasks", "/Change", "/TN", FOLDER + name, "/ENABLE"],
        powershell: `Disable-ScheduledTask ${named(name)}`,
      }),
      stop(name),
    ],
    status: async (name) => statusIn(name, await run(askOf(name), ASK_MS_MAX)),
    logCommand: ({ logPath }) => [
      "powershell",
      "-NoProfile",
      "-Command",
      `Get-Content -Tail 20 -LiteralPath ${psText(logPath)}`,
    ],
  };
}

/** Not out of the task, which starts `service keep`, but of what that keeps. */
function standingAt(path: string): Standing | undefined {
  try {
    const { program, env } = readKept(path);
    return { program, env };
  } catch (error) {
    if (error instanceof PrismError && error.code !== "permission_denied") return undefined;
    throw error;
  }
}

/** It says 1 for everything that went wrong, a task that is not there too. */
const NOT_THERE = [1];

function schtasks(says: string, words: readonly string[], more: Partial<Step & { do: "run" }>): Step {
  return { do: "run", says, argv: ["schtasks", ...words], ...more };
}

/** One text of PowerShell: between single quotes only they themselves mean anything. */
function psText(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
}

function named(name: string): string {
  return `-TaskPath ${psText(FOLDER)} -TaskName ${psText(name)}`;
}

function askOf(name: string) {
  const question = `$t = Get-ScheduledTask ${named(name)} -ErrorAction SilentlyContinue; if ($t) { "$([int]$t.State) $(($t | Get-ScheduledTaskInfo).LastTaskResult)" }`;
  return ["powershell", "-NoProfile", "-NonInteractive", "-Command", question] as const;
}

/** States: 1 disabled, 2 queued, 3 ready, 4 running. Results: 0x41300 and its neighbours are no failures. */
function statusIn(name: string, { status, out, said }: Ran): ServiceStatus {
  const nothing = { name, startsAgain: false, pid: null, restarts: null, why: null };
  const found = /^(\d) (\d+)/.exec(out);
  if (status !== 0) return { ...nothing, state: "absent", why: said };
  if (found === null) return { ...nothing, state: "absent" };
  const result = Number(found[2]);
  const isFailure = result !== 0 && (result & 0xffffff00) !== 0x00041300;
  const states: { readonly [state: string]: ServiceStatus["state"] } = { "2": "starting", "4": "running" };
  const ended = isFailure ? "failed" : "stopped";
  return {
    ...nothing,
    state: states[found[1] ?? ""] ?? ended,
    startsAgain: found[1] !== "1",
    why: isFailure ? `last result ${result}` : null,
  };
}
