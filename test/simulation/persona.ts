/**
 * One persona in one project, with all that is its own: the host it lives on, its daemon and the launcher that
 * keeps the daemon up, its state file, its surface, its agent.
 */
import type { SignalRecord } from "../../src/domain/verbs.ts";
import { SimAgent } from "./agent.ts";
import { DaemonNode } from "./daemon-node.ts";
import { type Host, Process } from "./host.ts";
import type { Network } from "./network.ts";
import type { Observer } from "./observer.ts";
import type { Fault } from "./plan.ts";
import type { Plant } from "./plants.ts";
import type { Random } from "./random.ts";
import { SlotFile } from "./slot-file.ts";
import { SimSurface } from "./surface.ts";
import type { Scheduled } from "./timeline.ts";

export interface PersonaSetting {
  readonly persona: string;
  readonly project: string;
  readonly leaseMs: number;
  readonly host: Host;
  readonly network: Network;
  readonly random: Random;
  readonly observer: Observer;
  readonly strikes: (fault: Fault) => boolean;
  readonly plant: Plant | null;
  /** Sends an answer to a signal that its agent has read. */
  readonly answer: (signal: SignalRecord) => void;
  readonly say: (who: string, text: string) => void;
}

const RESTART_MS_MAX = 20_000;

export class Persona {
  readonly address: string;
  readonly host: Host;
  readonly surface: SimSurface;
  readonly agent: SimAgent;
  readonly #setting: PersonaSetting;
  readonly #slots = new SlotFile();
  #daemon: DaemonNode | null = null;
  #process: Process | null = null;
  #launch: Scheduled | null = null;
  #lives = 0;
  /** False once it was wrapped: the launcher leaves it alone. */
  wanted = true;
  #rival: { readonly process: Process } | null = null;

  constructor(setting: PersonaSetting) {
    this.#setting = setting;
    this.address = `${setting.persona}@${setting.project}`;
    this.host = setting.host;
    const { persona, project, host, network, strikes, random, answer, say } = setting;
    this.agent = new SimAgent({
      ...{ address: this.address, persona, project, host, network, strikes, answer },
      random: random.fork("agent"),
      say: (text) => say("agent", text),
    });
    // The pane outlives the agent in it; a ring for a dead agent is a ring into an empty room.
    const pane = new Process(host, `surface of ${this.address}`);
    this.surface = new SimSurface(pane, random.fork("surface"), (bell) => {
      say("surface", `ring ${bell.ring} is made (attempt ${bell.attempt}, ${bell.open} open)`);
      this.agent.rung(bell);
    });
  }

  get daemon(): DaemonNode | null {
    return this.#process?.alive ? this.#daemon : null;
  }

  get leaseMs(): number {
    return this.#setting.leaseMs;
  }

  /** The launcher starts the daemon, unless it runs. */
  launch(delayMs: number): void {
    this.#launch?.cancel();
    this.#launch = this.host.timeline.after(delayMs, () => {
      this.host.whenAwake(() => {
        if (this.wanted && this.host.powered && this.daemon === null) this.#start();
      });
    });
  }

  #start(): void {
    const { persona, project, leaseMs, network, random, observer, plant, say } = this.#setting;
    this.#lives++;
    const process = new Process(this.host, `daemon of ${this.address} #${this.#lives}`);
    this.#process = process;
    this.#daemon = new DaemonNode({
      report: {
        address: this.address,
        name: this.address,
        life: this.#lives,
        clockLeapMsMax: () => clockLeapMsMax(this.host),
      },
      ...{ persona, project, leaseMs, process, network, observer, plant },
      slots: this.#slots,
      surface: this.surface,
      random: random.fork(`daemon ${this.#lives}`),
      say: (text) => say("daemon", text),
      ended: (isFinal) => {
        if (isFinal) this.wanted = false;
        // In order or because another holds the address: the launcher tries again after a while.
        else this.launch(random.whole(1000, RESTART_MS_MAX));
      },
    });
  }

  /** kill -9: with a torn state file, if that was the moment of a write. */
  killDaemon(torn: boolean): void {
    const process = this.#process;
    if (process === null || !process.alive) return;
    this.#setting.say("daemon", torn ? "is killed in the middle of a write" : "is killed");
    process.kill();
    if (torn) this.#slots.tornByKill(this.#setting.random);
    this.launch(this.#setting.random.magnitude(10, RESTART_MS_MAX));
  }

  stopDaemon(): void {
    const { daemon } = this;
    if (daemon === null) return;
    this.#setting.say("daemon", "is asked to stop");
    this.host.whenAwake(() => daemon.stop());
  }

  /** A second daemon for the same address, on whatever host, with a surface and a state file of its own. */
  startRival(host: Host): void {
    if (this.#rival?.process.alive) return;
    const { persona, project, leaseMs, network, random, observer, say } = this.#setting;
    this.#lives++;
    const process = new Process(host, `rival of ${this.address} #${this.#lives}`);
    this.#rival = { process };
    const own = random.fork(`rival ${this.#lives}`);
    const pane = new Process(host, `surface of the rival of ${this.address}`);
    new DaemonNode({
      report: {
        address: this.address,
        name: `${this.address} rival ${this.#lives}`,
        life: this.#lives,
        clockLeapMsMax: () => clockLeapMsMax(host),
      },
      ...{ persona, project, leaseMs, process, network, observer, plant: null },
      slots: new SlotFile(),
      surface: new SimSurface(pane, own.fork("surface"), (bell) =>
        say("rival's surface", `ring ${bell.ring}`),
      ),
      random: own,
      say: (text) => say("rival", text),
      ended: () => {},
    });
  }

  endRival(): void {
    if (!this.#rival?.process.alive) return;
    this.#setting.say("rival", "is killed");
    this.#rival.process.kill();
  }

  /** Everything on its host is gone, and the host with it. */
  powerCut(): void {
    this.killDaemon(false);
    this.#slots.tornByPowerCut(this.#setting.random);
    if (this.agent.process.alive) this.agent.die();
  }
}

/** `SLEEP_MS_MIN` of `src/daemon/driver.ts`: a clock behind by less is left as it is, until more is added. */
const UNNOTICED_SLEEP_MS_MAX = 4000;

function clockLeapMsMax(host: Host): number {
  if (host.jumped) return Number.POSITIVE_INFINITY;
  return host.everSlept ? UNNOTICED_SLEEP_MS_MAX : 0;
}
