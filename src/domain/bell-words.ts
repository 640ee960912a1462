/**
 * A doorbell as a model reads it: one line that says what waits and what to do, and nothing else. Pure. Every
 * character is one that no line editor, shell or completion takes for its own: letters, digits, spaces and
 * `. , : @ _ -`; no address begins a word with `@`, and the line ends in a plain word.
 */
import { type Address, formatAddress, isAddress } from "./address.ts";
import type { Doorbell } from "./doorbell.ts";

/** Clients fold long pastes into a placeholder (from about 800 characters), which could not be verified. */
const NAMED_CHARS_MAX = 200;
const NAMED_MAX = 3;

export function bellWords(bell: Doorbell): string {
  const count = bell.open === 1 ? "1 signal waits" : `${bell.open} signals wait`;
  const urgent = bell.urgent === 0 ? "" : `, ${bell.urgent} urgent`;
  const again = bell.attempt > 1 ? ` This is ring ${bell.attempt}.` : "";
  return `Prism: ${count} for ${formatAddress(bell)}${urgent}${fromWords(bell)}.${again} ${callWords(bell)}`;
}

/** True for what an earlier ring, maybe of an earlier process, left on this persona's input line. */
export function isBellWords(line: string, bell: Doorbell): boolean {
  const begins = /^Prism:\d+signals?waits?for/.exec(line);
  if (begins === null) return false;
  const who = formatAddress(bell);
  const command = commandOf(bell).replaceAll(" ", "");
  const ends = line.indexOf(command);
  return line.startsWith(who, begins[0].length) && ends !== -1 && ends + command.length === line.length;
}

/**
 * True if the doorbell's words for this address stand in a text, whatever a client has put around them: from their
 * beginning to what they ask for, so that somebody who only speaks of a doorbell is not taken for one.
 */
export function holdsBellWords(text: string, address: Address): boolean {
  const who = formatAddress(address);
  const call = callWords(address);
  for (const begins of text.matchAll(/Prism: \d{1,16} signals? waits? for /g)) {
    const at = begins.index + begins[0].length;
    // Names may hold dots: only a sentence's mark ends one.
    const isOurs =
      text.startsWith(who, at) && /^[.,] /.test(text.slice(at + who.length, at + who.length + 2));
    if (isOurs && text.startsWith(call, text.indexOf("Call ", at))) return true;
  }
  return false;
}

function fromWords(bell: Doorbell): string {
  const named: string[] = [];
  let counted = 0;
  for (const { from, count } of bell.senders) {
    // A hub that was taken over must not type into a pane through a sender's address.
    if (!isAddress(from) || named.length === NAMED_MAX) continue;
    if (named.length > 0 && named.join(", ").length + from.length > NAMED_CHARS_MAX) continue;
    named.push(from);
    counted += count;
  }
  if (named.length === 0) return "";
  return `, from ${named.join(", ")}${counted < bell.open ? " and others" : ""}`;
}

function callWords(address: Address): string {
  return `Call the prism_drain tool, or run: ${commandOf(address)}`;
}

function commandOf({ persona, project }: Address): string {
  return `prism drain --persona ${persona} --project ${project}`;
}
