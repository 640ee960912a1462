/**
 * Opens a link in the person's own browser. The link holds a token, and every user of the host can read a program's
 * arguments: so the browser is given the path of an owner-only file that leads to it, which is gone again soon.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { childEnvironment } from "../../host/child-environment.ts";
import { ensurePrivateDir } from "../../host/home.ts";
import { writePrivateFile } from "../../host/private-file.ts";
import type { Runtime } from "../runtime.ts";

/** A browser that has to be started first may take that long to read it. */
const KEPT_MS_MAX = 60_000;

/** Which program opens a file as the user would; null where there is no screen to open it on. */
export function openerFor(
  platform: NodeJS.Platform,
  env: Runtime["env"],
): { readonly command: string; readonly args: readonly string[] } | null {
  if (platform === "win32") return { command: "rundll32.exe", args: ["url.dll,FileProtocolHandler"] };
  // Who came over the network sits before another screen.
  if (env["SSH_CONNECTION"] && !env["DISPLAY"]) return null;
  if (platform === "darwin") return { command: "open", args: [] };
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? { command: "xdg-open", args: [] } : null;
}

/**
 * Never fails: the link was printed as well.
 *
 * @returns takes the file away at once
 */
export async function openInBrowser(link: string, { env, home, out }: Runtime): Promise<() => void> {
  const opener = out.isTerminal ? openerFor(process.platform, env) : null;
  if (opener === null) return () => {};
  const path = join(home.runDir, `dashboard-${process.pid}.html`);
  try {
    ensurePrivateDir(home.runDir);
    await writePrivateFile(path, leadingTo(link), { durable: false });
  } catch {
    return () => {};
  }
  const forget = (): void => rmSync(path, { force: true });
  setTimeout(forget, KEPT_MS_MAX).unref();
  const child = spawn(opener.command, [...opener.args, pathToFileURL(path).href], {
    env: childEnvironment(env),
    stdio: "ignore",
    detached: true,
  });
  child.on("error", () => {});
  child.unref();
  return forget;
}

/** @param link of our own making: nothing in it has to be escaped */
function leadingTo(link: string): string {
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${link}">
<title>Prism</title>
<a href="${link}">Open the dashboard</a>
`;
}
