/**
 * What was learnt about the ways to ring a client: which one brought a receipt for which version of it. Pure but
 * for the memory it is handed; what it finds there may be old or foreign, and is then ignored.
 */
import type { SurfaceMemory } from "./agent-side.ts";
import type { PathReport } from "./surface.ts";

/** Parts one memory among several that know nothing of each other, each under a name of its own. */
export function partedMemory(memory: SurfaceMemory): (name: string) => SurfaceMemory {
  let whole: { readonly [name: string]: unknown } = Object.fromEntries(members(memory.load()));
  return (name) => ({
    load: () => whole[name] ?? null,
    save(value) {
      whole = { ...whole, [name]: value };
      memory.save(whole);
    },
  });
}

interface Learnt {
  /** Rings in a row without a receipt; 0 after one with. */
  readonly failures: number;
  readonly lastTakenAtMs: number | null;
}

/** Versions that are remembered: an agent is updated weekly, and two may run side by side. */
const VERSIONS_MAX = 8;
/** From then on a way is tried last; as the last it still is, so that it can come back. */
const FAILURES_MAX = 2;

export interface Fondness {
  /** The paths with those that work first; as they came where nothing is known. */
  order<P extends { readonly name: string }>(version: string, paths: readonly P[]): readonly P[];
  worked(version: string, path: string): void;
  failed(version: string, path: string, reason: string): void;
  /** It could not be used: nothing is learnt, but `report` says why. */
  unready(path: string, reason: string): void;
  report(paths: readonly string[]): readonly PathReport[];
}

/** @param nowMs epoch milliseconds */
export function openFondness(memory: SurfaceMemory, nowMs: () => number): Fondness {
  const versions = new Map(read(memory.load()));
  const told = new Map<string, { readonly state: PathReport["state"]; readonly reason: string | null }>();
  let latest = [...versions.keys()].at(-1) ?? "";

  const learntOf = (version: string, path: string): Learnt =>
    versions.get(version)?.get(path) ?? { failures: 0, lastTakenAtMs: null };

  function learn(version: string, path: string, learnt: Learnt): void {
    const paths = versions.get(version) ?? new Map<string, Learnt>();
    paths.set(path, learnt);
    versions.delete(version);
    versions.set(version, paths);
    for (const old of [...versions.keys()].slice(0, -VERSIONS_MAX)) versions.delete(old);
    latest = version;
    memory.save(Object.fromEntries([...versions].map(([name, known]) => [name, Object.fromEntries(known)])));
  }

  return {
    order(version, paths) {
      const rank = (path: string) => {
        const { failures, lastTakenAtMs } = learntOf(version, path);
        if (failures >= FAILURES_MAX) return 2;
        return lastTakenAtMs === null ? 1 : 0;
      };
      // The better way first among equals: one that works keeps the next from being tried at all.
      return [...paths].sort((a, b) => Math.max(rank(a.name), 1) - Math.max(rank(b.name), 1));
    },
    worked(version, path) {
      told.set(path, { state: "works", reason: null });
      learn(version, path, { failures: 0, lastTakenAtMs: Math.round(nowMs()) });
    },
    failed(version, path, reason) {
      const { failures, lastTakenAtMs } = learntOf(version, path);
      told.set(path, { state: "fails", reason });
      learn(version, path, { failures: failures + 1, lastTakenAtMs });
    },
    unready(path, reason) {
      told.set(path, { state: "unready", reason });
    },
    report: (paths) =>
      paths.map((name) => {
        const { failures, lastTakenAtMs } = learntOf(latest, name);
        const known = failures > 0 ? "fails" : lastTakenAtMs === null ? "untried" : "works";
        const { state, reason } = told.get(name) ?? { state: known, reason: null };
        return { name, state, reason, lastTakenAtMs };
      }),
  };
}

function read(value: unknown): [string, Map<string, Learnt>][] {
  return members(value)
    .slice(-VERSIONS_MAX)
    .map(([version, paths]) => [
      version,
      new Map(
        members(paths).flatMap(([name, learnt]): [string, Learnt][] => {
          const { failures, lastTakenAtMs } = Object.fromEntries(members(learnt));
          const isWhole = Number.isSafeInteger(failures) && (failures as number) >= 0;
          if (!isWhole || !(lastTakenAtMs === null || Number.isSafeInteger(lastTakenAtMs))) return [];
          return [[name, { failures: failures as number, lastTakenAtMs: lastTakenAtMs as number | null }]];
        }),
      ),
    ]);
}

function members(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
