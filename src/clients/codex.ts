/**
 * Codex: hooks in the project's `.codex/hooks.json`, the shim in its `.codex/config.toml`.
 *
 * Seen on 0.169.0: both files of a project count once the project is trusted; a hook runs only once it is trusted
 * itself, by a hash over its command, and is passed over in silence until then; SessionEnd has 3 seconds.
 */
import { join } from "node:path";
import { printable } from "../domain/address.ts";
import type { HookEvent } from "../ipc/hook.ts";
import type { ClientFile, ClientPlan, Placed, Surroundings } from "./client.ts";
import { hookLine, readServer, shimWords } from "./hook-command.ts";
import { hookEntries, hookFinder, hookHolders } from "./hook-entries.ts";
import { type Holder, jsonEditing } from "./text/entries.ts";
import { tomlEditing } from "./text/toml-block.ts";

/** Seconds, as in Claude Code. */
const HOOK_TIMEOUT_S = 10;
/** More is cut down to this, with a warning on the screen. */
const SESSION_END_TIMEOUT_S = 3;
/** The shim answers at once, whether there is a hub or not. */
const STARTUP_TIMEOUT_S = 10;
const TOOL_TIMEOUT_S = 60;

const EVENTS = [
  { name: "SessionStart", events: ["session-start"] },
  { name: "UserPromptSubmit", events: ["user-prompt-submit"] },
  { name: "PostToolUse", events: ["post-tool-use"] },
  { name: "Stop", events: ["stop"] },
  { name: "SessionEnd", events: ["session-end"] },
] as const;

export function codexPlan(placed: Placed, { platform }: Surroundings): ClientPlan {
  const isOurs = (holder: Holder): boolean => holder.persona === placed.persona;
  const dir = join(placed.root, ".codex");
  return {
    files: [
      serverFile(join(dir, "config.toml"), placed, isOurs),
      hooksFile(join(dir, "hooks.json"), placed, platform, isOurs),
    ],
    alsoRead: [],
    next: [
      `start codex anew in ${printable(placed.root, 200)}, as a project that you trust`,
      'it asks "Hooks need review": choose "Trust all and continue", or review them there; until then Codex runs none of them, and says nothing',
    ],
  };
}

function hooksFile(
  path: string,
  placed: Placed,
  platform: NodeJS.Platform,
  isOurs: (holder: Holder) => boolean,
): ClientFile {
  const what = `Codex's hooks "${printable(path, 200)}"`;
  return {
    path,
    what,
    modeNew: 0o666,
    editing: jsonEditing({
      what,
      entries: hookEntries(EVENTS, (event: HookEvent) => ({
        type: "command",
        command: hookLine(event, "codex", placed, platform),
        timeout: event === "session-end" ? SESSION_END_TIMEOUT_S : HOOK_TIMEOUT_S,
      })),
      find: hookFinder("codex", isOurs),
      others: hookHolders("codex", isOurs),
    }),
  };
}

function serverFile(path: string, placed: Placed, isOurs: (holder: Holder) => boolean): ClientFile {
  const what = `Codex's configuration "${printable(path, 200)}"`;
  const [command = "", ...args] = shimWords(placed);
  return {
    path,
    what,
    modeNew: 0o666,
    editing: tomlEditing({
      what,
      table: ["mcp_servers", "prism"],
      lines: [
        "[mcp_servers.prism]",
        `command = ${tomlText(command)}`,
        `args = [${args.map(tomlText).join(", ")}]`,
        ...(placed.home === undefined ? [] : [`env = { PRISM_HOME = ${tomlText(placed.home)} }`]),
        `startup_timeout_sec = ${STARTUP_TIMEOUT_S}`,
        `tool_timeout_sec = ${TOOL_TIMEOUT_S}`,
        // Of Prism's own tools alone: without it a woken agent stops at a dialog that nobody sees.
        'default_tools_approval_mode = "approve"',
      ],
      holderOf: readServer,
      isOurs,
    }),
  };
}

/** A literal where it can be, so that Windows' paths stay readable. Source: TOML 1.0, "String". */
function tomlText(text: string): string {
  if (!/['\u0000-\u001f\u007f]/.test(text) && text.includes("\\")) return `'${text}'`;
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
