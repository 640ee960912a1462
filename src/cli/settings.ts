/**
 * Every setting, once: what may stand as a flag, as a `PRISM_` variable and as a key of the configuration
 * file, under one name. Flags win over variables, variables over the file. Verbs pick from here, so that a
 * setting means the same everywhere. Knows no verb.
 */
import { existsSync } from "node:fs";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { nearest } from "../domain/shape.ts";
import type { Home } from "../host/home.ts";
import { readPrivateFile } from "../host/private-file.ts";
import type { Flag, Sources, ValueFlag } from "./arguments.ts";
import { flagOf, settingValue, variableOf } from "./arguments.ts";
import { ConfigError } from "./exit-status.ts";
import {
  choice,
  duration,
  hubUrl,
  type Kind,
  line,
  listen,
  loopbackListen,
  name,
  otlpUrl,
  path,
  schedule,
  whole,
} from "./kinds.ts";

const YEAR_MS = 365 * 86_400_000;
const CONFIG_BYTES_MAX = 64 * 1024;

function setting<T>(
  kind: Kind<T>,
  about: string,
  otherwise?: string,
): ValueFlag<T> & { readonly setting: true } {
  return { kind, about, setting: true, ...(otherwise === undefined ? {} : { otherwise }) };
}

export const settings = {
  hub: setting(hubUrl, "the hub's address", "the hub of this host"),
  tokenFile: setting(path("FILE"), "the file that holds the hub's token", "the token of this host"),
  tlsCa: setting(path("FILE"), "certificates to trust beside the system's, in PEM"),
  tenant: setting(name, "the tenant", "local"),
  host: setting(name, "this host's name", "as the system says"),
  persona: setting({ ...name, word: "PERSONA" }, "the persona, as in reviewer"),
  project: setting(path("DIR"), "the project's folder, or its name"),
  surface: setting(name, "where the agent lives, as in terminal"),
  execCommand: setting(line("CMD", 4096), "the command that surface exec runs for each ring"),
  execTimeout: setting(duration({ msMin: 100, msMax: 3_600_000 }), "how long that command may run", "30s"),
  resumeCommand: setting(
    line("CMD", 4096),
    "the command by which surface exec or tmux starts or resumes its agent",
  ),
  notify: setting(
    choice(["none", "osc9", "osc777"]),
    "how surface terminal also asks for a desktop notification",
    "none",
  ),
  ringBy: setting(
    line("WAYS", 200),
    "the ways by which surface claude-code or codex rings, in this order, as in inbox,wake",
    "all that there are",
  ),
  notifyProgram: setting(
    path("PROGRAM"),
    "what surface claude-desktop shows notifications with, called with title and text",
    "the system's own",
  ),
  tty: setting(path("PATH"), "the terminal that surface terminal writes to", "the daemon's own"),
  claudeProgram: setting(
    line("PROGRAM", 4096),
    "the program of Claude Code, which surface claude-code starts",
    "claude",
  ),
  claudeResume: setting(
    choice(["off", "headless", "tmux"]),
    "how surface claude-code brings back an agent that is not there",
    "off",
  ),
  claudePermissionMode: setting(
    { ...choice(["acceptEdits", "auto", "bypassPermissions", "dontAsk", "manual", "plan"]), word: "MODE" },
    "the permission mode of an agent that it brings back, as in acceptEdits",
    "the client's own",
  ),
  claudeAllowedTools: setting(
    line("TOOLS", 4096),
    "what such an agent may do unasked, as in mcp__prism__prism_drain",
    "what its settings say",
  ),
  claudeModel: setting(line("MODEL", 128), "such an agent's model", "the client's own"),
  claudeChannel: setting(
    choice(["off", "on"]),
    "whether the agent's tools are a channel of Claude Code, which rings if it was started with it",
    "off",
  ),
  codexProgram: setting(
    line("PROGRAM", 4096),
    "the program of Codex, which surface codex starts to bring an agent back",
    "codex",
  ),
  codexHome: setting(path("DIR"), "Codex's own folder", "CODEX_HOME, else ~/.codex"),
  codexResume: setting(
    choice(["off", "exec", "app-server", "tmux"]),
    "how surface codex brings back an agent that is not there",
    "off",
  ),
  codexApprovalPolicy: setting(
    { ...choice(["untrusted", "on-request", "never"]), word: "POLICY" },
    "when an agent that it brings back must ask before it acts, as in never",
    "as Codex is configured",
  ),
  codexSandbox: setting(
    { ...choice(["read-only", "workspace-write", "danger-full-access"]), word: "MODE" },
    "what such an agent can reach, as in workspace-write",
    "as Codex is configured",
  ),
  tmuxTarget: setting(
    line("TARGET", 512),
    "the pane that is rung: SESSION, SESSION:WINDOW, SESSION:WINDOW.PANE or %ID",
  ),
  tmuxSocket: setting(
    line("NAME", 64),
    "the tmux server it is in, as after tmux -L; the user's own is default",
    "prism",
  ),
  tmuxProgram: setting(
    line("NAME", 256),
    "the program that must be in that pane's foreground",
    "any but a shell",
  ),
  tmuxPrompt: setting(line("TEXT", 64), "what stands before the agent's input there", "as > or ❯"),
  tmuxTimeout: setting(
    duration({ msMin: 200, msMax: 60_000 }),
    "how long the agent may take to show the line, and to take Enter",
    "6s",
  ),
  attachDeps: setting(
    line("off|auto|CMD", 4096),
    "what installs the project's dependencies as its daemon starts: auto goes by the lockfiles",
    "off",
  ),
  attachVenv: setting(
    line("off|auto|DIR", 4096),
    "the virtual environment of Python that started agents are in, auto finds the project's own",
    "off",
  ),
  attachTimeout: setting(duration({ msMin: 1000, msMax: 86_400_000 }), "how long installing may take", "10m"),
  lease: setting(
    duration({ msMin: 1000, msMax: YEAR_MS }),
    "how long signals are taken for it unheard",
    "7d",
  ),
  ringAgain: setting(
    schedule({ msMin: 1000, msMax: 7 * 86_400_000, countMax: 24 }),
    "how long a ring stands unanswered before the next one; the last repeats, up to 24 rings in all",
    "30s,1m,2m,5m,15m,1h",
  ),
  metricsListen: setting(
    loopbackListen,
    "where the daemon's own metrics can be read on this host, as in 127.0.0.1:9750",
    "on its local socket alone",
  ),
  otlpEndpoint: setting(
    otlpUrl,
    "the collector that metrics and spans are pushed to by OTLP over HTTP, as in http://127.0.0.1:4318",
    "nothing is pushed",
  ),
  otlpHeaders: setting(
    path("FILE"),
    "an owner-only file with headers for the collector, a NAME: VALUE on each line",
    "none",
  ),
  otlpInterval: setting(
    duration({ msMin: 1000, msMax: 3_600_000 }),
    "how often metrics are pushed to it",
    "60s",
  ),
  listen: setting(listen, "where the hub listens", "127.0.0.1:7747"),
  data: setting(path("DIR"), "where the hub keeps its store", "hub in the home folder"),
  tlsCert: setting(path("FILE"), "the hub's certificate, in PEM"),
  tlsKey: setting(path("FILE"), "the hub's private key, in PEM"),
  plaintext: { kind: "switch", about: "allow plain HTTP beyond this host", setting: true },
  retention: setting(
    duration({ msMin: 1000, msMax: 10 * YEAR_MS }),
    "how long drained signals stay readable, those sent with a key a day at least",
    "7d",
  ),
  loopAnswers: setting(
    whole({ min: 2, max: 1_000_000 }),
    "how many answers in a row two agents may give each other",
    "60",
  ),
  loopPace: setting(
    duration({ msMin: 0, msMax: 86_400_000 }),
    "after 12 quick ones, one such answer in this time; 0s for no such bound",
    "30s",
  ),
  loopQuiet: setting(
    duration({ msMin: 1000, msMax: 7 * 86_400_000 }),
    "how long they must rest before they may go on",
    "10m",
  ),
  logSink: setting(
    choice(["auto", "stderr", "journal", "system", "file"]),
    "where log lines go: auto is the journal under systemd, a file under launchd and the Task Scheduler",
    "auto, which is stderr elsewhere",
  ),
  logForm: setting(choice(["json", "text"]), "how log lines look on stderr", "text on a terminal, else json"),
  logLevel: setting(choice(["debug", "info", "warn", "error"]), "the least of what is logged", "info"),
} as const satisfies { readonly [key: string]: Flag };

