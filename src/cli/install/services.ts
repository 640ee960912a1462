/**
 * What of Prism runs on this host, and who keeps it running: the services of this home, and what somebody started by
 * hand. For `upgrade`, which starts all of it anew, and `uninstall`, which ends it.
 */
import { type Address, formatAddress } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { applyPlan } from "../../launchers/apply.ts";
import type { Owner } from "../../launchers/spec.ts";
import { askHub } from "../ask-hub.ts";
import { askLocalDaemons } from "../local-daemons.ts";
import type { Runtime } from "../runtime.ts";
import { askToEnd } from "../service/ask-to-end.ts";
import { type ServicesHere, servicesHere, shownOwner } from "../service/here.ts";

export interface Service {
  readonly name: string;
  readonly owner: Owner;
  /** `reviewer@shop`, or `the hub`. */
  readonly shown: string;
}

export interface Services {
  /** The hub first, for which the daemons wait. */
  readonly list: readonly Service[];
  /** Why none can be known: no service manager answers. Null: it does. */
  readonly silence: string | null;
  isRunning(service: Service): Promise<boolean>;
  restart(service: Service): Promise<void>;
  /** Stopped, and started no more: nothing of it is left. */
  remove(service: Service): Promise<void>;
}

/** @returns none on a host whose service manager does not answer: what is not kept there can't be left there */
export async function openServices(runtime: Runtime): Promise<Services> {
  let here: ServicesHere;
  try {
    here = await servicesHere(runtime);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "unsupported") throw error;
    return {
      list: [],
      silence: error.message,
      isRunning: async () => false,
      async restart() {},
      async remove() {},
    };
  }
  const { launcher, run } = here;
  const ended = async ({ owner }: Service, reason: string): Promise<void> => {
    // The others send SIGTERM first, which is an end in order.
    if (launcher.system !== "task-scheduler" || owner.kind === "hub") return;
    await askToEnd(owner, reason, runtime);
  };
  const hubFirst = (service: Service): number => (service.owner.kind === "hub" ? 0 : 1);
  return {
    silence: null,
    list: here.own
      .map(({ name, owner }) => ({ name, owner, shown: shownOwner(owner) }))
      .toSorted((a, b) => hubFirst(a) - hubFirst(b)),
    async isRunning({ name }) {
      const { state } = await launcher.status(name);
      return state === "running" || state === "starting" || state === "waiting";
    },
    async restart(service) {
      await ended(service, "it is started anew");
      await applyPlan([...launcher.stop(service.name), ...launcher.start(service.name)], { run });
    },
    async remove(service) {
      await ended(service, "Prism is uninstalled");
      await applyPlan(launcher.remove(service.name), { run });
    },
  };
}

/** One life of a program: another one has another pid, or another time of its start. */
export interface Life {
  readonly life: string;
  readonly version: string;
  /** A daemon's is connected to its hub; a hub's answers. */
  readonly isUp: boolean;
  readonly pid: number | null;
}

/** @returns undefined if it does not answer in time (invariant 11) */
export async function lifeOf(owner: Owner, runtime: Runtime): Promise<Life | undefined> {
  return owner.kind === "hub" ? hubLife(runtime) : (await daemonLives(runtime, owner)).at(0)?.life;
}

const HUB_ANSWER_MS_MAX = 3000;

async function hubLife(runtime: Runtime): Promise<Life | undefined> {
  try {
    const none = { hub: undefined, tokenFile: undefined, tlsCa: undefined };
    const question = { verb: "status", params: {}, timeoutMs: HUB_ANSWER_MS_MAX } as const;
    const { hub } = await askHub(none, runtime, question);
    return { life: String(hub.startedAtMs), version: hub.version, isUp: true, pid: null };
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}

/** The daemons of this home that answer, by their own word. */
export async function daemonLives(
  runtime: Runtime,
  only?: { readonly tenant: string } & Address,
): Promise<
  readonly {
    readonly tenant: string;
    readonly address: Address;
    readonly shown: string;
    readonly life: Life;
  }[]
> {
  const daemons = await askLocalDaemons(
    runtime,
    "upgrade",
    ({ tenant, address }) =>
      only === undefined ||
      (tenant === only.tenant && address.persona === only.persona && address.project === only.project),
  );
  return daemons.flatMap((daemon) => {
    if (daemon.kind !== "answered") return [];
    const { pid, startedAtMs, version, lifecycle } = daemon.status;
    const isUp = lifecycle.state === "connected" || lifecycle.state === "emitting";
    const life = { life: `${pid}/${startedAtMs}`, version, isUp, pid };
    return [{ tenant: daemon.tenant, address: daemon.address, shown: formatAddress(daemon.address), life }];
  });
}
