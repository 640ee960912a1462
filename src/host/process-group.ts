/**
 * Ends a child and everything that it started. The child must have been spawned `detached` on POSIX, so that it
 * leads a group of its own. Loaded with the first child alone: it holds node:child_process.
 */
import { type ChildProcess, spawn } from "node:child_process";

export function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    // No groups there: the tree is ended by the system's own tool, which knows no gentle way for such programs.
    if (child.exitCode === null && child.signalCode === null) {
      spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"], { stdio: "ignore", windowsHide: true }).on(
        "error",
        () => child.kill(),
      );
    }
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nothing of the group is left.
  }
}
