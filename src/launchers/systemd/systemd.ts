/**
 * Services of a user under systemd: which commands install, start, stop and remove a user unit, and how to see that
 * each held. The unit's text is `unit.ts`'s.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import type { RunCommand } from "../apply.ts";
import type { Launcher, ServiceStatus } from "../launcher.ts";
import type { Argv, Plan, Step } from "../plan.ts";
import { readServiceFile } from "../service-file.ts";
import type { LauncherSpec } from "../spec.ts";
import { type NotifyWay, type SystemdFacts, systemdUnit, unitStanding } from "./unit.ts";

export interface SystemdHost extends SystemdFacts {
  /** Where this user's own units lie, by what its manager says. */
  readonly unitDir: string;
  readonly user: string;
}

/** OpenFile= with a socket. */
const VERSION_OF_OPEN_FILE = 253;
const ASK_MS_MAX = 10_000;
const LINGER_DIR = "/var/lib/systemd/linger";

/**
 * What this host's systemd can do.
 *
 * @param seen.user the user's name
 * @param seen.runtimeDir `XDG_RUNTIME_DIR`
 * @throws PrismError `unsupported` if no manager of this user answers
 */
export async function systemdHost(
  run: RunCommand,
  seen: { readonly user: string; readonly runtimeDir: string },
): Promise<SystemdHost> {
  const told = await run(["systemctl", "--user", "show", "--property=UnitPath"], ASK_MS_MAX);
  const unitDir = unitDirIn(told.out, seen.runtimeDir);
  if (told.status !== 0 || unitDir === undefined) {
    throw new PrismError("unsupported", `no service manager of the user ${seen.user} answers: ${told.said}`, {
      hint: "log in as this user, or make systemd keep one: sudo loginctl enable-linger USER",
    });
  }
  const { out } = await run(["systemctl", "--version"], ASK_MS_MAX);
  const version = Number(/^systemd (\d+)/.exec(out)?.[1] ?? 0);
  return { unitDir, user: seen.user, version, notify: await notifyWay(version, seen.runtimeDir, run) };
}

/** Not ~/.config of this shell: the manager may have been started with another. */
function unitDirIn(shown: string, runtimeDir: string): string | undefined {
  const paths = /^UnitPath=(.*)$/m.exec(shown)?.[1]?.split(" ") ?? [];
  return paths.find((path) => path.endsWith("/systemd/user") && !path.startsWith(`${runtimeDir}/`));
}

async function notifyWay(version: number, runtimeDir: string, run: RunCommand): Promise<NotifyWay> {
  const socketPath = join(runtimeDir, "systemd/notify");
  if (version >= VERSION_OF_OPEN_FILE && existsSync(socketPath)) return { by: "file", socketPath };
  const { status } = await run(["systemd-notify", "--version"], ASK_MS_MAX);
  return { by: status === 0 ? "program" : "none" };
}

export function systemdLauncher(host: SystemdHost, run: RunCommand): Launcher {
  const fileOf = (name: string): string => join(host.unitDir, `${name}.service`);
  return {
    system: "systemd",
    folder: host.unitDir,
    fileOf,
    nameIn: (file) => /^(.+)\.service$/.exec(file)?.[1],
    textOf: (spec) => systemdUnit(spec, host),
    read: (name) => unitStanding(readServiceFile(fileOf(name)) ?? ""),
    withoutLogin: lingerStep(host.user),
    install: (spec, standing) => installPlan(spec, { standing, path: fileOf(spec.name), host }),
    remove: (name) => [
      ...disablePlan(name),
      { do: "remove", says: `remove the unit of ${name}`, path: fileOf(name) },
      reload,
      step(`forget how ${name} ended`, ["reset-failed", unitOf(name)], UPKEEP),
    ],
    start: startPlan,
    stop: (name) => [stopStep(name)],
    disable: disablePlan,
    status: async (name) => statusIn(name, await run(showOf(name), ASK_MS_MAX)),
    logCommand: ({ name }) => ["journalctl", "--user", "--unit", unitOf(name), "--no-pager", "--lines", "20"],
  };
}

/** `systemctl reset-failed` ends with 1 where there is nothing to forget. */
const UPKEEP = { alsoFine: [1], isUpkeep: true } as const;

function unitOf(name: string): string {
  return `${name}.service`;
}

function step(
  says: string,
  words: readonly string[],
  more: Partial<Step & { do: "run" }> = {},
): Step & { do: "run" } {
  return { do: "run", says, argv: ["systemctl", "--user", ...words], ...more };
}

