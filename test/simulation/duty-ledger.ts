/**
 * The checker's own book of who is on duty and who is registered (invariants 1, 2 and 4). Where the hub died
 * between a request and its answer, nobody outside can know what it made of it: the book then holds both
 * for possible until the hub says more.
 */
import type { TargetReport } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import type {
  SessionReport,
  StartAnswer,
  StartParams,
  StatusAnswer,
  WrapParams,
} from "../../src/domain/verbs.ts";
import { PING_INTERVAL_MS } from "./network.ts";
import { Violation } from "./violation.ts";

type Certainty = "no" | "maybe" | "yes";

interface Duty {
  started: Certainty;
  wrapped: Certainty;
  archived: Certainty;
  /** By the hub's clock. */
  lastHeardAtMs: number;
  /** Life of the hub that heard it: a later one may remember a word that was a little older. */
  heardInLife: number;
  leaseMs: number;
  /** Asked for, and not known to be kept. */
  askedLeaseMs: number | null;
  /** When somebody last asked for a start: counts as a word if the hub kept it, which nobody may know. */
  askedAtMs: number;
  /** Sessions that hold a socket, each with the newest one. */
  readonly connected: Map<string, object>;
}

export interface HubMoment {
  readonly nowMs: number;
  readonly life: number;
  /** False once its wall clock was set: spans of time can no longer be judged from outside. */
  readonly steady: boolean;
}

/** After a crash the hub may have a last word that is so much too old: a minute until it is written down
 * (`AddressRecord.lastHeardAtMs`), and one interval of pings before it. */
const HEARD_SLACK_MS = 60_000 + PING_INTERVAL_MS;

export class DutyLedger {
  readonly #duties = new Map<string, Duty>();
  readonly #addressOf = new Map<string, string>();
  readonly #kindOf = new Map<string, string>();

  startAsked(address: string, params: StartParams, moment: HubMoment): void {
    const duty = this.#duty(address, moment);
    duty.askedAtMs = moment.nowMs;
    duty.askedLeaseMs = params.leaseMs ?? null;
    if (duty.started === "no") duty.started = "maybe";
    if (duty.wrapped === "yes" && duty.archived !== "yes") duty.wrapped = "maybe";
  }

