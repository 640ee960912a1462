/**
 * Where an installed Prism lies for one user, by the customs of each system. Pure: names paths, looks at nothing.
 *
 *   Linux, macOS   the executable, one file a version, in a folder of data; links to it in ~/.local/bin
 *   Windows        both in %LOCALAPPDATA%\Programs\Prism
 */
import { posix, win32 } from "node:path";
import type { ShellName } from "../completions/shells.ts";

export interface Places {
  /** The executables themselves, by version and hash. */
  readonly versionsDir: string;
  /** The folder that is to be on the PATH. */
  readonly binDir: string;
  readonly program: string;
  readonly daemon: string;
  readonly completions: readonly { readonly shell: ShellName; readonly path: string }[];
  /** Null: this system has no such pages. */
  readonly manual: string | null;
}

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  /** The user's own folder, absolute. */
  readonly userDir: string;
  readonly env: { readonly [name: string]: string | undefined };
}

export function placesOf({ platform, userDir, env }: Surroundings): Places {
  if (platform === "win32") {
    const local = absolute(env["LOCALAPPDATA"], win32) ?? win32.join(userDir, "AppData", "Local");
    const folder = win32.join(local, "Programs", "Prism");
    return {
      versionsDir: win32.join(folder, "versions"),
      binDir: folder,
      program: win32.join(folder, "prism.exe"),
      daemon: win32.join(folder, "prism-daemon.exe"),
      completions: [{ shell: "powershell", path: win32.join(folder, "prism-completions.ps1") }],
      manual: null,
    };
  }
  const { join } = posix;
  const data = absolute(env["XDG_DATA_HOME"], posix) ?? join(userDir, ".local", "share");
  const own =
    platform === "darwin" ? join(userDir, "Library", "Application Support", "Prism") : join(data, "prism");
  const binDir = join(userDir, ".local", "bin");
  return {
    versionsDir: join(own, "versions"),
    binDir,
    program: join(binDir, "prism"),
    daemon: join(binDir, "prism-daemon"),
    completions: [
      { shell: "bash", path: join(data, "bash-completion", "completions", "prism") },
      // Bash looks for a file of the command's own name.
      { shell: "bash", path: join(data, "bash-completion", "completions", "prism-daemon") },
      { shell: "zsh", path: join(data, "zsh", "site-functions", "_prism") },
      { shell: "fish", path: join(data, "fish", "vendor_completions.d", "prism.fish") },
    ],
    // Man looks beside each folder of the PATH: ~/.local/share/man for ~/.local/bin, whatever XDG_DATA_HOME says.
    manual: join(userDir, ".local", "share", "man", "man1", "prism.1"),
  };
}

/** An empty or relative one counts as none. Source: XDG Base Directory Specification. */
function absolute(path: string | undefined, of: typeof posix): string | undefined {
  return path !== undefined && path !== "" && of.isAbsolute(path) ? path : undefined;
}

/** A prism that a package put there for all users is the package's to replace and to remove. */
export function isOfSystem(program: string): boolean {
  return /^\/(usr|opt|nix|snap)\//.test(program) && !program.startsWith("/usr/local/");
}
