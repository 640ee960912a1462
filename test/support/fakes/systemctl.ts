/**
 * systemctl as far as Prism asks it, for hosts where no systemd runs: it really starts and ends what a unit says, and
 * keeps its own state in the folder `STATE`. It starts nothing again by itself: that is systemd's part, and is tried
 * on a real one. Run as a program by `systemd-stand-in.ts`.
 */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const state = process.env["STATE"] ?? "";
const unitDir = join(state, "systemd", "user");
const END_MS_MAX = 10_000;
/** The first line of a daemon. */
const READY = /stands watch for/;

const words = process.argv.slice(2).filter((word) => word !== "--user");
const [verb = ""] = words;
const unit = words.findLast((word) => word.endsWith(".service")) ?? "";
const unitPath = join(unitDir, unit);
const enabledPath = join(state, `enabled.${unit}`);
const pidPath = join(state, `pid.${unit}`);
const statusPath = join(state, `status.${unit}`);
/** Waits for what it has started, so that its end is known, and it leaves no zombie. */
const KEEPER = 'status=$1; pid=$2; shift 2; "$@" & echo $! > "$pid"; wait $!; echo $? > "$status"';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(status: number, text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(status);
}

/** How it ended; undefined while it has not, or was told to. */
function endStatus(): number | undefined {
  if (running() !== undefined || !existsSync(statusPath)) return undefined;
  return Number(readFileSync(statusPath, "utf8"));
}

/** One that was killed may be a zombie for a moment. */
function running(): number | undefined {
  if (!existsSync(pidPath)) return undefined;
  const pid = Number(readFileSync(pidPath, "utf8"));
  if (pid === 0) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z") ? undefined : pid;
  } catch {
    return undefined;
  }
}

function quotedIn(line: string): string[] {
  return Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = ""]) =>
    word.replace(/\\(.)/g, "$1").replaceAll("%%", "%"),
  );
}

async function start(): Promise<void> {
  if (!existsSync(unitPath)) fail(5, `Failed to start ${unit}: Unit ${unit} not found.`);
  if (running() !== undefined) return;
  rmSync(pidPath, { force: true });
  const lines = readFileSync(unitPath, "utf8").split("\n");
  const [program = "", ...args] = quotedIn(lines.find((line) => line.startsWith("ExecStart=")) ?? "");
  const settings = lines.filter((line) => line.startsWith("Environment=")).flatMap(quotedIn);
  const env = Object.fromEntries(settings.map((setting) => setting.split(/=(.*)/s, 2)));
  const logPath = join(state, `${unit}.log`);
  const log = openSync(logPath, "a");
  rmSync(statusPath, { force: true });
  const beganAt = fstatSync(log).size;
  const child = spawn("/bin/sh", ["-c", KEEPER, "keeper", statusPath, pidPath, program, ...args], {
    detached: true,
    cwd: state,
    env: { HOME: process.env["HOME"] ?? state, ...env },
    stdio: ["ignore", log, log],
  });
  child.unref();
  // As a unit that says when it is ready: its start is over once it stands, or has ended.
  while (!READY.test(readFileSync(logPath, "utf8").slice(beganAt))) {
    if (endStatus() !== undefined) fail(1, `Job for ${unit} failed because it exited with ${endStatus()}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stop(): Promise<void> {
  const pid = running();
  if (pid === undefined) {
    if (!existsSync(unitPath)) fail(5, `Failed to stop ${unit}: Unit ${unit} not loaded.`);
    return;
  }
  process.kill(pid, "SIGTERM");
  const untilMs = Date.now() + END_MS_MAX;
  while (running() !== undefined) {
    if (Date.now() > untilMs) process.kill(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  rmSync(statusPath, { force: true });
}

async function main(): Promise<void> {
  switch (verb) {
    case "--version":
      return say("systemd 252 (252.38-1~deb12u1)");
    case "show": {
      if (unit === "") return say(`UnitPath=${unitDir} /etc/systemd/user`);
      const pid = running();
      const hasFailed = (endStatus() ?? 0) !== 0;
      const isLoaded = existsSync(unitPath) || pid !== undefined;
      return say(
        [
          `LoadState=${isLoaded ? "loaded" : "not-found"}`,
          `ActiveState=${pid !== undefined ? "active" : hasFailed ? "failed" : "inactive"}`,
          `SubState=${pid !== undefined ? "running" : hasFailed ? "failed" : "dead"}`,
          `Result=${hasFailed ? "exit-code" : "success"}`,
          `MainPID=${pid ?? 0}`,
          "NRestarts=0",
          `ExecMainStatus=${endStatus() ?? 0}`,
          `UnitFileState=${existsSync(enabledPath) ? "enabled" : "disabled"}`,
        ].join("\n"),
      );
    }
    case "is-enabled":
      return process.exit(existsSync(enabledPath) ? 0 : 1);
    case "is-active":
      say(running() === undefined ? "inactive" : "active");
      return process.exit(running() === undefined ? 3 : 0);
  }
  appendFileSync(join(state, "calls"), `${words.join(" ")}\n`);
  switch (verb) {
    case "daemon-reload":
    case "reset-failed":
      return;
    case "enable":
      if (!existsSync(unitPath)) fail(1, `Failed to enable unit: Unit file ${unit} does not exist.`);
      return writeFileSync(enabledPath, "");
    case "disable":
      return rmSync(enabledPath, { force: true });
    case "start":
      return await start();
    case "stop":
      return await stop();
    default:
      fail(1, `Unknown command verb ${verb}.`);
  }
}

await main();
