/**
 * Services of a user under launchd: which commands load, start, stop and remove an agent, and how to see that each
 * held. The agent's text is `plist.ts`'s.
 * Source: launchctl(1). `bootout` returns before the agent is gone, and a `bootstrap` that meets it fails with
 * "5: Input/output error": so what is asked for is waited for.
 */
import { join } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import type { RunCommand } from "../apply.ts";
import type { Launcher, ServiceStatus } from "../launcher.ts";
import type { Check, Plan, Ran, Step } from "../plan.ts";
import { readServiceFile } from "../service-file.ts";
import type { LauncherSpec } from "../spec.ts";
import { launchdPlist, plistStanding, type Session } from "./plist.ts";

export interface LaunchdHost {
  /** `gui/501`, or `user/501` where nobody is logged in at the screen. */
  readonly domain: string;
  readonly session: Session;
  /** `~/Library/LaunchAgents` */
  readonly agentsDir: string;
}

const ASK_MS_MAX = 10_000;
/** "No such process" and "Could not find service". */
const NOT_LOADED = [3, 113];

/** @throws PrismError `unsupported` if launchd knows neither domain of this user */
export async function launchdHost(
  run: RunCommand,
  seen: { readonly uid: number; readonly userDir: string },
): Promise<LaunchdHost> {
  const agentsDir = join(seen.userDir, "Library/LaunchAgents");
  const sessions = [
    { domain: `gui/${seen.uid}`, session: "Aqua" },
    { domain: `user/${seen.uid}`, session: "Background" },
  ] as const;
  let said = "";
  for (const each of sessions) {
    const ran = await run(["launchctl", "print", each.domain], ASK_MS_MAX);
    if (ran.status === 0) return { ...each, agentsDir };
    said = ran.said;
  }
  throw new PrismError("unsupported", `launchd has no place for the services of user ${seen.uid}: ${said}`, {
    hint: "log in as this user once, at the screen or over ssh",
  });
}

export function launchdLauncher(host: LaunchdHost, run: RunCommand): Launcher {
  const { domain, session, agentsDir } = host;
  const fileOf = (name: string): string => join(agentsDir, `${name}.plist`);
  const target = (name: string): string => `${domain}/${name}`;
  const print = (name: string) => ["launchctl", "print", target(name)] as const;
  const isLoaded = (name: string): Check => ({ argv: print(name), isHeld: ({ status }) => status === 0 });
  const isGone = (name: string): Check => ({ argv: print(name), isHeld: ({ status }) => status !== 0 });
  const isRunning = (name: string): Check => ({ argv: print(name), isHeld: (ran) => pidIn(ran) !== null });

  const bootout = (name: string): Step => ({
    do: "run",
    says: `unload ${name}`,
    argv: ["launchctl", "bootout", target(name)],
    alsoFine: NOT_LOADED,
    holds: isGone(name),
  });
  const enable = (name: string): Step => ({
    do: "run",
    says: `enable ${name}`,
    // One that was disabled by hand can't be loaded. It says nothing of whether it was.
    argv: ["launchctl", "enable", target(name)],
    isUpkeep: true,
  });
  // After a stop it is not loaded any more: only this brings it back, and kickstart would find nothing.
  const start = (name: string): Plan => [
    enable(name),
    {
      do: "run",
      says: `load ${name}`,
      argv: ["launchctl", "bootstrap", domain, fileOf(name)],
      holds: isLoaded(name),
      undo: ["launchctl", "bootout", target(name)],
    },
    {
      do: "run",
      says: `start ${name}`,
      argv: ["launchctl", "kickstart", target(name)],
      holds: isRunning(name),
    },
  ];
  const textOf = (spec: LauncherSpec): string => launchdPlist(spec, session);
  return {
    system: "launchd",
    folder: agentsDir,
    fileOf,
    nameIn: (file) => /^(.+)\.plist$/.exec(file)?.[1],
    textOf,
    read: (name) => plistStanding(readServiceFile(fileOf(name)) ?? ""),
    withoutLogin: null,
    install: (spec, standing) => [
      ...(standing === null || standing === textOf(spec) ? [] : [bootout(spec.name)]),
      { do: "write", says: `write the agent ${spec.name}`, path: fileOf(spec.name), text: textOf(spec) },
      ...start(spec.name),
    ],
    remove: (name) => [bootout(name), { do: "remove", says: `remove the agent ${name}`, path: fileOf(name) }],
    start,
    stop: (name) => [bootout(name)],
    disable: (name) => [
      {
        do: "run",
        says: `disable ${name}`,
        // The file stays, and launchd would load it at the next login.
        argv: ["launchctl", "disable", target(name)],
        undo: ["launchctl", "enable", target(name)],
      },
      bootout(name),
    ],
    status: async (name) => statusIn(name, await run(print(name), ASK_MS_MAX)),
    logCommand: ({ logPath }) => ["tail", "-n", "20", logPath],
  };
}

/** `launchctl print` is for people and may change; these lines have stood since macOS 10.10. */
function pidIn({ status, out }: Ran): number | null {
  const found = status === 0 ? /^\s*pid = (\d+)$/m.exec(out)?.[1] : undefined;
  return found === undefined ? null : Number(found);
}

function statusIn(name: string, ran: Ran): ServiceStatus {
  const nothing = { name, startsAgain: false, pid: null, restarts: null, why: null };
  if (ran.status !== 0) return { ...nothing, state: "absent" };
  const pid = pidIn(ran);
  const exit = /^\s*last exit code = (\d+)/m.exec(ran.out)?.[1];
  const runs = /^\s*runs = (\d+)$/m.exec(ran.out)?.[1];
  const failed = exit !== undefined && exit !== "0";
  return {
    name,
    state: pid !== null ? "running" : failed ? "waiting" : "stopped",
    startsAgain: true,
    pid,
    restarts: runs === undefined ? null : Math.max(0, Number(runs) - 1),
    why: failed ? `exit status ${exit}` : null,
  };
}
