/**
 * The steps that take a persona away: off duty, its daemon ended, its service gone, its token worth nothing, its
 * surface's files as they were, and with a purge its data. Only forward: each is nothing where it is done already, so
 * the same command again goes on where one was cut short.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import { fileNameOf } from "../../host/home.ts";
import { generationsOf, logFileOf } from "../../host/log-file.ts";
import { applyPlan } from "../../launchers/apply.ts";
import { surfacesOf } from "../surface/take-out.ts";
import { hasService } from "./checks.ts";
import type { Look, Step, Told } from "./steps.ts";
import { forgetTokens, hasTokens } from "./token.ts";
import { isKept, type KeptWorld, type PersonaWorld, personaAtHub } from "./world.ts";

export interface Unmaking {
  readonly purge: boolean;
  /** The hub is left out: it does not answer, and whoever runs this said that it may be so. */
  readonly offline: boolean;
}

export function stepsOfUnmaking(how: Unmaking, world: PersonaWorld): readonly Step[] {
  const atHub = how.offline ? [] : [identityGone(how, world)];
  return [
    ...(how.offline ? [] : [offDuty(world)]),
    daemonEnded(world, "it is destroyed"),
    ...(isKept(world) ? [serviceGone(world)] : []),
    ...atHub,
    surfaceGone(world),
    tokenGone(world),
    ...(how.purge ? [dataGone(world)] : []),
  ];
}

/** Senders are told from now on, and its sessions end: its daemon by itself, in order. */
function offDuty(world: PersonaWorld): Step {
  const { who, hub } = world;
  return {
    name: "duty",
    does: `take ${who.shown} off duty`,
    async look(): Promise<Look> {
      const { daemons, agents } = await hub.ask("status", who.address);
      const here = [...daemons, ...agents].filter(({ address }) => address === who.shown);
      if (here.every(({ liveness }) => liveness === "wrapped")) {
        return { kind: "held", says: "nobody is on duty for it" };
      }
      return {
        kind: "work",
        async take() {
          const { wrapped } = await hub.ask("wrap", who.address);
          const count = wrapped.length;
          return { says: count === 1 ? "wrapped its session" : `wrapped its ${count} sessions` };
        },
      };
    },
  };
}

export function daemonEnded(world: PersonaWorld, why: string): Step {
  const { who, daemon, services } = world;
  return {
    name: "daemon",
    does: `end the daemon of ${who.shown}`,
    async look(): Promise<Look> {
      if (!(await daemon.runs())) return { kind: "held", says: "none runs" };
      return {
        kind: "work",
        async take() {
          if (await daemon.ended(why)) return { says: "ended in order" };
          // Whoever keeps it alive has the means, and the next step uses them.
          if (!(services instanceof PrismError) && hasService(world)) {
            return { says: `does not end by itself: ${services.launcher.system} ends it` };
          }
          const pid = daemon.holder()?.pid;
          throw new PrismError("interrupted", "it was asked to end, and has not after 5 s", {
            hint: pid === undefined ? "end it yourself" : `end it yourself: kill -9 ${pid}`,
          });
        },
      };
    },
  };
}

function serviceGone({ who, owner, services }: KeptWorld): Step {
  const { launcher, run } = services;
  return {
    name: "service",
    does: `take ${who.shown} out of ${launcher.system}'s keeping`,
    async look(): Promise<Look> {
      const name = services.nameOf(owner);
      const { state } = await launcher.status(name);
      const stands = services.standing(name) !== null;
      if (!stands && state === "absent") return { kind: "held", says: "none is kept" };
      return {
        kind: "work",
        async take(): Promise<Told> {
          await applyPlan(launcher.remove(name), { run });
          return { says: `${name} stopped, disabled, removed` };
        },
      };
    },
  };
}

function identityGone({ purge }: Unmaking, world: PersonaWorld): Step {
  const { who, hub } = world;
  return {
    name: "identity",
    does: `take ${who.shown} from the hub`,
    async look(): Promise<Look> {
      // With a purge it is asked in any case: texts may be kept of one whose identity is gone.
      if (!purge && (await personaAtHub(world)) === undefined) {
        return { kind: "held", says: "the hub knows none" };
      }
      return {
        kind: "work",
        async take() {
          const { existed, expired } = await hub.ask("persona_destroy", {
            ...who.address,
            ...(purge ? { purge } : {}),
          });
          const texts = purge ? ", its texts forgotten" : "";
          const open = expired === 0 ? "" : `, ${expired} open expired`;
          return { says: `${existed ? "its token is worth nothing" : "the hub knew none"}${texts}${open}` };
        },
      };
    },
  };
}

function surfaceGone({ who, runtime }: PersonaWorld): Step {
  return {
    name: "surface",
    does: `take ${who.shown} out of its agent's program`,
    async look(): Promise<Look> {
      const here = surfacesOf(who, runtime);
      if (here.length === 0) return { kind: "held", says: "none is set up" };
      return {
        kind: "work",
        async take() {
          for (const each of here) await each.take();
          const byHand = here.flatMap((each) => each.byHand ?? []);
          return { says: `taken out of ${here.map(({ title }) => title).join(", ")}`, notes: byHand };
        },
      };
    },
  };
}

function tokenGone({ who }: PersonaWorld): Step {
  return {
    name: "token",
    does: `remove the token of ${who.shown}`,
    async look(): Promise<Look> {
      if (!hasTokens(who.stateDir)) return { kind: "held", says: "there is none" };
      return {
        kind: "work",
        async take() {
          forgetTokens(who.stateDir);
          return { says: "removed" };
        },
      };
    },
  };
}

/** All but the record, which goes last of all, so that the same command finds what it was at. */
function dataGone(world: PersonaWorld): Step {
  const { who } = world;
  return {
    name: "data",
    does: `remove the data of ${who.shown}`,
    async look(): Promise<Look> {
      const paths = dataOf(world);
      if (paths.length === 0) return { kind: "held", says: "there are none" };
      return {
        kind: "work",
        async take() {
          for (const path of paths) removed(path);
          return { says: `removed what its daemon kept in ${printable(who.stateDir, 200)}, and its logs` };
        },
      };
    },
  };
}

function dataOf({ who, runtime, services, owner }: PersonaWorld): readonly string[] {
  const { home } = runtime;
  const service = services instanceof PrismError ? [] : [`${services.nameOf(owner)}.log`];
  const attach = `attach-${fileNameOf(who.tenant)}-${fileNameOf(who.shown)}.log`;
  const logs = [
    ...generationsOf(logFileOf(home, "daemon", { tenant: who.tenant, ...who.address })),
    ...[attach, `${attach}.1`, ...service].map((name) => join(home.logDir, name)),
  ];
  const kept = existsSync(who.stateDir) ? readdirSync(who.stateDir) : [];
  const state = kept.filter((name) => name !== "persona.json").map((name) => join(who.stateDir, name));
  return [...state, ...logs].filter((path) => existsSync(path));
}

function removed(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw fsErrorOf("remove", path, error);
  }
}
