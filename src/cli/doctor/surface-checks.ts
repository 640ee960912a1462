/**
 * What was set up in agents' programs: does it stand as it was written, does anything in the client's own files keep
 * it from working, is the program there and of a version that works. Starts each program once, to hear its version.
 * Changes nothing.
 */
import { delimiter } from "node:path";
import { cmdLine, posixLine } from "../../clients/hook-command.ts";
import { printable } from "../../domain/address.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import { hostCommands } from "../../launchers/apply.ts";
import { queueFault } from "../../surfaces/codex/version.ts";
import { flagOf } from "../arguments.ts";
import type { Runtime } from "../runtime.ts";
import { type StandingSurface, type SurfaceState, surfacesStanding } from "../surface/standing.ts";
import type { Check, Verdict } from "./check.ts";
import { programOnPath } from "./program-checks.ts";

const VERSION_MS_MAX = 5000;

export async function surfaceChecks(runtime: Runtime): Promise<readonly Check[]> {
  const { surfaces, broken } = surfacesStanding(runtime);
  if (surfaces.length + broken.length === 0) {
    return [{ name: "surfaces", verdict: "note", finding: "none is set up on this host" }];
  }
  const unreadable = broken.map(({ address, error }) => ({
    name: `setup ${address}`,
    verdict: "warn" as const,
    finding: error.message,
    remedy: error.hint ?? "set it up again: prism surface add",
  }));
  return [...unreadable, ...surfaces.map(setUpCheck), ...(await clientChecks(surfaces, runtime))];
}

const STATES: {
  readonly [S in SurfaceState]: {
    readonly verdict: Verdict;
    readonly words: string;
    readonly remedy?: "add" | "remove" | "file";
  };
} = {
  asWritten: { verdict: "ok", words: "stands as it was written" },
  changed: { verdict: "ok", words: "stands, in files that somebody changed since" },
  incomplete: { verdict: "warn", words: "is not as it must be any more", remedy: "add" },
  gone: { verdict: "warn", words: "is gone with its file", remedy: "add" },
  unreadable: { verdict: "warn", words: "is in a file that can't be read", remedy: "file" },
  programGone: { verdict: "warn", words: "starts a prism that does not exist any more", remedy: "add" },
  projectGone: { verdict: "warn", words: "is for a project whose folder is gone", remedy: "remove" },
};

function setUpCheck(surface: StandingSurface): Check {
  const name = `setup ${surface.address}`;
  const { verdict, words, remedy } = STATES[surface.state];
  const at = surface.files.find(
    ({ state }) => state === surface.state && state !== "asWritten" && state !== "changed",
  );
  const where = at === undefined ? "" : `: ${printable(at.path, 200)}`;
  const finding = `${surface.surface} ${words}${where}`;
  if (remedy === "file") {
    const ask = `${commandOf("add", surface)} --dry-run`;
    return {
      name,
      verdict,
      finding,
      remedy: `mend that file by hand; what is wrong in it is told by: ${ask}`,
    };
  }
  if (remedy === "remove")
    return { name, verdict, finding, remedy: `take it out: ${commandOf("remove", surface)}` };
  if (remedy === "add")
    return { name, verdict, finding, remedy: `set it up again: ${commandOf("add", surface)}` };
  const [obstacle] = surface.obstacles;
  if (obstacle === undefined) return { name, verdict, finding };
  return {
    name,
    verdict: "warn",
    finding: `${finding}, but ${obstacle}`,
    remedy: "change that in the client's file",
  };
}

/** With all that was given when it was set up: left out it would be lost. */
function commandOf(
  what: "add" | "remove",
  { surface, address, root, tenant, settings }: StandingSurface,
): string {
  const [persona = ""] = address.split("@");
  const given =
    what === "remove" ? [] : Object.entries(settings).map(([key, value]) => `${flagOf(key)}=${value}`);
  const whose = tenant === "local" ? [] : ["--tenant", tenant];
  const words = [
    "prism",
    "surface",
    what,
    surface,
    "--persona",
    persona,
    "--project",
    root,
    ...whose,
    ...given,
  ];
  return (process.platform === "win32" ? cmdLine : posixLine)(words);
}

interface Client {
  readonly program: string;
  /** Prism starts it by itself, so it must be there. */
  readonly isStarted: boolean;
}

