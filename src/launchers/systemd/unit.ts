/**
 * A systemd user unit as text. Knows what each version of systemd understands, and no command.
 * Source: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.syntax(7), of versions 252 and 257.
 */

import { JOURNAL_HANDED, JOURNAL_IDENTIFIER, JOURNAL_SOCKET } from "../../host/log-journal.ts";
import type { Standing } from "../launcher.ts";
import { ownerLine } from "../owner.ts";
import { checkedSpec, type LauncherSpec, RESTART } from "../spec.ts";

/**
 * How the service says that it is ready and well. It must be a datagram on a socket, which Node can't open:
 * `file`: systemd opens the socket and hands it over, a write is a datagram (OpenFile=, since 253);
 * `program`: `systemd-notify` is started for each word; `none`: neither is there.
 */
export type NotifyWay =
  | { readonly by: "file"; readonly socketPath: string }
  | { readonly by: "program" }
  | { readonly by: "none" };

export interface SystemdFacts {
  /** 252 of `systemd 252 (252.38-1~deb12u1)`. */
  readonly version: number;
  readonly notify: NotifyWay;
}

/** A datagram costs nothing; a process a few milliseconds of a core, in each of 50 daemons. */
const WATCHDOG_MS = { file: 60_000, program: 180_000 } as const;
/** OpenFile=, which opens sockets too. */
const VERSION_OF_OPEN_FILE = 253;
/** RestartSteps= and RestartMaxDelaySec=; without them the delay is always the same. */
const VERSION_OF_RESTART_STEPS = 254;
const RESTART_MS_WITHOUT_STEPS = 10_000;
/** A host that boots starts everything at once. */
const START_MS_MAX = 90_000;
/** A daemon's own end takes at most its bounds: surface, hub, IPC. */
const STOP_MS_MAX = 15_000;

/** @throws PrismError for what no unit can hold */
export function systemdUnit(given: LauncherSpec, facts: SystemdFacts): string {
  const spec = checkedSpec(given);
  return `${[
    `# ${ownerLine(spec.owner)}`,
    "# Written by prism service install, and written anew by it: put what is yours beside it, by systemctl --user edit.",
    ...unitLines(spec),
    "",
    "[Service]",
    ...notifyLines(facts.notify),
    // ":" keeps systemd from looking for variables in the words.
    `ExecStart=:${spec.program.map(quoted).join(" ")}`,
    ...Object.entries(spec.env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    // The project may be on a disk that is not there yet: the program says that better than "status 200/CHDIR".
    "WorkingDirectory=~",
    ...journalLines(facts.version),
    ...restartLines(facts.version),
    `TimeoutStartSec=${seconds(START_MS_MAX)}`,
    `TimeoutStopSec=${seconds(STOP_MS_MAX)}`,
    // A core would hold the token.
    "LimitCORE=0",
    ...(spec.startsOthers ? AROUND_OTHERS : CONFINED),
    "",
    "[Install]",
    "WantedBy=default.target",
  ].join("\n")}\n`;
}

function unitLines({ about, owner }: LauncherSpec): readonly string[] {
  return [
    "[Unit]",
    `Description=${about.replaceAll("%", "%%")}`,
    // Only the order, where both are started at boot: a daemon waits for its hub by itself.
    ...(owner.kind === "daemon" ? ["After=prism-hub.service"] : []),
    `StartLimitIntervalSec=${seconds(RESTART.startsWithinMs)}`,
    `StartLimitBurst=${RESTART.startsMax}`,
  ];
}

function notifyLines(way: NotifyWay): readonly string[] {
  if (way.by === "none") return ["Type=exec"];
  return [
    "Type=notify",
    // The words of a program that it starts are not its own, unless there is no other way to speak.
    `NotifyAccess=${way.by === "file" ? "main" : "all"}`,
    ...(way.by === "file" ? [`OpenFile=${openFilePath(way.socketPath)}:prism-notify`] : []),
    `WatchdogSec=${seconds(WATCHDOG_MS[way.by])}`,
    // One that hangs hears no other signal; SIGABRT, the usual one, would only write a core.
    "WatchdogSignal=SIGKILL",
  ];
}

/**
 * LogExtraFields= would say whose lines they are, but journald reads it for the system's own units alone. So the program
 * says it with each line, on a socket that systemd opens for it; where it can't, by other ways (`host/log-journal.ts`).
 */
function journalLines(version: number): readonly string[] {
  return [
    // What it says outside of its log, as when the runtime dies, is found by the same name.
    `SyslogIdentifier=${JOURNAL_IDENTIFIER}`,
    ...(version >= VERSION_OF_OPEN_FILE ? [`OpenFile=${JOURNAL_SOCKET}:${JOURNAL_HANDED}:graceful`] : []),
  ];
}

function restartLines(version: number): readonly string[] {
  const growing = version >= VERSION_OF_RESTART_STEPS;
  return [
    "Restart=on-failure",
    `RestartPreventExitStatus=${RESTART.finalStatuses.join(" ")}`,
    `RestartSec=${seconds(growing ? RESTART.delayMsMin : RESTART_MS_WITHOUT_STEPS)}`,
    ...(growing
      ? [`RestartSteps=${RESTART.delaySteps}`, `RestartMaxDelaySec=${seconds(RESTART.delayMsMax)}`]
      : []),
  ];
}

/**
 * A daemon starts agents, and what holds it in holds them in too: no new privileges would take away their sudo and
 * their own sandboxes, a umask would change the project's files. So nothing of that kind. They outlive it, as a tmux
 * session that it started must when it is updated; and one that eats all memory does not take it along.
 * MALLOC_ARENA_MAX=1 is not among it: six daemons with it took 0.4 % less memory each than six without.
 */
const AROUND_OTHERS = ["KillMode=process", "OOMPolicy=continue"] as const;

/** What a user's unit may have without a namespace of its own. Just-in-time code rules out MemoryDenyWriteExecute. */
const CONFINED = [
  "UMask=0077",
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "RestrictNamespaces=yes",
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallErrorNumber=EPERM",
] as const;

/** One word of a command or an assignment: specifiers, quotes and backslashes say themselves. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%")}"`;
}

/** The reverse of `systemdUnit`, for what is run: a unit that somebody wrote by hand gives undefined. */
export function unitStanding(unit: string): Standing | undefined {
  // By line feeds alone, as systemd does: to a pattern U+2028 would end a line, too.
  const behind = (mark: string): readonly string[] =>
    unit.split("\n").flatMap((line) => (line.startsWith(mark) ? wordsIn(line.slice(mark.length)) : []));
  const [program, ...rest] = behind("ExecStart=:");
  if (program === undefined) return undefined;
  const env = Object.fromEntries(behind("Environment=").map((word) => word.split(/=(.*)/s, 2)));
  return { program: [program, ...rest], env };
}

/** Words as `quoted` writes them. */
function wordsIn(line: string): readonly string[] {
  const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, word = ""]) => word);
  return words.map((word) => word.replaceAll("%%", "%").replace(/\\(.)/gs, "$1"));
}

/** OpenFile= knows no specifiers; a colon would end the path. */
function openFilePath(path: string): string {
  return path.replace(/[\\: "']/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
