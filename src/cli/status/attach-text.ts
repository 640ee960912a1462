/** What is being installed for a project before its agent starts, or could not be: the agent may lack it. */
import { printable } from "../../domain/address.ts";
import type { DaemonStatus } from "../../ipc.ts";
import type { Ink } from "../layout.ts";

const DETAIL_CHARS_MAX = 160;

/** @returns a line for each that there is something to say of; "" if there is nothing */
export function attachText(daemons: readonly DaemonStatus[], ink: Ink): string {
  return daemons.flatMap((status) => lineOf(status, ink)).join("");
}

function lineOf({ persona, project, attach }: DaemonStatus, ink: Ink): string[] {
  // A daemon of an older build does not speak of it.
  const state = attach?.state;
  if (state !== "running" && state !== "failed") return [];
  const address = `${persona}@${project}`;
  const detail = printable(attach?.detail ?? "", DETAIL_CHARS_MAX);
  if (state === "failed") return [`  ${ink.red(address)} attach failed: ${detail}\n`];
  return [`  ${ink.yellow(address)} attaches, step ${attach?.step} of ${attach?.steps}: ${detail}\n`];
}
