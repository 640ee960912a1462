/**
 * What a hub says, checked before anyone here believes it: only the members that this side acts on, so that
 * a newer hub may add some. Decides nothing about what to do with a wrong one.
 */
import { limits } from "../domain/limits.ts";
import type { HubPushes, MailboxView, StartAnswer, VerbName } from "../domain/verbs.ts";

type Bag = { readonly [key: string]: unknown };

/** Addresses are names; anything else in their place could carry a sender's text into a doorbell. */
const SENDER = /^[\x21-\x7e]{0,160}$/;

export function isMailboxView(value: unknown): value is MailboxView {
  if (!isBag(value)) return false;
  return (
    isCount(value["revision"]) &&
    isCount(value["through"]) &&
    isCount(value["open"]) &&
    isCount(value["urgent"]) &&
    isCount(value["told"]) &&
    isCount(value["drains"]) &&
    isCount(value["othersOpen"]) &&
    isTimeOrNull(value["oldestAtMs"]) &&
    isTimeOrNull(value["newestAtMs"]) &&
    isSenders(value["senders"])
  );
}

export function isStartAnswer(value: unknown): value is StartAnswer {
  if (!isBag(value)) return false;
  const hub = value["hub"];
  return (
    isText(value["session"]) &&
    typeof value["master"] === "boolean" &&
    isText(value["tenant"]) &&
    isText(value["address"]) &&
    isCount(value["leaseMs"]) &&
    isCount(value["nowMs"]) &&
    isBag(hub) &&
    isText(hub["id"]) &&
    isText(hub["version"]) &&
    isCount(hub["protocol"]) &&
    isMailboxView(value["mailbox"])
  );
}

/** True if a verb's answer has the members that callers read without looking. */
export function isAnswer(verb: VerbName, value: unknown): boolean {
  if (!isBag(value)) return false;
  switch (verb) {
    case "start":
      return isStartAnswer(value);
    case "signal":
      return isText(value["id"]) && isText(value["state"]);
    case "signal_status":
      return isText(value["id"]) && isText(value["state"]);
    case "signal_trace":
      return isBag(value["signal"]) && isText(value["signal"]["id"]) && Array.isArray(value["steps"]);
    case "drain":
      return areSignals(value["signals"]) && isText(value["key"]) && isCount(value["remaining"]);
    case "history":
      return areSignals(value["signals"]) && (value["next"] === null || isText(value["next"]));
    case "status":
      return (
        isBag(value["hub"]) && ["agents", "daemons", "waiting"].every((key) => Array.isArray(value[key]))
      );
    case "wrap":
      return Array.isArray(value["wrapped"]);
    case "acknowledge":
    case "rung":
      return true;
    case "persona_create":
      return isText(value["address"]) && isText(value["tenant"]) && isText(value["state"]);
    case "persona_archive":
      return isText(value["address"]) && Array.isArray(value["wrapped"]);
    case "persona_restore":
      return isText(value["address"]) && isCount(value["waiting"]);
    case "persona_destroy":
      return isText(value["address"]) && typeof value["existed"] === "boolean" && isCount(value["expired"]);
    case "persona_list":
      return Array.isArray(value["personas"]);
  }
}

/** undefined: not a push that this side knows; a newer hub may send one. */
export function isPush<K extends keyof HubPushes>(name: K, value: unknown): value is HubPushes[K];
export function isPush(name: string, value: unknown): boolean | undefined;
export function isPush(name: string, value: unknown): boolean | undefined {
  switch (name) {
    case "mailbox":
      return isMailboxView(value);
    case "wrapped":
      return isBag(value) && isText(value["session"]);
    case "closing":
      return isBag(value) && typeof value["reason"] === "string";
    default:
      return undefined;
  }
}

function isBag(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || isCount(value);
}

function isSenders(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= limits.mailboxSendersMax &&
    value.every(
      (sender) =>
        isBag(sender) &&
        typeof sender["from"] === "string" &&
        SENDER.test(sender["from"]) &&
        isCount(sender["count"]),
    )
  );
}

function areSignals(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((signal) => isBag(signal) && isText(signal["id"]) && typeof signal["text"] === "string")
  );
}
