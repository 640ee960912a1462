/**
 * A simulated agent at its prompt: it wakes on a ring, drains, and reads what it was given. Like the real ones
 * it may be slow, ignore a ring, stop halfway, lose an answer and ask again with the same key, drain twice at
 * once, drain unasked, or die and come back as another session.
 */
import type { Doorbell } from "../../src/domain/doorbell.ts";
import { parseRpc, requestText } from "../../src/domain/rpc.ts";
import {
  type DrainParams,
  HUB_PROTOCOL,
  type SignalRecord,
  type StartAnswer,
  type StartParams,
} from "../../src/domain/verbs.ts";
import { callOnce } from "./call.ts";
import { type Host, Process } from "./host.ts";
import type { End, Network } from "./network.ts";
import type { Fault } from "./plan.ts";
import type { Random } from "./random.ts";

export interface AgentSetting {
  readonly address: string;
  readonly persona: string;
  readonly project: string;
  readonly host: Host;
  readonly network: Network;
  readonly random: Random;
  /** True while this class of fault may strike. */
  readonly strikes: (fault: Fault) => boolean;
  /** Has it answered, as whoever it is, over whatever it signals with. */
  readonly answer: (signal: SignalRecord) => void;
  readonly say: (text: string) => void;
}

const ANSWER_TIMEOUT_MS = 15_000;
const RETRY_MS_MAX = 5_000;
/** How long an agent works before it comes back to its prompt. */
const REACTION_MS_MAX = 8_000;

export class SimAgent {
  readonly #setting: AgentSetting;
  #process: Process;
  #life = 0;
  #drains = 0;
  #draining = 0;
  #socket: End | null = null;
  #session: string | null = null;

  constructor(setting: AgentSetting) {
    this.#setting = setting;
    this.#process = this.#born();
  }

  /** Where it lives: dies and returns with it. */
  get process(): Process {
    return this.#process;
  }

  get session(): string | null {
    return this.#session;
  }

  rung(bell: Doorbell): void {
    const { random, strikes, say } = this.#setting;
    if (!this.#process.alive) return;
    if (strikes("lazyAgents") && random.chance(0.4)) {
      say(`ignores ring ${bell.ring}`);
      return;
    }
    this.#process.after(random.magnitude(1, REACTION_MS_MAX), () => this.wake());
    if (strikes("twinDrains") && random.chance(0.3)) {
      this.#process.after(random.magnitude(1, REACTION_MS_MAX), () => this.wake());
    }
  }

  get busy(): boolean {
    return this.#process.alive && this.#draining > 0;
  }

  /** Drains until nothing is left, or until it has had enough. */
  wake(): void {
    const { strikes } = this.#setting;
    if (this.#draining > (strikes("twinDrains") ? 1 : 0)) return;
    this.#draining++;
    this.#drain(this.#params());
  }

  die(): void {
    this.#setting.say("dies");
    this.#process.kill();
    this.#socket = null;
    this.#session = null;
  }

  returns(): void {
    if (this.#process.alive) return;
    this.#process = this.#born();
    this.#setting.say("returns");
    this.register();
  }

  /** Registers a session over a socket that it then holds, as a shim does. */
  register(): void {
    const { network, persona, project, host } = this.#setting;
    if (this.#socket !== null || !this.#process.alive) return;
    const params: StartParams = {
      kind: "agent",
      persona,
      project,
      host: host.name,
      protocol: HUB_PROTOCOL,
      version: "0.0.0",
    };
    const socket = network.connect(this.#process, {
      opened: () => socket.send(requestText(1, "start", params)),
      message: (text) => {
        const message = parseRpc(text);
        if (message.kind === "result" && message.id === 1) {
          this.#session = (message.result as StartAnswer).session;
        }
      },
      closed: () => {
        this.#socket = null;
        this.#session = null;
        this.#process.after(this.#setting.random.whole(500, RETRY_MS_MAX), () => this.register());
      },
    });
    this.#socket = socket;
  }

  /** Loses what it held and begins anew, without a socket of its own until it registers. */
  #born(): Process {
    this.#life++;
    this.#draining = 0;
    return new Process(this.#setting.host, `agent ${this.#setting.address} #${this.#life}`);
  }

  #params(): DrainParams {
    const { persona, project, random, strikes } = this.#setting;
    const bounded = strikes("lazyAgents") && random.chance(0.5);
    this.#drains++;
    return {
      persona,
      project,
      key: `d${this.#life}.${this.#drains}`,
      ...(this.#session === null ? {} : { session: this.#session }),
      ...(bounded ? { limit: random.whole(1, 3) } : {}),
    };
  }

  #drain(params: DrainParams): void {
    const { network, random, strikes, say } = this.#setting;
    callOnce(network, this.#process, { verb: "drain", params, timeoutMs: ANSWER_TIMEOUT_MS }, (outcome) => {
      if ("lost" in outcome) {
        say(`gets no answer to drain ${params.key} (${outcome.lost}), asks again`);
        this.#process.after(random.whole(1, RETRY_MS_MAX), () => this.#drain(params));
        return;
      }
      if ("error" in outcome) {
        say(`is refused drain ${params.key}: ${outcome.error.code}`);
        this.#refused(params, outcome.error.code);
        return;
      }
      if (strikes("lostAnswers") && random.chance(0.3)) {
        say(`loses the answer to drain ${params.key}, asks again`);
        this.#process.after(random.whole(1, RETRY_MS_MAX), () => this.#drain(params));
        return;
      }
      const { signals, remaining, repeated } = outcome.ok;
      say(`drained ${signals.length} by ${params.key}${repeated ? " again" : ""}, ${remaining} remain`);
      if (strikes("thanks")) for (const signal of signals) this.#setting.answer(signal);
      const enough = strikes("lazyAgents") && random.chance(0.5);
      if (remaining > 0 && !enough)
        this.#process.after(random.whole(1, 50), () => this.#drain(this.#params()));
      else this.#draining--;
    });
  }

  /** A session that is gone is left out of the next try; anything else is tried again as it was. */
  #refused(params: DrainParams, code: string): void {
    if (code === "target_unknown") {
      this.#draining--;
      return;
    }
    const sessionGone = code === "session_unknown" || code === "session_gone";
    const { session: _gone, ...without } = params;
    const next = sessionGone ? without : params;
    this.#process.after(this.#setting.random.whole(100, RETRY_MS_MAX), () => this.#drain(next));
  }
}
