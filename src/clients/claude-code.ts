/**
 * Claude Code: hooks and permissions in its settings, the shim among its MCP servers.
 *
 * Seen on 2.1.329: both files are read as plain JSON, so one with a comment or a closing comma is passed over in
 * silence; a server of `.mcp.json` needs no dialog if `enabledMcpjsonServers` of the project's own settings names
 * it and the folder is trusted; a server of all the user's projects stands in `.claude.json`, beside the settings.
 */
import { join } from "node:path";
import { printable } from "../domain/address.ts";
import type { HookEvent } from "../ipc/hook.ts";
import type { ClientFile, ClientPlan, Placed, Scope, Surroundings } from "./client.ts";
import { hookLine, hookWords, shimWords } from "./hook-command.ts";
import { hookEntries, hookFinder, hookHolders } from "./hook-entries.ts";
import { serverEntry, serverFinder, serverHolders } from "./server-entry.ts";
import { type Entry, type Found, isObject, jsonEditing, listAt } from "./text/entries.ts";
import { type Json, readJson } from "./text/json-text.ts";

const RULE = "mcp__prism";
const SERVER = "prism";

/** Seconds. Each ends within milliseconds; these only bound what a stopped host or a full disk could do. */
const HOOK_TIMEOUT_S = 10;
/** One that waits to wake its idle session; armed again at every stop. */
const WAIT_TIMEOUT_S = 3600;

const EVENTS = [
  { name: "SessionStart", events: ["session-start", "wait"] },
  { name: "UserPromptSubmit", events: ["user-prompt-submit"] },
  { name: "PostToolUse", events: ["post-tool-use"] },
  { name: "Stop", events: ["stop", "wait"] },
  { name: "SessionEnd", events: ["session-end"] },
] as const;

export function claudeCodePlan(placed: Placed, around: Surroundings): ClientPlan {
  const { scope } = placed;
  const settings = settingsFile(scope, placed, around);
  const all = (["local", "project", "user"] as const).map((each) => settingsFile(each, placed, around));
  return {
    // The settings last: hooks that run while the server is not there yet find a daemon, a server without hooks none.
    files: [serverFile(placed, around), settings],
    alsoRead: all.filter(({ path }) => path !== settings.path),
    next: [
      scope === "user"
        ? `every session of yours in Claude Code now works as ${placed.persona}: start it anew`
        : `start Claude Code anew in ${printable(placed.root, 200)}; the folder must be one that you have told it to trust`,
    ],
  };
}

function settingsFile(scope: Scope, placed: Placed, around: Surroundings): ClientFile {
  const path =
    scope === "user"
      ? join(configDir(around), "settings.json")
      : join(placed.root, ".claude", scope === "project" ? "settings.json" : "settings.local.json");
  const what = `Claude Code's settings "${printable(path, 200)}"`;
  const isOurs = (holder: { readonly persona: string; readonly root: string }): boolean =>
    holder.persona === placed.persona && (scope !== "user" || holder.root === placed.root);
  const entries: Entry[] = [
    ...hookEntries(EVENTS, (event) => handlerOf(event, placed, around.platform)),
    { role: "rule", container: ["permissions", "allow"], value: RULE, isShared: true },
    ...(scope === "user"
      ? []
      : [{ role: "approval", container: ["enabledMcpjsonServers"], value: SERVER, isShared: true } as const]),
  ];
  return {
    path,
    what,
    modeNew: scope === "user" ? 0o600 : 0o666,
    obstacles: (text) => obstaclesIn(readJson(text, what).value),
    editing: jsonEditing({
      what,
      entries,
      find: (value) => [
        ...hookFinder("claude-code", isOurs)(value),
        ...wordFound(value, ["permissions", "allow"], RULE, "rule"),
        ...(scope === "user" ? [] : wordFound(value, ["enabledMcpjsonServers"], SERVER, "approval")),
      ],
      others: hookHolders("claude-code", isOurs),
    }),
  };
}

/** What a person switched off stays off; but they should hear why nothing rings. */
function obstaclesIn(value: unknown): string[] {
  if (!isObject(value)) return [];
  const denied = [...listAt(value, "permissions", "deny"), ...listAt(value, "permissions", "ask")];
  return [
    ...(value["disableAllHooks"] === true ? ['"disableAllHooks" is true: no hook runs'] : []),
    ...(listAt(value, "disabledMcpjsonServers").includes(SERVER)
      ? ['"disabledMcpjsonServers" names "prism": its tools are off']
      : []),
    ...(denied.includes(RULE)
      ? [`"permissions" denies "${RULE}" or asks for it: an agent can't drain by itself`]
      : []),
  ];
}

function wordFound(value: unknown, container: readonly string[], word: string, role: string): Found[] {
  const at = listAt(value, ...container).indexOf(word);
  return at === -1 ? [] : [{ role, path: [...container, at] }];
}

/** On Windows without a shell: Claude Code's may be Git's bash or PowerShell there, which quote differently. */
function handlerOf(event: HookEvent, placed: Placed, platform: NodeJS.Platform): Json {
  const [command = "", ...args] = hookWords(event, "claude-code", placed);
  const how =
    platform === "win32" ? { command, args } : { command: hookLine(event, "claude-code", placed, platform) };
  const timing =
    event === "wait" ? { asyncRewake: true, timeout: WAIT_TIMEOUT_S } : { timeout: HOOK_TIMEOUT_S };
  return { type: "command", ...how, ...timing };
}

function serverFile(placed: Placed, around: Surroundings): ClientFile {
  const isUsers = placed.scope === "user";
  const path = isUsers ? userServersPath(around) : join(placed.root, ".mcp.json");
  const what = `Claude Code's MCP servers "${printable(path, 200)}"`;
  const isOurs = (holder: { readonly persona: string; readonly root: string }): boolean =>
    holder.persona === placed.persona && (!isUsers || holder.root === placed.root);
  return {
    path,
    what,
    modeNew: isUsers ? 0o600 : 0o666,
    editing: jsonEditing({
      what,
      entries: [serverEntry({ words: shimWords(placed), home: placed.home, type: "stdio" })],
      find: serverFinder(isOurs),
      others: serverHolders(what, isOurs),
    }),
  };
}

function configDir({ env, userDir }: Surroundings): string {
  return env["CLAUDE_CONFIG_DIR"] || join(userDir, ".claude");
}

function userServersPath({ env, userDir }: Surroundings): string {
  return join(env["CLAUDE_CONFIG_DIR"] || userDir, ".claude.json");
}
