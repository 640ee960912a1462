/**
 * Runs the lifecycle from a script that a person can read, and writes down what it did. One block is one
 * event and its trace:
 *
 *   +2s pushed through=1 open=1      time passes, then the event; a view changes what is named
 *   ----
 *   emitting (owed): ring 1 attempt 1 | persist through=1 | acknowledge 1 | wakeAt +30s
 *
 * Times in a trace are relative to the event's own.
 */
import type { ErrorCode } from "../../src/domain/errors.ts";
import type { MailboxView } from "../../src/domain/verbs.ts";
import { DOORBELL_SCHEDULE } from "../../src/fsm/doorbell.ts";
import { type Position, recover, slotBytes } from "../../src/fsm/position.ts";
import { RETRY_PLAN } from "../../src/fsm/retry.ts";
import { begin, type Effect, type Event, type State, step } from "../../src/fsm.ts";

const START_MS = 1_000_000;

export const NO_SIGNALS: MailboxView = {
  revision: 0,
  through: 0,
  open: 0,
  urgent: 0,
  told: 0,
  drains: 0,
  oldestAtMs: null,
  newestAtMs: null,
  senders: [],
  othersOpen: 0,
};

/** @returns the script with each block's trace as it came out */
export function runScript(script: string): string {
  const machine = new ScriptedMachine();
  return `${script
    .trim()
    .split(/\n\n+/)
    .map((block) => machine.run(block))
    .join("\n\n")}\n`;
}

class ScriptedMachine {
  #state: State | undefined;
  #nowMs = START_MS;
  #view: MailboxView = NO_SIGNALS;
  #hub = "hub-a";
  /** What a restart finds in the file. */
  #position: Position | null = null;

  run(block: string): string {
    const lines = block.split("\n");
    const comments = lines.filter((line) => line.startsWith("#"));
    const command = lines.find((line) => !line.startsWith("#")) ?? "";
    const trace = this.#execute(command.split(" ").filter((word) => word !== ""));
    return [...comments, command, ...(command === "" ? [] : ["----", trace])].join("\n");
  }

  #execute(words: readonly string[]): string {
    const [first = "", ...rest] = words;
    if (first.startsWith("+")) {
      this.#nowMs += durationMs(first.slice(1));
      return this.#execute(rest);
    }
    const options = new Map(rest.map((word) => word.split("=") as [string, string]));
    const random = Number(options.get("random") ?? 0.5);
    const [state, effects] =
      first === "begin" ? this.#begin() : this.#step(this.#eventOf(first, options), random);
    this.#state = state;
    for (const effect of effects) if (effect.do === "persist") this.#position = effect.position;
    return this.#trace(state, effects);
  }

  #begin(): [State, Effect[]] {
    const { plan, schedule } = { plan: RETRY_PLAN, schedule: DOORBELL_SCHEDULE };
    return begin({ plan, schedule, position: this.#position, nowMs: this.#nowMs });
  }

  #step(event: Event, random: number): [State, Effect[]] {
    if (this.#state === undefined) throw new Error("a script starts with begin");
    return step(this.#state, event, this.#nowMs, random);
  }

  #eventOf(name: string, options: ReadonlyMap<string, string>): Event {
    const failure = { code: (options.get("code") ?? "hub_unreachable") as ErrorCode, message: "scripted" };
    const ring = Number(options.get("ring") ?? this.#state?.watch.doorbells.rings ?? 0);
    switch (name) {
      case "wake":
        return { on: "wakeReached" };
      case "opened":
        return { on: "socketOpened" };
      case "closed":
        return { on: "socketClosed", failure };
      case "refused":
        return { on: "startRefused", failure };
      case "answered":
        this.#hub = options.get("hub") ?? this.#hub;
        return {
          on: "startAnswered",
          session: "session-1",
          hubId: this.#hub,
          hubNowMs: this.#nowMs + Number(options.get("ahead") ?? 0),
          mailbox: this.#viewOf(options),
        };
      case "pushed":
        return { on: "mailboxPushed", mailbox: this.#viewOf(options) };
      case "wrapped":
        return { on: "wrapPushed" };
      case "closing":
        return { on: "hubClosing" };
      case "taken":
        return { on: "ringSettled", settled: { ring, taken: true, path: "bell" } };
      case "failed":
        return { on: "ringSettled", settled: { ring, taken: false, reason: "nobody there" } };
      case "notify":
        return { on: "notifyAsked", ask: 1 };
      case "resumed":
        return { on: "hostResumed" };
      case "stop":
        return { on: "stopAsked" };
      default:
        throw new Error(`the script's word "${name}" is unknown`);
    }
  }

  /** The last view, changed as told; its revision grows unless it is told too. */
  #viewOf(options: ReadonlyMap<string, string>): MailboxView {
    const numbers: { [key: string]: number } = { revision: this.#view.revision + 1 };
    for (const [key, value] of options) if (key in NO_SIGNALS) numbers[key] = Number(value);
    const through = numbers["through"] ?? this.#view.through;
    const newestAtMs = through > this.#view.through ? this.#nowMs : this.#view.newestAtMs;
    const view = { ...this.#view, newestAtMs, ...numbers };
    if (view.revision > this.#view.revision || options.has("hub")) this.#view = view;
    return view;
  }

  #trace(state: State, effects: readonly Effect[]): string {
    const { bell, ring } = state.watch.doorbells;
    const bellText = `${bell.id}${ring === null ? "" : ring.cancelled ? ", cancelling" : ", ringing"}`;
    const done = effects.map((effect) => this.#effectText(effect));
    return `${state.id} (${bellText}): ${done.length === 0 ? "nothing" : done.join(" | ")}`;
  }

  #effectText(effect: Effect): string {
    switch (effect.do) {
      case "start":
        return `start from ${effect.position}${effect.session === null ? "" : " again"}`;
      case "acknowledge":
        return `acknowledge ${effect.through}`;
      case "ring":
        return `ring ${effect.ring} attempt ${effect.attempt}`;
      case "cancelRing":
        return `cancelRing ${effect.ring}`;
      case "persist":
        if (effect.position === null) return "persist nothing";
        return `persist through=${effect.position.through}${effect.position.standing === null ? "" : " standing"}`;
      case "wakeAt":
        return `wakeAt ${effect.atMs === null ? "never" : `+${durationText(effect.atMs - this.#nowMs)}`}`;
      case "countDoorbell":
        return `count ${effect.outcome}`;
      case "countError":
        return `error ${effect.failure.code}`;
      case "observeLatency":
        return `latency ${durationText(effect.latencyMs)}`;
      case "answerNotify":
        return `answer ${effect.result}: ${effect.why}`;
      case "end":
        return `end ${effect.reason}${effect.failure === null ? "" : ` ${effect.failure.code}`}`;
      default:
        return effect.do;
    }
  }
}

function durationMs(text: string): number {
  const match = /^([0-9.]+)(ms|s|m|h|d)$/.exec(text);
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  if (match === null) throw new Error(`the duration "${text}" has no unit`);
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

function durationText(ms: number): string {
  if (ms % 3_600_000 === 0 && ms !== 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0 && ms !== 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** A disk for the state file's two slots: shows what is on it, and tears writes where it is told to. */
export class FakeSlotDisk {
  bytes = new Uint8Array(0);
  writes = 0;

  write(atByte: number, chunk: Uint8Array, upToByte: number = chunk.length): void {
    const end = atByte + upToByte;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.ceil(end / slotBytes) * slotBytes);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(chunk.subarray(0, upToByte), atByte);
    this.writes++;
  }

  recovered() {
    return recover(this.bytes);
  }
}
