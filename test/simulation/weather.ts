/**
 * The bad times: what strikes, whom and when. Each class of fault has a stream of its own and its own rhythm;
 * none of them knows what the system is doing, but for one: half of the hub's deaths are set off by a write,
 * because that is where the interesting moments lie.
 */
import type { Host } from "./host.ts";
import type { Network } from "./network.ts";
import type { Persona } from "./persona.ts";
import type { Fault, Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** The hub and its host, as the weather treats them. */
export interface Hub {
  readonly host: Host;
  /** Its launcher starts it again that much later. */
  kill(restartMs: number): void;
  stop(restartMs: number): void;
  /** Starts it, unless it runs. */
  start(): void;
  /** Calls `run` at the next commit. */
  onNextCommit(run: () => void): void;
  readonly disk: { failing: boolean };
}

export interface Scene {
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly network: Network;
  readonly hub: Hub;
  readonly hosts: readonly Host[];
  readonly personas: readonly Persona[];
  /** Until when faults may begin. */
  readonly stormy: () => boolean;
  /** A storm of days has as many faults as one of minutes. */
  readonly slowdown: () => number;
  /** The storm lasts that much longer: something long was begun. */
  readonly prolong: (byMs: number) => void;
  readonly say: (address: string, text: string) => void;
  /** Ends an address in order, by an operator. */
  readonly wrap: (persona: Persona) => void;
  /** Takes a persona off duty, and puts it back with its daemon. */
  readonly archive: (persona: Persona) => void;
  readonly restore: (persona: Persona) => void;
  /** Makes, replaces, destroys or uses the token of a persona of its own. */
  readonly handleToken: () => void;
}

const SECOND = 1000;
const HOUR = 3_600_000;

/** Sets every class that the plan has in motion. */
export function brew(scene: Scene): void {
  for (const fault of Object.keys(STRIKES) as (keyof typeof STRIKES)[]) {
    if (scene.plan.faults.has(fault)) repeat(scene, fault, STRIKES[fault]);
  }
}

type Strike = (scene: Scene, random: Random) => void;

function repeat(scene: Scene, fault: Fault, strike: Strike): void {
  const random = scene.random.fork(`weather ${fault}`);
  const next = (): void => {
    scene.timeline.after(random.gapMs(scene.plan.faultGapMs * scene.slowdown()), () => {
      if (!scene.stormy()) return;
      strike(scene, random);
      next();
    });
  };
  next();
}

const STRIKES = {
  resets({ network, say }, random) {
    const connections = [...network.connections].filter((connection) => connection.server !== null);
    if (connections.length === 0) return;
    const connection = random.pick(connections);
    say("", `the connection of ${connection.client.process.name} is reset`);
    network.reset(connection);
  },

  silence(scene, random) {
    const host = random.pick(scene.hosts);
    const link = scene.network.link(host.name);
    const way = random.pick(["both", "up", "down"] as const);
    const lastsMs = random.magnitude(500, 600 * SECOND);
    scene.say("", `silence on the way of ${host.name} to the hub (${way}), for ${lastsMs} ms`);
    if (way !== "down") link.upSilent = true;
    if (way !== "up") link.downSilent = true;
    scene.network.recheck();
    scene.timeline.after(lastsMs, () => {
      link.upSilent = false;
      link.downSilent = false;
      scene.say("", `${host.name} is heard again`);
      scene.network.recheck();
    });
  },

  hubKills({ hub, timeline }, random) {
    const kill = (): void => hub.kill(random.magnitude(1, 30 * SECOND));
    if (random.chance(0.5)) kill();
    else hub.onNextCommit(() => timeline.after(random.whole(0, 6), kill));
  },

  hubStops({ hub }, random) {
    hub.stop(random.magnitude(100, 30 * SECOND));
  },

  hubDisk({ hub, timeline, say }, random) {
    const lastsMs = random.magnitude(50, 20 * SECOND);
    say("", `the hub's disk fails for ${lastsMs} ms`);
    hub.disk.failing = true;
    timeline.after(lastsMs, () => {
      hub.disk.failing = false;
    });
  },

  powerCuts(scene, random) {
    const host = random.pick([scene.hub.host, ...scene.hosts]);
    if (!host.powered) return;
    scene.say("", `power cut at ${host.name}`);
    host.powered = false;
    if (host === scene.hub.host) scene.hub.kill(0);
    const lost = scene.personas.filter((persona) => persona.host === host);
    for (const persona of lost) persona.powerCut();
    scene.network.recheck();
    scene.timeline.after(random.magnitude(SECOND, 120 * SECOND), () => boot(scene, host));
  },

  daemonKills({ personas, plan }, random) {
    random.pick(personas).killDaemon(plan.faults.has("tornSlots") && random.chance(0.5));
  },

  daemonStops({ personas }, random) {
    random.pick(personas).stopDaemon();
  },

  suspends(scene, random) {
    const host = random.pick([...scene.hosts, scene.hub.host]);
    if (host.suspended) return;
    // Days only for few personas, and not for the hub alone, at which all others would knock all the while:
    // that is true to life, and takes minutes to simulate.
    const alone = host === scene.hub.host && scene.hosts.some((other) => other !== host);
    const long = scene.personas.length <= 6 && !alone;
    const lastsMs = random.magnitude(SECOND, long ? 72 * HOUR : HOUR / 6);
    scene.say("", `${host.name} is suspended for ${lastsMs} ms`);
    host.suspend();
    scene.network.recheck();
    scene.prolong(lastsMs);
    scene.timeline.after(lastsMs, () => {
      scene.say("", `${host.name} wakes`);
      host.resume();
      scene.network.recheck();
    });
  },

  clockJumps({ hosts, hub, say }, random) {
    const host = random.pick([...hosts, hub.host]);
    const byMs = random.magnitude(100, 72 * HOUR) * (random.chance(0.5) ? 1 : -1);
    say("", `the wall clock of ${host.name} jumps by ${byMs} ms`);
    host.jumpWall(byMs);
  },

  slowSurfaces({ personas, timeline, say }, random) {
    const persona = random.pick(personas);
    persona.surface.mood = random.pick(["slow", "hanging"] as const);
    say(persona.address, `the surface is ${persona.surface.mood}`);
    timeline.after(random.magnitude(SECOND, 300 * SECOND), () => {
      persona.surface.mood = "prompt";
    });
  },

  deadSurfaces({ personas, timeline, say }, random) {
    const persona = random.pick(personas);
    persona.surface.mood = "failing";
    say(persona.address, "the surface fails");
    timeline.after(random.magnitude(SECOND, 300 * SECOND), () => {
      persona.surface.mood = "prompt";
    });
  },

  agentKills({ personas, timeline }, random) {
    const { agent } = random.pick(personas);
    if (!agent.process.alive) return;
    agent.die();
    timeline.after(random.magnitude(100, 60 * SECOND), () => agent.returns());
  },

  idleDrains({ personas }, random) {
    const { agent } = random.pick(personas);
    if (agent.process.alive) agent.process.deliver(() => agent.wake());
  },

  wraps(scene, random) {
    const persona = random.pick(scene.personas);
    scene.wrap(persona);
    if (!random.chance(0.6)) return;
    scene.timeline.after(random.magnitude(SECOND, 60 * SECOND), () => {
      if (!persona.wanted) scene.say(persona.address, "is put back on duty");
      persona.wanted = true;
      persona.launch(0);
    });
  },

  archives(scene, random) {
    const persona = random.pick(scene.personas);
    scene.archive(persona);
    if (!random.chance(0.8)) return;
    scene.timeline.after(random.magnitude(SECOND, 60 * SECOND), () => scene.restore(persona));
  },

  tokens({ handleToken }) {
    handleToken();
  },

  asks({ personas }, random) {
    const persona = random.pick(personas);
    persona.host.whenAwake(() => persona.daemon?.askRing());
  },

  rivals({ personas, hosts, timeline }, random) {
    const persona = random.pick(personas);
    persona.startRival(random.pick(hosts));
    timeline.after(random.magnitude(SECOND, 120 * SECOND), () => persona.endRival());
  },
} as const satisfies Partial<Record<Fault, Strike>>;

/** A host comes up again, and its launchers start what belongs on it. */
function boot(scene: Scene, host: Host): void {
  if (host.powered) return;
  host.powered = true;
  scene.say("", `${host.name} boots`);
  scene.network.recheck();
  if (host === scene.hub.host) scene.hub.start();
  for (const persona of scene.personas) {
    if (persona.host !== host) continue;
    persona.launch(0);
    persona.agent.returns();
  }
}

/** The bad times are over: everything that was broken is whole, and everybody is at home. */
export function clear(scene: Scene): void {
  const { network, hub, hosts, personas } = scene;
  scene.say("", "the storm is over: faults cease");
  network.faulty = false;
  hub.disk.failing = false;
  for (const host of [hub.host, ...hosts]) {
    if (!host.powered) boot(scene, host);
    host.resume();
    const link = network.link(host.name);
    link.upSilent = false;
    link.downSilent = false;
  }
  network.recheck();
  hub.start();
  for (const persona of personas) {
    persona.surface.mood = "prompt";
    persona.endRival();
    persona.agent.returns();
    if (persona.daemon === null) persona.launch(0);
  }
}