export type SettingName = keyof typeof settings;

/** Every verb's own switch. */
export const json = {
  json: { kind: "switch", about: "print the answer, or the failure, as one line of JSON" },
} as const satisfies { readonly json: Flag };

export function needed<T>(flag: ValueFlag<T>): ValueFlag<T> & { readonly needed: true } {
  return { ...flag, needed: true };
}

/** Variables that are no settings: they have no flag and no key, by intent. */
const VARIABLES_ALONE = ["PRISM_HOME", "PRISM_LAUNCHER", "PRISM_TOKEN"] as const;

export const PORT_DEFAULT = 7747;
export const TENANT_DEFAULT = "local";
export const RETENTION_MS_DEFAULT = limits.retentionMsDefault;

/**
 * @throws ConfigError if the file can't be read, is no JSON object, or holds a key that does not exist
 */
export function readSources(home: Home, env: Sources["env"]): Sources {
  const configPath = home.configPath;
  if (!existsSync(configPath)) return { env, config: {}, configPath };
  try {
    // Not secret: an administrator may place it for all. Who may change it is the folder's matter.
    const json = readPrivateFile(configPath, {
      what: "configuration",
      bytesMax: CONFIG_BYTES_MAX,
      shared: true,
    });
    return { env, config: configIn(json, configPath), configPath };
  } catch (error) {
    if (error instanceof PrismError && !(error instanceof ConfigError)) throw new ConfigError(error);
    throw error;
  }
}

