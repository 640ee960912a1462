/**
 * The words by which Claude Code is started: headless for one turn, or interactive. Pure. Autonomy is a declared
 * input: what the configuration names is passed on as it stands, and nothing is added to it.
 *
 * Source: `claude --help` of 2.1.329.
 */
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { shellWord } from "../../domain/shell-word.ts";

export const PERMISSION_MODES = [
  "acceptEdits",
  "auto",
  "bypassPermissions",
  "dontAsk",
  "manual",
  "plan",
] as const;

export interface Autonomy {
  readonly permissionMode?: (typeof PERMISSION_MODES)[number];
  /** Allowed without asking, as in `mcp__prism__prism_drain Bash(git *)`. */
  readonly allowedTools?: string;
  readonly model?: string;
}

/**
 * @param session the conversation to go on with, or null for a new one
 * @param words the first prompt; none of its words looks like a flag
 */
export function headlessArguments(
  words: string,
  session: string | null,
  autonomy: Autonomy,
): readonly string[] {
  return [
    ...["-p", words, "--output-format", "stream-json", "--verbose"],
    ...(session === null ? [] : ["--resume", session]),
    ...autonomyFlags(autonomy),
  ];
}

/** One line for a POSIX shell. */
export function interactiveCommand(program: string, session: string | null, autonomy: Autonomy): string {
  const words = [program, ...(session === null ? [] : ["--resume", session]), ...autonomyFlags(autonomy)];
  return `exec ${words.map(shellWord).join(" ")}`;
}

function autonomyFlags({ permissionMode, model, allowedTools }: Autonomy): readonly string[] {
  const tools = toolsIn(allowedTools ?? "");
  return [
    ...(permissionMode === undefined ? [] : ["--permission-mode", permissionMode]),
    ...(model === undefined ? [] : ["--model", model]),
    // It would take words that follow as more of them, so it stands last.
    ...(tools.length === 0 ? [] : ["--allowedTools", tools.join(",")]),
  ];
}

/** Tools are parted by commas or blanks; what stands in a tool's own brackets belongs to it. */
export function toolsIn(list: string): readonly string[] {
  return list.match(/(?:[^\s,()]|\([^()]*\))+/g) ?? [];
}

/**
 * Refuses what would be more than it seems: a word that the client would take for a flag of its own.
 *
 * @throws PrismError `invalid_argument`
 */
export function checkAutonomy({ allowedTools, model }: Autonomy): void {
  const tools = toolsIn(allowedTools ?? "");
  const bad = tools.find((tool) => !/^[A-Za-z_][\w.*:-]*(?:\([^()\u0000-\u001f]*\))?$/.test(tool));
  const isWhole =
    (allowedTools ?? "").replace(/[\s,]+/g, "").length === tools.join("").replace(/[\s,]+/g, "").length;
  if (bad !== undefined || !isWhole) {
    throw new PrismError(
      "invalid_argument",
      `"allowedTools" of surface claude-code holds what is no tool: "${printable(bad ?? allowedTools ?? "", 60)}"`,
      { hint: "write it as in mcp__prism__prism_drain, Bash(git status), Edit" },
    );
  }
  if (model !== undefined && !/^[A-Za-z0-9][\w.:@/[\]-]*$/.test(model)) {
    throw new PrismError(
      "invalid_argument",
      `"model" of surface claude-code is no name of a model: "${printable(model, 60)}"`,
      { hint: "write it as in opus" },
    );
  }
}
