/**
 * The rules of the house for a tree of sources: ranks, neighbours, cycles, what the core may not touch, what a
 * daemon may not load, names. Works on texts, so that the rules can be tried on made-up trees.
 */
import { posix } from "node:path";
import { readSource, type SourceFacts } from "./source-facts.ts";

/** First match wins, so a single file stands before the folder that holds it. */
const RANKS: readonly (readonly [place: string, rank: number])[] = [
  ["src/domain/", 0],
  ["src/fsm.ts", 0],
  ["src/fsm/", 0],
  ["src/wsproto.ts", 0],
  ["src/wsproto/", 0],
  ["src/ipc.ts", 0],
  ["src/ipc/", 0],
  ["src/metrics.ts", 0],
  ["src/metrics/", 0],
  ["src/surfaces/surface.ts", 0],
  ["src/surfaces/agent-side.ts", 0],
  ["src/surfaces/resume-guard.ts", 0],
  ["src/hub/core/", 0],
  ["src/hub/service.ts", 0],
  ["src/hub/store/store.ts", 0],
  ["src/dashboard/api.ts", 0],
  ["src/host/", 1],
  ["src/net/", 1],
  ["src/clients/", 1],
  ["src/hub/store/", 1],
  ["src/attach/", 1],
  ["src/launchers/", 1],
  ["src/surfaces/", 1],
  ["src/daemon/", 2],
  ["src/hub/", 2],
  ["src/shim/", 2],
  ["src/overview/", 2],
  ["src/dashboard/", 2],
  ["src/cli/", 2],
  ["src/main.ts", 3],
];

/** Rank 1 folders that others of rank 1 may use: files, locks, sockets and tmux panes are below every adapter. */
const SHARED_ADAPTERS = ["src/host", "src/net", "src/surfaces/pane"];

/**
 * What runs in a browser: it may know the words of the core and of its server, and a few packages. It is built by
 * itself, and no program may take any of it in.
 */
const PAGE = "src/dashboard/page/";
const PAGE_PACKAGES = ["preact", "@preact/signals", "uplot"];

/** Names that other programs and people rely on. */
export const FIXED_NAMES = [
  "package.json",
  "scripts/build-binaries.ts",
  "src/main.ts",
  "src/fsm.ts",
  "src/wsproto.ts",
  "src/ipc.ts",
  "src/metrics.ts",
  "src/surfaces/surface.ts",
  "src/surfaces/registry.ts",
];

/** Only the root may: everybody else is handed what it needs. */
const ROOT_ONLY = ["process.argv", "process.env", "process.exit", "process.exitCode"];

/**
 * Built-ins that a daemon at rest must not hold: each costs 1 to 5 MB in every one of 50 processes. They are
 * loaded when a connection needs them. Packages count too: none is small.
 */
const HEAVY =
  /^(node:(crypto|zlib|tls|https?|http2|dns|readline|worker_threads|inspector|test|v8|perf_hooks|child_process|cluster)(\/.*)?|[^.n].*|n(?!ode:).*)$/;

/** Where a daemon starts; what these reach without `await import()` is in every daemon's memory. */
const DAEMON_ROOTS = ["src/main.ts", "src/cli/program.ts", "src/cli/daemon.ts"];

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|contract))?\.tsx?$/;
const EMPTY_WORDS = /(^|[-/.])(utils?|helpers?|managers?|common)([-/.]|$)/;
const SOURCE_LINES_MAX = 500;

/** Paths from the repository's root, with forward slashes, to texts. */
export type Tree = ReadonlyMap<string, string>;

/** @returns one sentence for each broken rule; `[]` for a tidy tree */
export function layeringProblems(tree: Tree): string[] {
  const sources = new Map(
    [...tree]
      .filter(([path]) => path.startsWith("src/") && isSource(path))
      .map(([path, text]) => [path, readSource(path, text)] as const),
  );
  const problems = [...tree.keys()].flatMap(nameProblems);
  for (const [path, facts] of sources) {
    problems.push(...placeProblems(path, facts, sources));
  }
  const cycle = findCycle(sources);
  if (cycle !== null) problems.push(`imports run in a circle: ${cycle.join(" -> ")}`);
  problems.push(...daemonProblems(sources));
  return problems;
}

function nameProblems(path: string): string[] {
  const problems: string[] = [];
  if (isSource(path) && !NAME.test(posix.basename(path))) problems.push(`${path}: not a kebab-case name`);
  if (EMPTY_WORDS.test(path)) problems.push(`${path}: the name says nothing; name it after what it holds`);
  return problems;
}

function isSource(path: string): boolean {
  return path.endsWith(".ts") || path.endsWith(".tsx");
}

type Sources = ReadonlyMap<string, SourceFacts>;