const reload = step("have systemd read its units", ["daemon-reload"], { isUpkeep: true });

/** A start waits until the program says that it is ready; systemd's own bound is 90 s. */
const START_MS_MAX = 100_000;
const STOP_MS_MAX = 30_000;

function installPlan(
  spec: LauncherSpec,
  at: { readonly standing: string | null; readonly path: string; readonly host: SystemdHost },
): Plan {
  const { name } = spec;
  const text = systemdUnit(spec, at.host);
  return [
    // Before the file changes: so at no time does one run that is not what its file says.
    ...(at.standing === null || at.standing === text ? [] : [stopStep(name)]),
    { do: "write", says: `write the unit of ${name}`, path: at.path, text },
    // Undone last of all but the file: systemd then no longer knows a unit that is gone.
    { ...reload, undo: reload.argv },
    step(`enable ${name}`, ["enable", unitOf(name)], {
      holds: {
        argv: ["systemctl", "--user", "is-enabled", unitOf(name)],
        isHeld: ({ status }) => status === 0,
      },
      undo: ["systemctl", "--user", "disable", unitOf(name)],
    }),
    lingerStep(at.host.user),
    ...startPlan(name),
  ];
}

function startPlan(name: string): Plan {
  return [
    // After too many starts systemd starts it no more, not even when told to.
    step(`forget how ${name} ended`, ["reset-failed", unitOf(name)], UPKEEP),
    step(`start ${name}`, ["start", unitOf(name)], {
      timeoutMs: START_MS_MAX,
      holds: {
        argv: ["systemctl", "--user", "is-active", unitOf(name)],
        isHeld: ({ status }) => status === 0,
      },
      undo: ["systemctl", "--user", "stop", unitOf(name)],
    }),
  ];
}

/** First of all not at the next boot: so that a crash between the two brings nothing back. */
function disablePlan(name: string): Plan {
  const isEnabled = ["systemctl", "--user", "is-enabled", unitOf(name)] as const;
  return [
    step(`disable ${name}`, ["disable", unitOf(name)], {
      holds: { argv: isEnabled, isHeld: ({ status }) => status !== 0 },
    }),
    stopStep(name),
  ];
}

/** One that waits for its next start is not active either, and must not have it. */
function stopStep(name: string): Step {
  return step(`stop ${name}`, ["stop", unitOf(name)], {
    timeoutMs: STOP_MS_MAX,
    holds: {
      argv: ["systemctl", "--user", "is-active", unitOf(name)],
      isHeld: ({ out }) => /^(inactive|failed|unknown)$/.test(out.trim()),
    },
  });
}

/** Without it a user's services start at login and end at logout. */
function lingerStep(user: string): Step {
  return {
    do: "run",
    says: `let the services of ${user} run without a login`,
    argv: ["loginctl", "enable-linger", user],
    // The file, not logind's word: that is known where logind does not answer, too.
    holds: { argv: ["test", "-e", join(LINGER_DIR, user)], isHeld: ({ status }) => status === 0 },
    otherwise: `until then they start at your login and end with it; to change that: sudo loginctl enable-linger ${user}`,
  };
}

const SHOWN = [
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "MainPID",
  "NRestarts",
  "ExecMainStatus",
  "UnitFileState",
];

function showOf(name: string): Argv {
  return ["systemctl", "--user", "show", unitOf(name), `--property=${SHOWN.join(",")}`];
}

function statusIn(
  name: string,
  ran: { readonly status: number; readonly out: string; readonly said: string },
): ServiceStatus {
  const shown = new Map(ran.out.split("\n").map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  const get = (key: string): string => shown.get(key) ?? "";
  const nothing = { name, startsAgain: false, pid: null, restarts: null };
  if (ran.status !== 0) return { ...nothing, state: "absent", why: ran.said };
  if (get("LoadState") === "not-found") return { ...nothing, state: "absent", why: null };
  const pid = Number(get("MainPID"));
  const result = get("Result");
  const status = get("ExecMainStatus");
  return {
    name,
    state: stateIn(get("ActiveState"), get("SubState")),
    startsAgain: get("UnitFileState") === "enabled",
    pid: pid > 0 ? pid : null,
    restarts: Number(get("NRestarts")),
    why: result === "success" ? null : result === "exit-code" ? `exit status ${status}` : result,
  };
}

function stateIn(active: string, sub: string): ServiceStatus["state"] {
  if (sub === "auto-restart" || sub === "auto-restart-queued") return "waiting";
  if (active === "active" || active === "reloading") return "running";
  if (active === "activating") return "starting";
  return active === "failed" ? "failed" : "stopped";
}
