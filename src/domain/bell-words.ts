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
  return (
    `Prism: ${count} for ${formatAddress(bell)}${urgent}${fromWords(bell)}.${again} ` +
    `Call the prism_drain tool, or run: ${commandOf(bell)}`
  );
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

/** True if the doorbell's words for this address stand in a text, whatever a client has put around them. */
export function holdsBellWords(text: string, address: Address): boolean {
  const at = text.indexOf("Prism: ");
  if (at === -1) return false;
  const begins = /^Prism: \d+ signals? waits? for /.exec(text.slice(at, at + NAMED_CHARS_MAX));
  if (begins === null) return false;
  const rest = text.slice(at + begins[0].length);
  const who = formatAddress(address);
  // Names may hold dots: only a sentence's mark ends one.
  return rest.startsWith(who) && /^[.,] /.test(rest.slice(who.length, who.length + 2));
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

function commandOf(bell: Doorbell): string {
  return `prism drain --persona ${bell.persona} --project ${bell.project}`;
}
