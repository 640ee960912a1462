/**
 * What creating and destroying a persona need of the world outside: the hub, the service manager of this host, and
 * the persona's daemon. Handed to the steps, so that a test can stand in for each.
 */
import { join } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import type { PersonaReport, StatusAnswer, VerbAnswers, VerbName, VerbParams } from "../../domain/verbs.ts";
import { ipcPathOf } from "../../host/home.ts";
import { type LockHolder, lockHolderOf } from "../../host/lock.ts";
import { pause } from "../../host/pause.ts";
import type { Owner } from "../../launchers/spec.ts";
import { callHub } from "../../net/hub-client.ts";
import { callIpc } from "../../net/ipc-client.ts";
import { socketAnswers } from "../../net/ipc-probe.ts";
import { askHub } from "../ask-hub.ts";
import { type HubFlags, hubTarget, localHubUrl } from "../hub-target.ts";
import type { Runtime } from "../runtime.ts";
import { awaitConnected, type Patience, type Standing } from "../service/await-connected.ts";
import { type ServicesHere, servicesHere } from "../service/here.ts";
import type { Whose } from "../surface/whose.ts";

export type DaemonOwner = Owner & { readonly kind: "daemon" };

export interface HubSide {
  readonly url: string;
  /** @throws PrismError */
  ask<V extends VerbName>(verb: V, params: VerbParams<V>): Promise<VerbAnswers[V]>;
  /** True if the hub takes this token for a persona's own. @throws PrismError if it can't be asked */
  accepts(token: string, who: Whose): Promise<boolean>;
}

export interface DaemonSide {
  /** Somebody has its socket, well or not. */
  runs(): Promise<boolean>;
  /** Who that is, as far as it left a note; null if nobody is known. */
  holder(): LockHolder | null;
  /** Waits until it says of itself that it is connected. */
  connected(patience: Patience): Promise<Standing>;
  /** Asks it to end in order, and gives it at most 5 s. @returns false if it is still there */
  ended(reason: string): Promise<boolean>;
}

export interface PersonaWorld {
  readonly who: Whose;
  readonly owner: DaemonOwner;
  readonly runtime: Runtime;
  readonly hub: HubSide;
  /** The service manager of this host, or why none answers: in a container, in a shell that no login opened. */
  readonly services: ServicesSide | PrismError;
  readonly daemon: DaemonSide;
}

export type ServicesSide = Pick<ServicesHere, "launcher" | "run" | "own" | "nameOf" | "standing">;
/** One whose service manager answers. */
export type KeptWorld = PersonaWorld & { readonly services: ServicesSide };

export function isKept(world: PersonaWorld): world is KeptWorld {
  return !(world.services instanceof PrismError);
}

export function ownerOf({ address, tenant }: Whose, runtime: Runtime): DaemonOwner {
  return { kind: "daemon", home: runtime.home.root, tenant, ...address };
}

/** Without a service manager too: whether that is needed depends on the persona. */
export async function openWorld(who: Whose, flags: HubFlags, runtime: Runtime): Promise<PersonaWorld> {
  const owner = ownerOf(who, runtime);
  return {
    who,
    owner,
    runtime,
    hub: openHubSide(flags, runtime),
    services: await servicesIfAny(runtime),
    daemon: openDaemonSide(owner, who, runtime),
  };
}

/** @returns why not, on a host whose service manager does not answer */
export async function servicesIfAny(runtime: Runtime): Promise<ServicesHere | PrismError> {
  try {
    return await servicesHere(runtime);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "unsupported") throw error;
    return error;
  }
}

export function openHubSide(flags: HubFlags, runtime: Runtime): HubSide {
  return {
    url: flags.hub ?? localHubUrl(runtime),
    ask: (verb, params) => askHub(flags, runtime, { verb, params }),
    async accepts(token, { address }) {
      try {
        // Reading changes nothing, and a token of another persona may not do it.
        await callHub({ ...hubTarget(flags, runtime), token }, "history", { ...address, limit: 1 });
        return true;
      } catch (error) {
        if (!(error instanceof PrismError)) throw error;
        if (error.code === "unauthorized" || error.code === "permission_denied") return false;
        if (error.code === "target_unknown") return true;
        throw error;
      }
    },
  };
}

/** To end in order: asked, it answers at once and then closes surface, hub and socket. */
const END_MS_MAX = 5000;
const LOOK_EVERY_MS = 50;
/** From the end of its socket to the end of its lock. */
const LOCK_MS_MAX = 1000;

function openDaemonSide(owner: DaemonOwner, who: Whose, runtime: Runtime): DaemonSide {
  const { home, version, stopped } = runtime;
  const path = ipcPathOf(home, who.tenant, who.address);
  const runs = () => socketAnswers(path);
  const holder = () => lockHolderOf(join(who.stateDir, "lock"));
  return {
    runs,
    holder,
    connected: (patience) => awaitConnected(owner, runtime, patience),
    async ended(reason) {
      const beganMs = performance.now();
      const caller = { version, role: "cli", address: who.address, openTimeoutMs: END_MS_MAX };
      try {
        await callIpc(path, caller, "shutdown", { reason }, END_MS_MAX);
      } catch (error) {
        // Nobody is there, or hears nothing: its socket says which.
        if (!(error instanceof PrismError)) throw error;
      }
      for (;;) {
        const waitedMs = performance.now() - beganMs;
        const isDeaf = !(await runs());
        // Its lock goes last. The note of one that was killed may name somebody else's process by now.
        if (isDeaf && (holder() === null || waitedMs >= LOCK_MS_MAX)) return true;
        if (waitedMs >= END_MS_MAX) return isDeaf;
        await pause(LOOK_EVERY_MS, stopped);
      }
    },
  };
}

/** What the hub knows of this persona, by name and by who stands watch for it. */
export interface AtHub {
  readonly persona: PersonaReport | undefined;
  readonly status: StatusAnswer;
}

export async function lookAtHub({ hub, who }: Pick<PersonaWorld, "hub" | "who">): Promise<AtHub> {
  const status = await hub.ask("status", { ...who.address });
  return { persona: await personaAtHub({ hub, who }), status };
}

export async function personaAtHub({
  hub,
  who,
}: Pick<PersonaWorld, "hub" | "who">): Promise<PersonaReport | undefined> {
  // By name: a hub has more of them than one answer holds.
  const { personas } = await hub.ask("persona_list", { ...who.address });
  return personas.find(({ address }) => address === who.shown);
}
