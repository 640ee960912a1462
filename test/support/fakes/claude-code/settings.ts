/** What the three settings files say, together: every file's hooks run, and any file's permission counts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface CommandHook {
  readonly type: "command";
  readonly command: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly asyncRewake?: boolean;
}

interface HookGroup {
  readonly matcher?: string;
  readonly hooks: readonly CommandHook[];
}

interface SettingsFile {
  readonly hooks?: { readonly [event: string]: readonly HookGroup[] };
  readonly permissions?: { readonly allow?: readonly string[] };
  readonly crossSessionInbound?: string;
  readonly disableAllHooks?: boolean;
  readonly enabledMcpjsonServers?: readonly string[];
}

export interface Settings {
  hooks(event: string, matched: string): readonly CommandHook[];
  readonly allow: readonly string[];
  /** Servers of the project's `.mcp.json` that need no dialog. */
  readonly servers: readonly string[];
  /** Only the user's own file may widen it. */
  readonly crossSessionInbound: string | undefined;
}

export function readSettings(home: string, project: string, trusted: boolean): Settings {
  const user = read(join(home, ".claude", "settings.json"));
  const own = ["settings.json", "settings.local.json"].map((name) => read(join(project, ".claude", name)));
  const files = [user, ...own];
  const disabled = files.some(({ disableAllHooks }) => disableAllHooks === true);
  return {
    hooks: (event, matched) =>
      disabled
        ? []
        : files
            .flatMap(({ hooks }) => hooks?.[event] ?? [])
            .filter(({ matcher }) => matches(matcher, matched))
            .flatMap(({ hooks }) => hooks),
    allow: (trusted ? files : [user]).flatMap(({ permissions }) => permissions?.allow ?? []),
    servers: (trusted ? files : []).flatMap(({ enabledMcpjsonServers }) => enabledMcpjsonServers ?? []),
    crossSessionInbound: user.crossSessionInbound,
  };
}

function matches(matcher: string | undefined, matched: string): boolean {
  return (
    matcher === undefined || matcher === "" || matcher === "*" || new RegExp(`^(?:${matcher})$`).test(matched)
  );
}

/** `Bash`, `Bash(git *)`, `mcp__prism` or `mcp__prism__prism_drain`. */
export function isAllowed(
  rules: readonly string[],
  tool: string,
  input: { readonly command?: string },
): boolean {
  return rules.some((rule) => {
    const [, name = rule, pattern] = /^([^(]+)\((.*)\)$/.exec(rule) ?? [];
    if (name !== tool && !tool.startsWith(`${name}__`)) return false;
    if (pattern === undefined) return true;
    const prefix = pattern.replace(/(:| )?\*$/, "");
    return pattern === prefix ? input.command === pattern : (input.command ?? "").startsWith(prefix);
  });
}

function read(path: string): SettingsFile {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as SettingsFile;
  } catch {
    return {};
  }
}

interface Answers {
  readonly projects?: {
    readonly [folder: string]: {
      readonly hasTrustDialogAccepted?: boolean;
      readonly enabledMcpjsonServers?: readonly string[];
    };
  };
}

/** What a person answered on the first start in this folder. */
export function answersFor(home: string, project: string) {
  try {
    const answers = JSON.parse(readFileSync(join(home, ".claude.json"), "utf8")) as Answers;
    const answer = answers.projects?.[project];
    return {
      trusted: answer?.hasTrustDialogAccepted === true,
      servers: answer?.enabledMcpjsonServers ?? [],
    };
  } catch {
    return { trusted: false, servers: [] };
  }
}
