/** A verb as the command that the core decides; weighs a signal's text, which the core can't (no Buffer). */
import type { VerbName, VerbParams } from "../../domain/verbs.ts";
import type { Command } from "../core/core.ts";
import type { Caller } from "../service.ts";

export function commandOf<V extends Exclude<VerbName, "start">>(
  caller: Caller,
  verb: V,
  params: VerbParams<V>,
): Command {
  if (verb !== "signal") return { verb, caller, params } as Command;
  const signal = params as VerbParams<"signal">;
  return { verb: "signal", caller, params: signal, textBytes: textBytesOf(signal.text) };
}

/** Printable ASCII that JSON writes as it is: most texts, and the cheapest to weigh. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Bytes of a text as it stands in an answer, without its quotes. */
function textBytesOf(text: string): number {
  return PLAIN.test(text) ? text.length : Buffer.byteLength(JSON.stringify(text)) - 2;
}