function configIn(json: string, path: string): Sources["config"] {
  const shown = printable(path, 200);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new PrismError("malformed", `the configuration ${shown} is not JSON`, {
      hint: 'write one object, as in {"hub": "http://127.0.0.1:7747"}',
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PrismError("malformed", `the configuration ${shown} is not a JSON object`, {
      hint: 'write it as in {"hub": "http://127.0.0.1:7747"}',
    });
  }
  const config: { [key: string]: string | boolean } = {};
  for (const [key, entry] of Object.entries(value)) config[key] = entryOf(key, entry, shown);
  return config;
}

function entryOf(key: string, entry: unknown, shown: string): string | boolean {
  const known = Object.keys(settings);
  if (!known.includes(key)) {
    const near = nearest(key, known);
    throw new PrismError(
      "unknown_key",
      `the configuration ${shown} has an unknown key "${printable(key, 40)}"`,
      {
        hint: near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`,
      },
    );
  }
  if (typeof entry === "string" || typeof entry === "boolean") return entry;
  throw new PrismError(
    "invalid_argument",
    `"${key}" in ${shown} must be a text, or true or false for a switch`,
    {
      hint: `write it as on the command line: what follows ${flagOf(key)}, in quotes`,
    },
  );
}

/** Reads every setting that is set, whether this verb uses it or not: for `doctor`. */
export function checkSettings(sources: Sources): readonly ConfigError[] {
  const faults: ConfigError[] = [];
  for (const [key, flag] of Object.entries(settings)) {
    try {
      settingValue(key, flag, sources);
    } catch (error) {
      if (error instanceof ConfigError) faults.push(error);
      else throw error;
    }
  }
  return faults;
}

/** `PRISM_` variables that nothing reads, each with the nearest one that is read. */
export function strayVariables(
  env: Sources["env"],
): readonly { readonly name: string; readonly near: string | undefined }[] {
  const known = [...VARIABLES_ALONE, ...Object.keys(settings).map(variableOf)];
  return Object.keys(env)
    .filter((name) => name.startsWith("PRISM_") && !known.includes(name))
    .map((name) => ({ name: printable(name, 60), near: nearest(name, known) }));
}
