/**
 * A doorbell as a person reads it: one line, with what to type. Pure. Everything that came over a wire is made
 * printable, so that no hub can move a person's cursor.
 */
import { printable } from "../../domain/address.ts";
import { type Doorbell, sentenceOf } from "../../domain/doorbell.ts";
import { shellWord } from "../../domain/shell-word.ts";

export interface BellStyle {
  readonly bell: boolean;
  /** Which escape sequence asks for a desktop notification. */
  readonly notify: "none" | "osc9" | "osc777";
  /** Begin at the first column, whatever stands on the line. */
  readonly ownLine: boolean;
}

const LINE_CHARS_MAX = 600;

/** @param root the project's folder, for the command that drains */
export function bellText(
  bell: Doorbell,
  root: string,
  style: BellStyle,
  platform: NodeJS.Platform = process.platform,
): string {
  const sentence = printable(sentenceOf(bell), LINE_CHARS_MAX);
  const again = bell.attempt > 1 ? ` (ring ${bell.attempt})` : "";
  const command = `prism drain --persona ${printable(bell.persona)} --project ${quoted(root, platform)}`;
  const line = `prism: ${sentence}${again}; to take ${bell.open === 1 ? "it" : "them"}: ${command}`;
  const sound = style.bell ? "\u0007" : "";
  const ends = style.ownLine ? "\r\n" : "\n";
  return `${style.ownLine ? ends : ""}${notification(style.notify, sentence)}${sound}${line}${ends}`;
}

/** Source: iTerm2's and urxvt's escape sequences, OSC 9 and OSC 777; fields of the latter end at a semicolon. */
function notification(kind: BellStyle["notify"], sentence: string): string {
  if (kind === "osc9") return `\u001b]9;${sentence}\u0007`;
  if (kind === "osc777") return `\u001b]777;notify;prism;${sentence.replaceAll(";", ",")}\u0007`;
  return "";
}

/** A path as it can be pasted into a shell. */
function quoted(path: string, platform: NodeJS.Platform): string {
  const shown = printable(path, 4096);
  const word = shellWord(shown);
  return platform === "win32" && word !== shown ? `"${shown}"` : word;
}
