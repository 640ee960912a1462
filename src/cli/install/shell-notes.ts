/** What a person has to do so that the shell finds what was installed. Looks at settings of shells; changes none. */
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Runtime } from "../runtime.ts";
import type { Places } from "./places.ts";

export function shellNotes(places: Places, { env }: Pick<Runtime, "env">): readonly string[] {
  return [...pathNote(places, env), ...zshNote(places, env), ...powershellNote(places)];
}

function pathNote({ binDir }: Places, env: Runtime["env"]): string[] {
  const isWindows = process.platform === "win32";
  const named = (env["PATH"] ?? env["Path"] ?? "").split(delimiter);
  const same = (one: string): string => (isWindows ? one.toLowerCase() : one).replace(/[/\\]+$/, "");
  if (named.some((folder) => same(folder) === same(binDir))) return [];
  const how = isWindows
    ? `add it in "Edit environment variables for your account"`
    : `put this into your shell's profile: export PATH="${binDir}:$PATH"`;
  return [`${binDir} is not on your PATH: ${how}`];
}

/** Zsh has no folder of a user's own where it looks by itself. */
function zshNote({ completions }: Places, env: Runtime["env"]): string[] {
  const zsh = completions.find(({ shell }) => shell === "zsh");
  const home = env["ZDOTDIR"] || env["HOME"];
  if (zsh === undefined || !home || !/zsh$/.test(env["SHELL"] ?? "")) return [];
  const folder = join(zsh.path, "..");
  const isNamed = textAt(join(home, ".zshrc")).includes("zsh/site-functions");
  return isNamed ? [] : [`zsh looks there once ~/.zshrc says, above compinit: fpath=(${folder} $fpath)`];
}

function powershellNote({ completions }: Places): string[] {
  const file = completions.find(({ shell }) => shell === "powershell");
  return file === undefined ? [] : [`for completions put this into $PROFILE: . "${file.path}"`];
}

function textAt(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
