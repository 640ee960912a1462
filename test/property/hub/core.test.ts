/**
 * Any sequence of commands, with restarts anywhere, against a naive model: states only go forward, no signal
 * is drained twice, a repeated drain gives the same, every view equals a recount and never goes back, and
 * `signal_status` tells the truth at any time (invariants 3 and 8). Personas come, are archived, restored and
 * destroyed in between: none of it loses a signal unless it was purged, who is off duty takes none, and a token acts
 * as long as it is its persona's, and no longer.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { MailboxView, SignalStatusAnswer, VerbAnswers } from "../../../src/domain/verbs.ts";
import type { Command } from "../../../src/hub/core/core.ts";
import { HubDriver } from "../../support/hub-driver.ts";
import { HubModel } from "../../support/hub-model.ts";

const TENANT = "local";
const PERSONAS = ["reviewer", "planner"] as const;
const caller = { tenant: TENANT, scope: "home", session: null } as const;

type Step =
  | { do: "signal"; to: number; from: number; urgent: boolean; ttlMs: number; key: number | null }
  | { do: "acknowledge"; at: number; behind: number }
  | { do: "drain"; at: number; limit: number; key: number | null }
  | { do: "advance"; ms: number }
  | { do: "start"; at: number }
  | { do: "restart" }
  | { do: "create"; at: number; token: number }
  | { do: "use"; at: number; token: number }
  | { do: "archive" | "restore"; at: number }
  | { do: "destroy"; at: number; purge: boolean };

const at = fc.nat(PERSONAS.length - 1);
const key = fc.option(fc.nat(3), { nil: null });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("signal" as const),
      to: at,
      from: fc.nat(3),
      urgent: fc.boolean(),
      ttlMs: fc.constantFrom(5, 50, 500, 86_400_000),
      key,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const), at, behind: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      at,
      limit: fc.integer({ min: 1, max: 4 }),
      key,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 10, 100, 1_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("start" as const), at }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("create" as const), at, token: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("use" as const), at, token: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("archive" as const, "restore" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("destroy" as const), at, purge: fc.boolean() }) },
);

class Scene {
  #ids = 0;
  readonly #driver = new HubDriver(() => `n${++this.#ids}`);
  readonly #model = new HubModel();
  readonly #daemons = new Map<string, string>();
  readonly #keys = new Map<string, string>();
  readonly faults: string[] = [];

  constructor() {
    for (const [index] of PERSONAS.entries()) this.run({ do: "start", at: index });
  }

  run(taken: Step): void {
    this.#model.expire(this.#driver.nowMs);
    switch (taken.do) {
      case "signal":
        this.#signal(taken);
        break;
      case "acknowledge": {
        const name = nameAt(taken.at);
        const through = (this.#model.signals.at(-1)?.position ?? 0) - taken.behind;
        const session = this.#daemons.get(name);
        if (session === undefined) break;
        this.#model.deliver(name, through);
        this.#ask({
          verb: "acknowledge",
          caller: { ...caller, session },
          params: { through: Math.max(0, through) },
        });
        break;
      }
      case "drain": {
        const params = { persona: personaAt(taken.at), project: "shop", limit: taken.limit };
        const named = taken.key === null ? params : { ...params, key: `drain-${taken.key}` };
        const answer = this.#ask({ verb: "drain", caller, params: named }) as VerbAnswers["drain"];
        this.#note(this.#model.drained(nameAt(taken.at), answer, taken));
        break;
      }
      case "advance":
        this.#model.expire(this.#driver.nowMs + taken.ms);
        this.#hear(this.#driver.advance(taken.ms).pushes);
        break;
      case "start":
        this.#start(taken.at);
        break;
      case "restart":
        this.#driver.restart();
        break;
      default:
        this.#persona(taken);
    }
  }

  #persona(taken: Extract<Step, { do: "create" | "use" | "archive" | "restore" | "destroy" }>): void {
    const named = { persona: personaAt(taken.at), project: "shop" };
    const name = nameAt(taken.at);
    switch (taken.do) {
      case "create": {
        const params = { ...named, tokenSha256: tokenOf(taken) };
        const answer = this.#ask({ verb: "persona_create", caller, params }) as VerbAnswers["persona_create"];
        if (answer.isNew === this.#model.duty(name).isPersona) this.#note([`${name} isNew: ${answer.isNew}`]);
        this.#model.created(name, tokenOf(taken));
        if ((answer.state === "archived") !== (this.#model.duty(name).standing === "archived"))
          this.#note([`${name} was created as ${answer.state}`]);
        return;
      }
      case "use":
        this.#use(name, tokenOf(taken));
        return;
      case "archive":
        this.#ask({ verb: "persona_archive", caller, params: named });
        this.#model.archived(name);
        this.#daemons.delete(name);
        return;
      case "restore": {
        const { waiting } = this.#ask({
          verb: "persona_restore",
          caller,
          params: named,
        }) as VerbAnswers["persona_restore"];
        if (waiting !== this.#model.restored(name)) this.#note([`${waiting} have waited for ${name}`]);
        return;
      }
      case "destroy": {
        const { isPersona } = this.#model.duty(name);
        const answer = this.#ask({
          verb: "persona_destroy",
          caller,
          params: { ...named, purge: taken.purge },
        }) as VerbAnswers["persona_destroy"];
        if (answer.existed !== isPersona) this.#note([`${name} existed: ${answer.existed}`]);
        const expired = this.#model.destroyed(name, taken.purge);
        if (answer.expired !== expired) this.#note([`${answer.expired} expired at ${name}, not ${expired}`]);
        this.#daemons.delete(name);
      }
    }
  }

  /** The token reads its own mailbox and nobody else's, as long as it is its persona's. */
  #use(name: string, tokenSha256: string): void {
    const scope = { address: name, tokenSha256 };
    const codes = PERSONAS.map((persona) => {
      const params = { persona, project: "shop" };
      const { outcome } = this.#driver.decide({ verb: "history", caller: { ...caller, scope }, params });
      return "error" in outcome ? outcome.error.code : "ok";
    });
    const holds = this.#model.duty(name).token === tokenSha256;
    if (holds !== (this.#driver.core.bearerOf(tokenSha256) !== undefined))
      this.#note([`the token of ${name} is looked up as if it ${holds ? "had ended" : "lived"}`]);
    const foreign = holds ? "permission_denied" : "unauthorized";
    const due = PERSONAS.map((persona) => (holds && `${persona}@shop` === name ? "ok" : foreign));
    if (codes.join() !== due.join()) this.#note([`the token of ${name} met ${codes}, not ${due}`]);
  }

  #signal(taken: Extract<Step, { do: "signal" }>): void {
    const to = nameAt(taken.to);
    const from = `sender-${taken.from}@shop`;
    const text = `${taken.key}`;
    const urgency = taken.urgent ? "urgent" : "normal";
    const params = { to, from, text, ttlMs: taken.ttlMs, urgency } as const;
    const name = JSON.stringify(params);
    const keyed = taken.key === null ? params : { ...params, key: name };
    const command: Command = { verb: "signal", caller, params: keyed, textBytes: text.length };
    const { outcome, pushes } = this.#driver.decide(command);
    const known = taken.key === null ? undefined : this.#keys.get(name);
    const { standing } = this.#model.duty(to);
    if ("error" in outcome) {
      const { code, target } = outcome.error;
      if (code !== "target_wrapped" || target?.state !== standing || known !== undefined)
        this.#note([`a signal to ${to}, which is ${standing}, was refused: ${code} ${target?.state}`]);
      return;
    }
    const answer = outcome.ok as VerbAnswers["signal"];
    if (standing !== "on" && known === undefined)
      this.#note([`${answer.id} was taken by ${to}, ${standing}`]);
    if (answer.duplicate !== (known !== undefined))
      this.#note([`${answer.id}: duplicate is ${answer.duplicate}`]);
    if (known !== undefined && known !== answer.id) this.#note([`${answer.id} came for ${known}`]);
    if (!answer.duplicate) {
      const position = Number.parseInt(answer.id.slice(5), 36);
      const { id, acceptedAtMs, expiresAtMs } = answer;
      this.#model.accepted({
        id,
        position,
        address: to,
        from,
        urgent: taken.urgent,
        acceptedAtMs,
        expiresAtMs,
        text,
      });
      if (taken.key !== null) this.#keys.set(name, id);
    }
    this.#hear(pushes);
  }

  #start(index: number): void {
    const params = {
      kind: "daemon",
      persona: personaAt(index),
      project: "shop",
      instance: `i${index}`,
      protocol: 1,
      version: "1",
    } as const;
    const { outcome, pushes } = this.#driver.decide({ verb: "start", caller, params, connected: true });
    this.#hear(pushes);
    const duty = this.#model.duty(nameAt(index));
    const code = "error" in outcome ? outcome.error.code : "ok";
    const due = duty.standing === "archived" ? "persona_archived" : "ok";
    if (code !== due) this.#note([`a start for ${nameAt(index)}, which is ${duty.standing}, met ${code}`]);
    if ("error" in outcome) return;
    duty.standing = "on";
    const answer = outcome.ok as VerbAnswers["start"];
    this.#daemons.set(nameAt(index), answer.session);
    this.#note(this.#model.seen(nameAt(index), answer.mailbox));
  }

  #ask(command: Command): unknown {
    const { outcome, pushes } = this.#driver.decide(command);
    if ("error" in outcome) throw new Error(outcome.error.message);
    // A drain's pushes tell of what the drain took: the model hears of it first.
    if (command.verb === "drain") this.#late.push(...pushes);
    else this.#hear(pushes);
    return outcome.ok;
  }

  readonly #late: { session: string; name: string; value: unknown }[] = [];

  #hear(
    pushes: readonly { readonly session: string; readonly name: string; readonly value: unknown }[],
  ): void {
    for (const { session, name: what, value } of pushes) {
      if (what !== "mailbox") continue;
      const name = [...this.#daemons].find(([, id]) => id === session)?.[0];
      if (name !== undefined) this.#note(this.#model.seen(name, value as MailboxView));
    }
  }

  #note(faults: readonly string[]): void {
    this.faults.push(...faults);
  }

  /** Every signal ever accepted is asked for, after every step, and read again. */
  checkAll(): void {
    this.#hear(this.#late.splice(0));
    for (const persona of PERSONAS) {
      const params = { persona, project: "shop", limit: 100 };
      const { signals } = this.#ask({ verb: "history", caller, params }) as VerbAnswers["history"];
      const texts = this.#model.signals.filter(({ address }) => address === `${persona}@shop`);
      const due = texts.map(({ text }) => text).reverse();
      if (signals.map(({ text }) => text).join("|") !== due.join("|"))
        this.#note([`history of ${persona} differs`]);
    }
    for (const { id, state } of this.#model.signals) {
      const answer = this.#ask({ verb: "signal_status", caller, params: { id } }) as SignalStatusAnswer;
      if (answer.state !== state) this.#note([`${id} is ${answer.state}, and should be ${state}`]);
      const times = [answer.acceptedAtMs, answer.deliveredAtMs, answer.drainedAtMs ?? answer.expiredAtMs];
      const known = times.filter((time) => time !== null);
      if (known.some((time, index) => time < (known[index - 1] ?? 0)))
        this.#note([`${id} went back in time`]);
    }
  }
}

function tokenOf({ at, token }: { readonly at: number; readonly token: number }): string {
  return `${at}${token}`.repeat(32);
}

function personaAt(index: number): string {
  return PERSONAS[index] ?? PERSONAS[0];
}

function nameAt(index: number): string {
  return `${personaAt(index)}@shop`;
}

it("keeps its invariants through any sequence of commands and restarts", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const scene = new Scene();
      for (const taken of steps) {
        scene.run(taken);
        scene.checkAll();
        expect(scene.faults).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});
