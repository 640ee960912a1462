/**
 * How two sides of different versions find out whether they can talk: the one that calls says the newest and the
 * oldest protocol it speaks, the other one takes the newest that both do. Pure, and the same for the hub's protocol and
 * for the local one. Whoever adds a member to a first word (`start`, `hello`) must leave it out towards older ones,
 * which refuse what they do not know.
 */
import { printable } from "./address.ts";
import { PrismError } from "./errors.ts";

/** As it stands in a first word: the oldest is absent where the newest is the only one. */
export interface Spoken {
  readonly protocol: number;
  readonly protocolMin?: number | undefined;
}

export interface Side extends Spoken {
  /** `the hub`, at the beginning of what a person reads. */
  readonly who: string;
  /** Prism's own. */
  readonly version: string;
  /** What a person does about it, if it is the older one. */
  readonly remedy: string;
}

/** @param newest and the oldest that this build speaks */
export function spoken(
  newest: number,
  oldest: number,
): { readonly protocol: number; readonly protocolMin?: number } {
  return newest === oldest ? { protocol: newest } : { protocol: newest, protocolMin: oldest };
}

/**
 * @param name of the protocol, as in `the local protocol`
 * @returns the newest version that both sides speak
 * @throws PrismError `protocol_mismatch` if there is none: says what each speaks, and which is the one to upgrade
 */
export function agreedProtocol(name: string, one: Side, other: Side): number {
  const newest = Math.min(one.protocol, other.protocol);
  if (newest >= Math.max(oldestOf(one), oldestOf(other))) return newest;
  const older = one.protocol < other.protocol ? one : other;
  throw new PrismError(
    "protocol_mismatch",
    `${sideText(one)} speaks ${rangeText(one)} of ${name}, and ${sideText(other)} speaks ${rangeText(other)}`,
    {
      hint: older.remedy,
    },
  );
}

function oldestOf({ protocol, protocolMin = protocol }: Spoken): number {
  return protocolMin;
}

function sideText({ who, version }: Side): string {
  return `${who} (prism ${printable(version, 40)})`;
}

function rangeText(side: Spoken): string {
  const oldest = oldestOf(side);
  return oldest === side.protocol ? `version ${oldest}` : `versions ${oldest} to ${side.protocol}`;
}
