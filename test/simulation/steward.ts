/**
 * A persona without daemon and agent, whose token is made, made again, replaced and destroyed by an operator, while
 * somebody shows the newest or an older one and drains with it. Answers get lost, and what was asked may have been
 * done: the checker knows what can be known.
 */
import { callOnce } from "./call.ts";
import type { Process } from "./host.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

export interface StewardSetting {
  readonly process: Process;
  readonly network: Network;
  readonly random: Random;
  readonly say: (address: string, text: string) => void;
}

const NAMES = { persona: "steward", project: "shop" };
const ADDRESS = "steward@shop";
const ANSWER_TIMEOUT_MS = 15_000;

export class Steward {
  readonly #setting: StewardSetting;
  #tokens = 0;
  #drains = 0;

  constructor(setting: StewardSetting) {
    this.#setting = setting;
  }

  /** One deed, and now and then another close behind: what crosses on the way is what this is for. */
  act(): void {
    const { random, process } = this.#setting;
    this.#once();
    if (random.chance(0.7)) process.after(random.magnitude(1, 500), () => this.act());
  }

  #once(): void {
    const { random } = this.#setting;
    switch (random.pick(["create", "again", "destroy", "use", "use", "use"] as const)) {
      case "create":
        this.#tokens++;
        this.#create();
        return;
      case "again":
        this.#create();
        return;
      case "destroy":
        this.#destroy();
        return;
      case "use":
        this.#use(random.chance(0.6) ? this.#tokens : random.whole(0, this.#tokens));
    }
  }

  #create(): void {
    const params = { ...NAMES, tokenSha256: hashOf(this.#tokens) };
    this.#call("persona_create", params, `make token ${this.#tokens}`);
  }

  #destroy(): void {
    this.#call("persona_destroy", NAMES, "destroy it");
  }

  #use(serial: number): void {
    const params = { ...NAMES, key: `steward ${++this.#drains}` };
    this.#call("drain", params, `drain with token ${serial}`, hashOf(serial));
  }

  #call(
    verb: "persona_create" | "persona_destroy" | "drain",
    params: object,
    what: string,
    token?: string,
  ): void {
    const { network, process, say } = this.#setting;
    const request = { verb, params: params as never, timeoutMs: ANSWER_TIMEOUT_MS };
    callOnce(network, process, token === undefined ? request : { ...request, token }, (outcome) => {
      const came =
        "ok" in outcome ? "done" : "error" in outcome ? outcome.error.code : `no answer, ${outcome.lost}`;
      say(ADDRESS, `${what}: ${came}`);
    });
  }
}

function hashOf(serial: number): string {
  return serial.toString(16).padStart(64, "0");
}
