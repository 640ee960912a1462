/**
 * Whoever looks after the fleet: asks for status, signal_status and history again and again, wraps
 * addresses, archives and restores personas. Its questions change nothing; the checker hears the answers at the hub's edge.
 */
import { callOnce } from "./call.ts";
import type { Process } from "./host.ts";
import type { Network } from "./network.ts";
import type { Persona } from "./persona.ts";
import type { Random } from "./random.ts";
import type { SignalLedger } from "./signal-ledger.ts";
import type { Timeline } from "./timeline.ts";

export interface OperatorSetting {
  readonly process: Process;
  readonly network: Network;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly signals: SignalLedger;
  readonly addresses: readonly string[];
  readonly stormy: () => boolean;
  readonly slowdown: () => number;
  readonly say: (address: string, text: string) => void;
}

const ANSWER_TIMEOUT_MS = 15_000;

export class Operator {
  readonly #setting: OperatorSetting;

  constructor(setting: OperatorSetting) {
    this.#setting = setting;
  }

  /** Asks something about once in `gapMs`, while the storm lasts. */
  watch(gapMs: number): void {
    const { timeline, random, stormy, slowdown } = this.#setting;
    timeline.after(random.gapMs(gapMs * slowdown()), () => {
      if (!stormy()) return;
      this.#ask();
      this.watch(gapMs);
    });
  }

  /** Ends an address in order; asks until it is answered, however often the answer gets lost. */
  wrap(persona: Persona): void {
    const { network, process, random, say } = this.#setting;
    const params = namesOf(persona.address);
    callOnce(network, process, { verb: "wrap", params, timeoutMs: ANSWER_TIMEOUT_MS }, (outcome) => {
      if ("lost" in outcome) process.after(random.whole(100, 3000), () => this.wrap(persona));
      else say(persona.address, "error" in outcome ? `cannot wrap: ${outcome.error.code}` : "has wrapped it");
    });
  }

  /** Takes a persona off duty; asks until it is answered. */
  archive(persona: Persona): void {
    const { network, process, random, say } = this.#setting;
    const params = namesOf(persona.address);
    const request = { verb: "persona_archive", params, timeoutMs: ANSWER_TIMEOUT_MS } as const;
    callOnce(network, process, request, (outcome) => {
      if ("lost" in outcome) process.after(random.whole(100, 3000), () => this.archive(persona));
      else
        say(
          persona.address,
          "error" in outcome ? `cannot archive: ${outcome.error.code}` : "has archived it",
        );
    });
  }

  /** Puts it back on duty, and has its daemon started. */
  restore(persona: Persona): void {
    const { network, process, random, say } = this.#setting;
    const params = namesOf(persona.address);
    const request = { verb: "persona_restore", params, timeoutMs: ANSWER_TIMEOUT_MS } as const;
    callOnce(network, process, request, (outcome) => {
      if ("lost" in outcome) {
        process.after(random.whole(100, 3000), () => this.restore(persona));
        return;
      }
      say(persona.address, "error" in outcome ? `cannot restore: ${outcome.error.code}` : "has restored it");
      if ("error" in outcome) return;
      persona.wanted = true;
      persona.launch(0);
    });
  }

  #ask(): void {
    const { network, process, random, signals, addresses } = this.#setting;
    const timeoutMs = ANSWER_TIMEOUT_MS;
    const nothing = (): void => {};
    switch (random.pick(["status", "signal_status", "history"] as const)) {
      case "status":
        callOnce(network, process, { verb: "status", params: {}, timeoutMs }, nothing);
        return;
      case "signal_status": {
        const known = signals.acknowledged();
        const id = known.length === 0 ? "none-0" : random.pick(known);
        callOnce(network, process, { verb: "signal_status", params: { id }, timeoutMs }, nothing);
        return;
      }
      case "history": {
        const params = { ...namesOf(random.pick(addresses)), limit: random.whole(1, 50) };
        callOnce(network, process, { verb: "history", params, timeoutMs }, nothing);
        return;
      }
    }
  }
}

function namesOf(address: string): { persona: string; project: string } {
  const [persona = "", project = ""] = address.split("@");
  return { persona, project };
}