function placeProblems(path: string, facts: SourceFacts, sources: Sources): string[] {
  const rank = rankOf(path);
  if (rank === null) return [`${path}: stands in no folder of the map`];
  const problems: string[] = [];
  if (facts.lines > SOURCE_LINES_MAX) {
    problems.push(`${path}: ${facts.lines} lines; a folder of the same name holds what outgrows one file`);
  }
  for (const { specifier } of facts.imports) {
    const problem = importProblem(path, rank, specifier, sources);
    if (problem !== null) problems.push(`${path}: ${problem}`);
  }
  for (const touch of new Set(facts.touches)) {
    if (rank === 0) problems.push(`${path}: the core touches ${touch}; it must be handed in`);
    else if (rank < 3 && ROOT_ONLY.includes(touch)) problems.push(`${path}: only src/main.ts uses ${touch}`);
  }
  return problems;
}

function rankOf(path: string): number | null {
  const row = RANKS.find(([place]) => (place.endsWith("/") ? path.startsWith(place) : path === place));
  return row?.[1] ?? null;
}

function importProblem(path: string, rank: number, specifier: string, sources: Sources): string | null {
  if (path.startsWith(PAGE)) return pageProblem(path, specifier, sources);
  if (!specifier.startsWith(".")) {
    if (rank === 0) return `the core imports "${specifier}"; it may import nothing but the core`;
    if (rank < 3 && specifier === "node:process") return `only src/main.ts uses "node:process"`;
    return null;
  }
  const target = resolveImport(path, specifier);
  if (!sources.has(target)) return `imports "${specifier}", which is no source file`;
  if (target.startsWith(PAGE)) return `imports ${target}, which runs in a browser`;
  const targetRank = rankOf(target);
  if (targetRank === null) return null;
  if (targetRank > rank) return `of rank ${rank} imports ${target} of rank ${targetRank}`;
  if (rank === 1 && targetRank === 1 && !mayNeighbour(path, target)) {
    return `is an adapter and imports another one, ${target}`;
  }
  return null;
}

function pageProblem(path: string, specifier: string, sources: Sources): string | null {
  if (!specifier.startsWith(".")) {
    const isTaken = PAGE_PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return isTaken ? null : `runs in a browser and imports "${specifier}"`;
  }
  const target = resolveImport(path, specifier);
  if (target.startsWith(PAGE) && !isSource(target)) return null;
  if (!sources.has(target)) return `imports "${specifier}", which is no source file`;
  return target.startsWith(PAGE) || rankOf(target) === 0
    ? null
    : `runs in a browser and imports ${target} of rank ${rankOf(target)}`;
}

/**
 * The registry is the one list of all surfaces, so `src/surfaces` itself may look into its own folders; and what
 * stands beside them there is for all of them. That nobody needs the registry so is seen to by the rule on circles.
 */
function mayNeighbour(path: string, target: string): boolean {
  const from = posix.dirname(path);
  const to = posix.dirname(target);
  const shared = SHARED_ADAPTERS.some((folder) => to === folder || to.startsWith(`${folder}/`));
  return shared || to === from || to.startsWith(`${from}/`) || from.startsWith(`${to}/`);
}

function resolveImport(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier);
}

/** Depth first with the path at hand; types count, because a circle of types is one knowledge in two files. */
function findCycle(sources: Sources): string[] | null {
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    trail.push(path);
    for (const { specifier } of sources.get(path)?.imports ?? []) {
      if (!specifier.startsWith(".")) continue;
      const cycle = walk(resolveImport(path, specifier));
      if (cycle !== null) return cycle;
    }
    trail.pop();
    done.add(path);
    return null;
  };
  for (const path of sources.keys()) {
    const cycle = walk(path);
    if (cycle !== null) return cycle;
  }
  return null;
}

function daemonProblems(sources: Sources): string[] {
  const problems: string[] = [];
  const reached = new Map<string, string>();
  const queue = DAEMON_ROOTS.filter((path) => sources.has(path));
  for (const root of queue) reached.set(root, root);
  for (const path of queue) {
    if (sources.get(path)?.touches.includes("performance")) {
      problems.push(`${path}: touches performance, which loads 0.15 MB; use src/host/monotonic.ts`);
    }
    for (const { specifier, typeOnly, lazy } of sources.get(path)?.imports ?? []) {
      if (typeOnly || lazy) continue;
      if (!specifier.startsWith(".")) {
        if (HEAVY.test(specifier)) {
          problems.push(`${path}: loads "${specifier}" into every daemon (${reached.get(path)})`);
        }
        continue;
      }
      const target = resolveImport(path, specifier);
      if (reached.has(target)) continue;
      reached.set(target, `${reached.get(path)} -> ${target}`);
      queue.push(target);
    }
  }
  return problems;
}
