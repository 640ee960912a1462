/**
 * What a seed decides before anything happens: how large the world is, which classes of fault it knows and
 * how often they strike. Each seed gets its own mix (swarm testing): a world with every fault at once hides
 * the bugs that need one fault to be absent.
 */
import { Random } from "./random.ts";

/** Every class of fault, with what it does. Shrinking turns them off one by one. */
export const FAULTS = {
  delays: "links with latency and jitter",
  stalls: "single messages held up for up to 10 s, with all that follow them",
  resets: "connections cut at any point, at both ends or soon after they began",
  silence: "partitions and half-closes: a direction delivers nothing, and nobody is told",
  hubKills: "kill -9 of the hub between any two events, and its restart",
  hubStops: "orderly ends of the hub, and its restart",
  hubDisk: "commits that fail: a full or broken disk",
  powerCuts: "power cuts of any host, the hub's too: nobody is told, state files are torn",
  daemonKills: "kill -9 of daemons between any two events",
  daemonStops: "orderly ends and restarts of daemons",
  tornSlots: "the daemon's state file torn at any byte by a kill",
  suspends: "hosts suspended for seconds to days",
  clockJumps: "wall clocks set forwards and backwards",
  slowSurfaces: "surfaces that take seconds to ring, or never answer",
  deadSurfaces: "surfaces that fail for a while",
  lazyAgents: "agents that ignore rings, or drain less than everything",
  idleDrains: "agents that drain without having been rung",
  lostAnswers: "agents that lose a drain's answer and ask again with the same key",
  twinDrains: "two drains of one address at once",
  agentKills: "agents that die and come back as a new session",
  retries: "senders that ask again though they were answered",
  shortLives: "signals with a time to live of seconds",
  shortRetention: "drained signals forgotten after two minutes",
  shortLeases: "addresses whose lease is seconds, so that they go stale",
  strays: "signals to unknown addresses and to single sessions",
  wraps: "addresses that are ended in order, some of which come back",
  archives: "personas that are archived, and mostly restored after a while",
  tokens: "a persona's token made, replaced and destroyed while it is in use",
  asks: "rings asked for over IPC, whatever the schedule says",
  rivals: "a second daemon for an address that has one",
  thanks: "agents that answer whatever they read, final or not",
  observers: "status, signal_status and history asked all the time",
} as const;

export type Fault = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as Fault[];

export interface PlanLimits {
  /** At most so many personas, whatever the seed says. */
  readonly personas?: number;
  /** At most so many signals. */
  readonly signals?: number;
  /** Faults cease at this millisecond at the latest. */
  readonly stormMs?: number;
  readonly without?: readonly Fault[];
}

export interface Plan {
  readonly seed: number;
  readonly personas: number;
  readonly hosts: number;
  /** True: the hub shares the first host, as on one laptop. */
  readonly hubIsLocal: boolean;
  /** How long faults and new signals come. After it, everything owed must be settled. */
  readonly stormMs: number;
  readonly signals: number;
  readonly faults: ReadonlySet<Fault>;
  /** Mean gap of the world's faults of each class, milliseconds. */
  readonly faultGapMs: number;
}

export function planOf(seed: number, limits: PlanLimits = {}): Plan {
  const random = new Random(seed).fork("plan");
  const wanted = sizeOf(random.fork("size"));
  const share = random.whole(20, 80) / 100;
  const faults = new Set(FAULT_NAMES.filter((name) => random.fork(name).chance(share)));
  for (const name of limits.without ?? []) faults.delete(name);
  const stormMs = random.magnitude(20_000, 600_000);
  const signals = random.magnitude(10, 80) + wanted;
  return {
    seed,
    personas: Math.min(wanted, limits.personas ?? wanted),
    hosts: random.whole(1, 4),
    hubIsLocal: random.chance(0.5),
    stormMs: Math.min(stormMs, limits.stormMs ?? stormMs),
    signals: Math.min(signals, limits.signals ?? signals),
    faults,
    faultGapMs: stormMs / random.whole(2, 8),
  };
}

/** Mostly a few, because small worlds reach odd states soonest; now and then the full fifty. */
function sizeOf(random: Random): number {
  if (random.chance(0.03)) return 50;
  return random.magnitude(1, 16);
}
