/**
 * Whoever sends: agents, scripts, people. Each signal has a text that no other has and, mostly, a key; who
 * gets no answer asks again with the same key until there is one.
 */
import type { ErrorReport } from "../../src/domain/errors.ts";
import type { SignalParams } from "../../src/domain/verbs.ts";
import { TEXT_MARK } from "./bell-ledger.ts";
import { callOnce } from "./call.ts";
import type { Process } from "./host.ts";
import type { Network } from "./network.ts";
import type { Fault } from "./plan.ts";
import type { Random } from "./random.ts";

export interface SenderSetting {
  readonly process: Process;
  readonly network: Network;
  readonly random: Random;
  readonly strikes: (fault: Fault) => boolean;
  readonly say: (address: string, text: string) => void;
}

export interface Letter {
  readonly to: string;
  readonly from: string | undefined;
  readonly serial: number;
  readonly replyTo?: string;
  readonly final?: boolean;
}

const ANSWER_TIMEOUT_MS = 15_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 120_000;
/** Refusals that time may heal; a sender repeats them a few times. */
const PASSING: ReadonlySet<string> = new Set([
  "storage_full",
  "storage_failed",
  "overloaded",
  "mailbox_full",
]);

export class SimSender {
  readonly #setting: SenderSetting;
  /** Signals asked for whose fate their sender does not know yet. */
  #unsettled = 0;

  constructor(setting: SenderSetting) {
    this.#setting = setting;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  send(letter: Letter): void {
    const { random, strikes } = this.#setting;
    const keyed = random.chance(0.85);
    const params: SignalParams = {
      to: letter.to,
      text: `${TEXT_MARK}${letter.serial} ${"x".repeat(random.magnitude(1, 200))}`,
      ...(letter.from === undefined ? {} : { from: letter.from }),
      ...(letter.replyTo === undefined ? {} : { replyTo: letter.replyTo }),
      ...(letter.final ? { final: true } : {}),
      ...(random.chance(0.2) ? { urgency: "urgent" as const } : {}),
      ...(strikes("shortLives") && random.chance(0.5) ? { ttlMs: random.magnitude(100, 120_000) } : {}),
      ...(keyed ? { key: `k${letter.serial}` } : {}),
    };
    this.#unsettled++;
    this.#try(params, 1);
  }

  #try(params: SignalParams, attempt: number): void {
    const { process, network, random, strikes, say } = this.#setting;
    callOnce(network, process, { verb: "signal", params, timeoutMs: ANSWER_TIMEOUT_MS }, (outcome) => {
      const again = (): void => {
        const windowMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** attempt);
        process.after(random.whole(1, windowMs), () => this.#try(params, attempt + 1));
      };
      if ("lost" in outcome) {
        say(params.to, `gets no answer to ${short(params)} (${outcome.lost})`);
        if (params.key === undefined) this.#unsettled--;
        else again();
        return;
      }
      if ("error" in outcome) {
        say(params.to, `is refused ${short(params)}: ${outcome.error.code}`);
        if (this.#repeats(outcome.error, attempt)) again();
        else this.#unsettled--;
        return;
      }
      say(
        params.to,
        `has ${short(params)} acknowledged as ${outcome.ok.id}${outcome.ok.duplicate ? " again" : ""}`,
      );
      if (params.key !== undefined && strikes("retries") && random.chance(0.3)) again();
      else this.#unsettled--;
    });
  }

  #repeats(error: ErrorReport, attempt: number): boolean {
    if (PASSING.has(error.code)) return true;
    const { random, strikes } = this.#setting;
    return attempt < 5 && strikes("retries") && random.chance(0.5);
  }
}

function short(params: SignalParams): string {
  const text = params.text.slice(0, params.text.indexOf(" "));
  return params.key === undefined ? `${text} (no key)` : text;
}
