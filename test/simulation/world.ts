/**
 * One run: the world that a seed describes, from its first moment through the storm to the calm, in which
 * everything owed must be settled. Real are the hub's core, engine and edge rules, the daemons' lifecycle,
 * doorbells and state slots; simulated is everything they touch. One thread, one timeline, no other source
 * of order or chance: the same seed is the same run.
 */

import { ERROR_CLASS_OF } from "../../src/domain/error-class.ts";
import type { SignalRecord } from "../../src/domain/verbs.ts";
import { loopBounds } from "../../src/hub/core/bounds.ts";
import type { LoopBounds } from "../../src/hub/core/loops.ts";
import { Checker } from "./checker.ts";
import { Host, Process } from "./host.ts";
import { HubHouse } from "./hub-house.ts";
import { Network } from "./network.ts";
import { Operator } from "./operator.ts";
import { Persona } from "./persona.ts";
import type { Plan } from "./plan.ts";
import type { Plant } from "./plants.ts";
import { Random } from "./random.ts";
import { type Letter, SimSender } from "./sender.ts";
import { Steward } from "./steward.ts";
import { Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";
import { brew, clear, type Scene } from "./weather.ts";

export interface RunResult {
  readonly violation: Violation | null;
  /** Steps of the timeline, and virtual milliseconds, until the end or the violation. */
  readonly steps: number;
  readonly virtualMs: number;
  readonly trace: Trace;
  readonly counts: RunCounts;
}

export interface RunCounts {
  readonly acknowledged: number;
  readonly drained: number;
  /** Answers refused because two only answered each other. */
  readonly stopped: number;
  readonly rings: number;
  readonly hubLives: number;
  readonly connects: number;
}

export interface RunOptions {
  readonly narrate?: boolean;
  readonly plant?: Plant | null;
}

/** Any day will do; this one has seen no leap second. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** Longest re-ring delay is an hour, and an agent may have ignored the ring before it. */
const CALM_MS_MAX = 3 * 3_600_000;
/** After that much calm every daemon must be back (invariant 7): dead peers found, slowest back-off over. */
const RECONNECT_MS_MAX = 180_000;
const CALM_POLL_MS = 5_000;
const STEPS_MAX = 3_000_000;
/** Storms are short, and so are loops in them. */
const QUICK_LOOPS: LoopBounds = { answersMax: 10, paceMs: 3_000, quietMs: 60_000 };

export function runWorld(plan: Plan, options: RunOptions = {}): RunResult {
  return new World(plan, options).run();
}

class World {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  readonly #checker: Checker;
  readonly #network: Network;
  readonly #hub: HubHouse;
  readonly #hosts: Host[] = [];
  readonly #personas: Persona[] = [];
  readonly #senders: SimSender[] = [];
  readonly #operator: Operator;
  readonly #steward: Steward;
  #stormEndMs: number;

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#stormEndMs = plan.stormMs;
    this.#random = new Random(plan.seed);
    this.#timeline = new Timeline(this.#random.fork("ties"));
    this.#trace = new Trace(options.narrate ?? false);
    const { faults } = plan;
    const hubHost = new Host("hub-host", this.#timeline, EPOCH_MS);
    const loops = faults.has("thanks") ? QUICK_LOOPS : loopBounds;
    const retentionMs = faults.has("shortRetention") ? 120_000 : 7 * 24 * 3_600_000;
    this.#checker = new Checker({
      nowMs: () => this.#timeline.nowMs,
      hubMs: () => hubHost.wallMs(),
      hubSteady: () => !hubHost.jumped,
      retentionMs,
      loops,
      errorClassOf: (report) => ERROR_CLASS_OF[report.code],
    });
    this.#network = new Network(this.#timeline, hubHost, this.#random.fork("network"), {
      stallChance: faults.has("stalls") ? 0.01 : 0,
      stallMsMax: 10_000,
      doomChance: faults.has("resets") ? 0.1 : 0,
    });
    this.#hub = new HubHouse({
      host: hubHost,
      network: this.#network,
      random: this.#random.fork("hub"),
      checker: this.#checker,
      retentionMs,
      loops,
      syncMsMax: this.#random.fork("sync").magnitude(1, 30),
      plant: options.plant ?? null,
      say: (address, text) => this.#say(address, "hub", text),
    });
    this.#settle(hubHost, options);
    this.#operator = new Operator({
      process: new Process(hubHost, "operator"),
      ...{ network: this.#network, timeline: this.#timeline },
      random: this.#random.fork("operator"),
      signals: this.#checker.signals,
      addresses: this.#personas.map((persona) => persona.address),
      stormy: () => this.#stormy(),
      slowdown: () => this.#slowdown(),
      say: (address, text) => this.#say(address, "operator", text),
    });
    this.#steward = new Steward({
      process: new Process(hubHost, "steward"),
      network: this.#network,
      random: this.#random.fork("steward"),
      say: (address, text) => this.#say(address, "steward", text),
    });
  }

  /** Hosts, personas and senders, each in its place. */
  #settle(hubHost: Host, options: RunOptions): void {
    const { plan } = this;
    const places = this.#random.fork("places");
    const slow = plan.faults.has("delays");
    this.#network.addLink(hubHost.name, { delayMs: 0, jitterMs: 0, upSilent: false, downSilent: false });
    for (let i = 0; i < plan.hosts; i++) {
      if (i === 0 && plan.hubIsLocal) {
        this.#hosts.push(hubHost);
        continue;
      }
      const host = new Host(`host-${i}`, this.#timeline, EPOCH_MS + places.whole(-5000, 5000));
      this.#hosts.push(host);
      this.#network.addLink(host.name, {
        delayMs: slow ? places.magnitude(1, 200) : 1,
        jitterMs: slow ? places.magnitude(1, 100) : 0,
        upSilent: false,
        downSilent: false,
      });
    }
    for (let i = 0; i < plan.personas; i++) {
      const own = this.#random.fork(`persona ${i}`);
      const address = `p${i}@shop`;
      this.#personas.push(
        new Persona({
          persona: `p${i}`,
          project: "shop",
          leaseMs: plan.faults.has("shortLeases") && own.chance(0.5) ? own.magnitude(2000, 60_000) : LEASE_MS,
          host: own.pick(this.#hosts),
          network: this.#network,
          random: own,
          observer: this.#checker,
          strikes: (fault) => plan.faults.has(fault) && this.#stormy(),
          say: (who, text) => this.#say(address, who, text),
          plant: options.plant ?? null,
          answer: (signal) => this.#thank(address, signal),
        }),
      );
    }
    for (const host of this.#hosts) {
      this.#senders.push(
        new SimSender({
          process: new Process(host, `sender on ${host.name}`),
          network: this.#network,
          random: this.#random.fork(`sender ${host.name}`),
          strikes: (fault) => plan.faults.has(fault) && this.#stormy(),
          say: (address, text) => this.#say(address, "sender", text),
        }),
      );
    }
  }

  get plan(): Plan {
    return this.#plan;
  }

  run(): RunResult {
    try {
      this.#begin();
      this.#runUntil(() => this.#stormEndMs);
      if (this.#checker.violation === null) {
        this.#storming = false;
        clear(this.#scene());
        this.#calm();
      }
    } catch (error) {
      this.#checker.check(() => {
        throw error;
      });
    }
    return {
      violation: this.#checker.violation,
      steps: this.#timeline.steps,
      virtualMs: this.#timeline.nowMs,
      trace: this.#trace,
      counts: { ...this.#checker.counts(), hubLives: this.#hub.lives },
    };
  }

  #storming = true;

  #stormy(): boolean {
    return this.#storming && this.#timeline.nowMs < this.#stormEndMs;
  }

  /** A storm made longer by a host's long sleep has no more faults for it. */
  #slowdown(): number {
    return this.#stormEndMs / this.#plan.stormMs;
  }

  #begin(): void {
    this.#hub.start();
    const births = this.#random.fork("births");
    for (const persona of this.#personas) {
      persona.launch(births.whole(0, 2000));
      if (births.chance(0.5)) this.#timeline.after(births.whole(0, 5000), () => persona.agent.register());
    }
    this.#post();
    if (this.#plan.faults.has("observers")) this.#operator.watch(this.#plan.stormMs / 20);
    brew(this.#scene());
  }

  /** Every letter of this run, spread over the storm: some alone, some in bursts. */
  #post(): void {
    const random = this.#random.fork("letters");
    let atMs = 0;
    for (let serial = 1; serial <= this.#plan.signals; serial++) {
      if (!random.chance(0.3)) atMs = random.whole(0, this.#plan.stormMs);
      const letter = random.fork(serial);
      this.#timeline.after(atMs, () => this.#send(letter, serial));
    }
  }

  #send(random: Random, serial: number): void {
    const sender = random.pick(this.#senders);
    const persona = random.pick(this.#personas);
    const from = random.chance(0.7) ? random.pick(this.#personas).address : undefined;
    const letter: Letter = { to: persona.address, from, serial };
    if (!this.#plan.faults.has("strays") || random.chance(0.8)) sender.send(letter);
    else if (random.chance(0.5)) sender.send({ ...letter, to: `nobody${random.whole(1, 3)}@shop` });
    else sender.send({ ...letter, to: `session:${persona.agent.session ?? "none"}` });
  }

  /** Whatever it was: final or not, asked for or not. */
  #thank(from: string, signal: SignalRecord): void {
    if (signal.from === null) return;
    const serial = this.#plan.signals + ++this.#thanks;
    const random = this.#random.fork(`thanks ${serial}`);
    const letter = { to: signal.from, from, serial, final: random.chance(0.05) };
    const bare = random.chance(0.3);
    random.pick(this.#senders).send(bare ? letter : { ...letter, replyTo: signal.id });
  }

  #thanks = 0;

  #runUntil(untilMs: () => number): void {
    const { violation } = this.#checker;
    if (violation !== null) return;
    while (this.#checker.violation === null && this.#timeline.step(untilMs())) {
      if (this.#timeline.steps > STEPS_MAX)
        throw new Violation(7, "", `still restless after ${STEPS_MAX} steps`);
    }
    if (this.#checker.violation === null) this.#timeline.advanceTo(untilMs());
  }

  /** What is owed must be rung and drained, or expire, within bounded time: nothing disturbs any more. */
  #calm(): void {
    const sinceMs = this.#timeline.nowMs;
    for (;;) {
      this.#runUntil(() => this.#timeline.nowMs + CALM_POLL_MS);
      if (this.#checker.violation !== null) return;
      const passedMs = this.#timeline.nowMs - sinceMs;
      const owed = this.#owed(passedMs);
      if (owed === null) break;
      if (passedMs > CALM_MS_MAX)
        throw new Violation(3, owed.address, `${owed.what} after ${passedMs} ms of calm`);
    }
    this.#hub.audit();
    this.#runUntil(() => this.#timeline.nowMs + CALM_POLL_MS);
    this.#checker.check(() => this.#checker.signals.checkSettled());
  }

  /** The first thing that is not settled yet, or null. */
  #owed(passedMs: number): { readonly address: string; readonly what: string } | null {
    for (const persona of this.#personas) {
      const { address, daemon, wanted } = persona;
      const connected = daemon !== null && (daemon.state === "connected" || daemon.state === "emitting");
      if (wanted && !connected) {
        const what = `the daemon is ${daemon?.state ?? "down"}`;
        if (passedMs > RECONNECT_MS_MAX)
          throw new Violation(7, address, `${what} after ${passedMs} ms of calm`);
        return { address, what };
      }
      if (persona.agent.busy) return { address, what: "the agent is still draining" };
      const open = this.#checker.openAt(address, wanted);
      if (!wanted && open > 0) this.#tidyUp(persona);
      if (open > 0) return { address, what: `${open} signals are open` };
    }
    const unsettled = this.#senders.some((sender) => sender.unsettled > 0);
    return unsettled ? { address: "", what: "a sender still has no answer" } : null;
  }

  /** Off duty nobody rings: whoever still comes by reads what was left there, and asks what became of the rest. */
  #tidyUp(persona: Persona): void {
    persona.agent.wake();
    this.#hub.audit();
  }

  #scene(): Scene {
    return {
      plan: this.#plan,
      timeline: this.#timeline,
      random: this.#random,
      network: this.#network,
      hub: this.#hub,
      hosts: this.#hosts,
      personas: this.#personas,
      stormy: () => this.#stormy(),
      slowdown: () => this.#slowdown(),
      prolong: (byMs) => {
        this.#stormEndMs = Math.max(this.#stormEndMs, this.#timeline.nowMs + byMs);
      },
      say: (address, text) => this.#say(address, address === "" ? "world" : "weather", text),
      wrap: (persona) => this.#operator.wrap(persona),
      archive: (persona) => this.#operator.archive(persona),
      restore: (persona) => this.#operator.restore(persona),
      handleToken: () => this.#steward.act(),
    };
  }

  #say(address: string, who: string, text: string): void {
    if (!this.#trace.on) return;
    const { steps, nowMs } = this.#timeline;
    this.#trace.say({ step: steps, atMs: nowMs, address, who, text });
  }
}

const LEASE_MS = 7 * 24 * 3_600_000;