  /** For an archived persona nobody starts, and for any other nobody is refused because of that. */
  startRefused(address: string, moment: HubMoment): void {
    if (this.#duty(address, moment).archived === "no")
      throw new Violation(4, address, "a start was refused because it is archived, and nobody archived it");
  }

  started(address: string, params: StartParams, answer: StartAnswer, moment: HubMoment): void {
    if (answer.address !== address) {
      throw new Violation(1, address, `a start for ${address} was registered as ${answer.address}`);
    }
    if (params.kind === "daemon" && answer.master) {
      throw new Violation(2, address, `the daemon's session ${answer.session} was made master`);
    }
    const before = this.#addressOf.get(answer.session);
    if (before !== undefined && before !== address) {
      throw new Violation(1, address, `session ${answer.session} of ${before} was moved to ${address}`);
    }
    const kind = this.#kindOf.get(answer.session);
    if (kind !== undefined && kind !== params.kind) {
      throw new Violation(
        2,
        address,
        `session ${answer.session} was of kind ${kind} and is ${params.kind} now`,
      );
    }
    this.#addressOf.set(answer.session, address);
    this.#kindOf.set(answer.session, params.kind);
    const duty = this.#duty(address, moment);
    if (duty.archived === "yes")
      throw new Violation(4, address, `session ${answer.session} was started for an archived persona`);
    duty.started = "yes";
    duty.wrapped = "no";
    duty.archived = "no";
    duty.leaseMs = answer.leaseMs;
    duty.askedLeaseMs = null;
    this.#heardNow(duty, moment);
  }

  connected(session: string, socket: object): void {
    const address = this.#addressOf.get(session);
    if (address !== undefined) this.#duties.get(address)?.connected.set(session, socket);
  }

  /** The hub takes the end of a socket for the last word of whoever held it. */
  disconnected(session: string, socket: object, moment: HubMoment): void {
    const address = this.#addressOf.get(session);
    const duty = address === undefined ? undefined : this.#duties.get(address);
    // An older socket of a session that has a newer one says nothing any more.
    if (duty === undefined || duty.connected.get(session) !== socket) return;
    duty.connected.delete(session);
    this.#heardNow(duty, moment);
  }

  /** Somebody names this session as the one who asks: a word of it, if the hub takes it for one. */
  mayHaveHeard(session: string, moment: HubMoment): void {
    const address = this.#addressOf.get(session);
    if (address !== undefined) this.#duty(address, moment).askedAtMs = moment.nowMs;
  }

  heard(session: string, moment: HubMoment): void {
    const address = this.#addressOf.get(session);
    if (address !== undefined) this.#heardNow(this.#duty(address, moment), moment);
  }

  /** It may have had the time to write down who was there, or not. */
  hubDown(moment: HubMoment): void {
    for (const duty of this.#duties.values()) {
      if (duty.connected.size > 0) this.#heardNow(duty, moment);
      duty.connected.clear();
    }
  }

  wrapAsked(address: string | null, params: WrapParams, moment: HubMoment): void {
    const at = address ?? (params.session === undefined ? undefined : this.#addressOf.get(params.session));
    if (at === undefined) return;
    const duty = this.#duty(at, moment);
    if (duty.wrapped === "no") duty.wrapped = "maybe";
  }

  archiveAsked(address: string, moment: HubMoment): void {
    const duty = this.#duty(address, moment);
    if (duty.archived === "no") duty.archived = "maybe";
    if (duty.wrapped === "no") duty.wrapped = "maybe";
  }

  archived(address: string, moment: HubMoment): void {
    this.wrapped(address, moment);
    this.#duty(address, moment).archived = "yes";
  }

  /** @returns true if it is archived for sure: then the answer says that it is on duty again */
  restoreAsked(address: string, moment: HubMoment): boolean {
    const duty = this.#duty(address, moment);
    const isSure = duty.archived === "yes";
    duty.askedAtMs = moment.nowMs;
    if (duty.archived === "yes") duty.archived = "maybe";
    if (duty.wrapped === "yes") duty.wrapped = "maybe";
    return isSure;
  }

  restored(address: string, wasArchived: boolean, moment: HubMoment): void {
    const duty = this.#duty(address, moment);
    duty.archived = "no";
    if (!wasArchived) return;
    duty.wrapped = "no";
    this.#heardNow(duty, moment);
  }

  /** An address was ended as a whole. */
  wrapped(address: string, moment: HubMoment): void {
    const duty = this.#duty(address, moment);
    duty.wrapped = "yes";
    duty.connected.clear();
  }

  /** What a send to this address may meet with at this moment. */
  possible(address: string, moment: HubMoment): ReadonlySet<TargetReport["state"]> {
    const states = new Set<TargetReport["state"]>();
    const duty = this.#duties.get(address);
    if (duty === undefined) return states.add("unknown");
    if (duty.started !== "yes") states.add("unknown");
    if (duty.archived !== "no") states.add("archived");
    if (duty.archived === "yes") return states;
    if (duty.wrapped !== "no" && duty.started !== "no") states.add("wrapped");
    if (duty.started === "no" || duty.wrapped === "yes") return states;
    const silentMs = moment.nowMs - duty.lastHeardAtMs;
    const slackMs = duty.heardInLife === moment.life ? 0 : HEARD_SLACK_MS;
    const held = duty.connected.size > 0;
    const askedMs = moment.nowMs - duty.askedAtMs;
    const leases = [duty.leaseMs, duty.askedLeaseMs ?? duty.leaseMs];
    const mayLive = held || Math.min(silentMs, askedMs) <= Math.max(...leases);
    const mayLapse = !held && silentMs + slackMs > Math.min(...leases);
    if (mayLive || !moment.steady) states.add("alive");
    if (mayLapse || !moment.steady) states.add("stale");
    return states;
  }

  /** The state that a refusal names must be one that the target had while it was asked. */
  checkTarget(
    address: string,
    state: TargetReport["state"],
    possible: ReadonlySet<TargetReport["state"]>,
  ): void {
    if (possible.has(state)) return;
    const wanted = [...possible].join(" or ");
    const verb = state === "alive" ? "was taken" : `was refused because it is ${state}`;
    throw new Violation(4, address, `a signal ${verb}, and ${address} is ${wanted}`);
  }

  checkStatus(status: StatusAnswer): void {
    const masters = new Map<string, string>();
    for (const agent of status.agents) {
      if (agent.kind !== "agent")
        throw new Violation(2, agent.address, `daemon ${agent.session} is listed as an agent`);
      this.#checkKind(agent);
      if (!agent.master) continue;
      const other = masters.get(agent.address);
      if (other !== undefined)
        throw new Violation(2, agent.address, `two masters: ${other} and ${agent.session}`);
      masters.set(agent.address, agent.session);
    }
    const watchmen = new Map<string, string>();
    for (const daemon of status.daemons) {
      if (daemon.kind !== "daemon")
        throw new Violation(2, daemon.address, `agent ${daemon.session} is listed as a daemon`);
      if (daemon.master)
        throw new Violation(2, daemon.address, `the daemon's session ${daemon.session} is master`);
      this.#checkKind(daemon);
      if (!daemon.connected) continue;
      const other = watchmen.get(daemon.address);
      if (other !== undefined)
        throw new Violation(1, daemon.address, `two daemons connected: ${other} and ${daemon.session}`);
      watchmen.set(daemon.address, daemon.session);
    }
  }

  #checkKind(report: SessionReport): void {
    const kind = this.#kindOf.get(report.session);
    if (kind !== undefined && kind !== report.kind) {
      throw new Violation(
        2,
        report.address,
        `session ${report.session} is ${kind}, and listed as ${report.kind}`,
      );
    }
  }

  #heardNow(duty: Duty, moment: HubMoment): void {
    duty.lastHeardAtMs = moment.nowMs;
    duty.heardInLife = moment.life;
  }

  #duty(address: string, moment: HubMoment): Duty {
    let duty = this.#duties.get(address);
    if (duty === undefined) {
      duty = {
        started: "no",
        wrapped: "no",
        archived: "no",
        lastHeardAtMs: moment.nowMs,
        heardInLife: moment.life,
        leaseMs: limits.leaseMsDefault,
        askedLeaseMs: null,
        askedAtMs: 0,
        connected: new Map(),
      };
      this.#duties.set(address, duty);
    }
    return duty;
  }
}