interface Support {
  readonly title: string;
  clientOf(settings: StandingSurface["settings"]): Client;
  /** Newer ones are expected to work. */
  readonly tried: readonly number[];
  /** Older ones do not work at all. */
  readonly min?: readonly number[];
  fault?(version: string): string | null;
}

/** Claude Desktop is no program on a PATH. */
const SUPPORTED: { readonly [surface: string]: Support } = {
  "claude-code": {
    title: "Claude Code",
    clientOf: ({ claudeProgram, claudeResume }) => ({
      program: claudeProgram ?? "claude",
      isStarted: (claudeResume ?? "off") !== "off",
    }),
    tried: [2, 1, 329],
  },
  codex: {
    title: "Codex",
    clientOf: ({ codexProgram, codexResume }) => ({
      program: codexProgram ?? "codex",
      isStarted: (codexResume ?? "off") !== "off",
    }),
    tried: [0, 169, 0],
    fault: queueFault,
  },
  tmux: {
    title: "tmux",
    clientOf: () => ({ program: "tmux", isStarted: true }),
    tried: [3, 3],
    min: [3, 2],
  },
};

async function clientChecks(
  surfaces: readonly StandingSurface[],
  runtime: Runtime,
): Promise<readonly Check[]> {
  const wanted = new Map<string, { readonly surface: string; readonly client: Client }>();
  for (const { surface, settings } of surfaces) {
    const client = SUPPORTED[surface]?.clientOf(settings);
    if (client === undefined) continue;
    const key = `${surface} ${client.program}`;
    const isStarted = client.isStarted || wanted.get(key)?.client.isStarted === true;
    wanted.set(key, { surface, client: { ...client, isStarted } });
  }
  return Promise.all(
    [...wanted.values()].map(({ surface, client }) => clientCheck(surface, client, runtime)),
  );
}

async function clientCheck(surface: string, client: Client, runtime: Runtime): Promise<Check> {
  const support = SUPPORTED[surface] as Support;
  const { title } = support;
  const name = `client ${surface}`;
  const shown = printable(client.program, 200);
  const found = /[/\\]/.test(client.program)
    ? client.program
    : programOnPath(client.program, runtime.env["PATH"]);
  if (found === undefined) {
    const folders = (runtime.env["PATH"] ?? "").split(delimiter).length;
    const finding = `${title}'s program "${shown}" is in none of the ${folders} folders on the PATH`;
    if (!client.isStarted) return { name, verdict: "note", finding };
    return {
      name,
      verdict: "warn",
      finding,
      remedy: `install it, or name it: prism surface add ${surface} with its full path`,
    };
  }
  const run = hostCommands(childEnvironment(runtime.env), "/");
  const { status, out, said } = await run([found, surface === "tmux" ? "-V" : "--version"], VERSION_MS_MAX);
  if (status !== 0) {
    const finding = `${title}'s program ${printable(found, 200)} does not say its version${said === "" ? "" : `: ${printable(said, 200)}`}`;
    return { name, verdict: "warn", finding, remedy: "see whether it runs at all" };
  }
  return versionCheck(name, { support, out, at: found });
}

function versionCheck(
  name: string,
  { support, out, at }: { readonly support: Support; readonly out: string; readonly at: string },
): Check {
  const { title, tried, min, fault } = support;
  const version = /\d+(?:\.\d+)+\w?/.exec(out)?.[0];
  const shown = printable(at, 200);
  if (version === undefined)
    return { name, verdict: "note", finding: `${title} at ${shown} says no number as its version` };
  const parts = version.split(".").map((part) => Number.parseInt(part, 10));
  const broken = fault?.(version) ?? null;
  if (broken !== null) return { name, verdict: "warn", finding: broken, remedy: `update ${shown}` };
  if (min !== undefined && isBefore(parts, min)) {
    const finding = `${title} ${version} at ${shown} is too old: ${min.join(".")} or later is needed`;
    return { name, verdict: "warn", finding, remedy: "update it" };
  }
  if (isBefore(parts, tried)) {
    const finding = `${title} ${version} at ${shown} is older than ${tried.join(".")}, with which Prism was tried`;
    return { name, verdict: "note", finding };
  }
  return { name, verdict: "ok", finding: `${title} ${version} at ${shown}` };
}

function isBefore(parts: readonly number[], least: readonly number[]): boolean {
  const at = least.findIndex((part, place) => (parts[place] ?? 0) !== part);
  return at !== -1 && (parts[at] ?? 0) < (least[at] ?? 0);
}
