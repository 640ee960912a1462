/** The shells that Prism completes in, and the text for each. Knows no place where a shell looks. */
import { listSurfaces } from "../../surfaces/registry.ts";
import type { VerbEntryGroup } from "../verb.ts";
import { bashCompletions } from "./bash.ts";
import { fishCompletions } from "./fish.ts";
import { type Grammar, grammarOf } from "./grammar.ts";
import { powershellCompletions } from "./powershell.ts";
import { zshCompletions } from "./zsh.ts";

const SHELLS = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
  powershell: powershellCompletions,
} as const satisfies { readonly [shell: string]: (grammar: Grammar) => string };

export type ShellName = keyof typeof SHELLS;

export const SHELL_NAMES = Object.keys(SHELLS) as readonly ShellName[];

export async function completionsText(
  shell: ShellName,
  groups: readonly VerbEntryGroup[],
  version: string,
): Promise<string> {
  const surface = listSurfaces().map(({ name }) => name);
  return SHELLS[shell](await grammarOf(groups, version, { surface }));
}
