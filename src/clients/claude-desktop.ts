/**
 * Claude Desktop: the shim among its MCP servers, in the one configuration file that the app has. It is read when
 * the app starts.
 */
import { posix, win32 } from "node:path";
import { printable } from "../domain/address.ts";
import type { ClientPlan, Placed, Surroundings } from "./client.ts";
import { shimWords } from "./hook-command.ts";
import { serverEntry, serverFinder, serverHolders } from "./server-entry.ts";
import { type Holder, jsonEditing } from "./text/entries.ts";

const FILE = "claude_desktop_config.json";

/** Where the app keeps its configuration on each system. */
export function desktopConfigPath({ platform, env, userDir }: Surroundings): string {
  if (platform === "darwin") return posix.join(userDir, "Library", "Application Support", "Claude", FILE);
  if (platform === "win32") {
    return win32.join(env["APPDATA"] || win32.join(userDir, "AppData", "Roaming"), "Claude", FILE);
  }
  return posix.join(env["XDG_CONFIG_HOME"] || posix.join(userDir, ".config"), "Claude", FILE);
}

export function claudeDesktopPlan(placed: Placed, around: Surroundings): ClientPlan {
  const path = placed.config ?? desktopConfigPath(around);
  const what = `Claude Desktop's configuration "${printable(path, 200)}"`;
  const isOurs = (holder: Holder): boolean =>
    holder.persona === placed.persona && holder.root === placed.root;
  return {
    files: [
      {
        path,
        what,
        modeNew: 0o600,
        editing: jsonEditing({
          what,
          entries: [serverEntry({ words: shimWords(placed), home: placed.home })],
          find: serverFinder(isOurs),
          others: serverHolders(what, isOurs),
        }),
      },
    ],
    alsoRead: [],
    next: ["quit Claude Desktop and start it again: it reads its configuration only then"],
  };
}
