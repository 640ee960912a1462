/**
 * Taking all of Prism off a host, as steps: what runs first, what others wrote for it then, itself last, so that the
 * command is still there to be run again after a crash at any of them. Each step is nothing where it is done already.
 */
import { existsSync, lstatSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fsErrorOf } from "../../host/fs-error.ts";
import type { Home } from "../../host/home.ts";
import type { Runtime } from "../runtime.ts";
import type { VerbEntryGroup } from "../verb.ts";
import { LOCK_NAMES } from "./held.ts";
import { currentVersion, type Piece, removeEmpty, versionsIn } from "./pieces.ts";
import type { Places } from "./places.ts";
import { programsRunning } from "./processes.ts";
import type { Services } from "./services.ts";
import { surfacesHere } from "./surfaces.ts";
import { programPieces, textPieces } from "./whole.ts";

export interface RemovalStep {
  /** `the unit of prism-hub` */
  readonly what: string;
  readonly kind: "service" | "process" | "surface" | "data" | "file";
  take(): Promise<void> | void;
}

export interface Removal {
  readonly steps: readonly RemovalStep[];
  /** What only a person can do, and what was left because it is not Prism's. */
  readonly notes: readonly string[];
}

export async function removalOf(
  places: Places,
  how: {
    readonly services: Services;
    readonly groups: readonly VerbEntryGroup[];
    readonly purge: boolean;
    readonly runtime: Runtime;
  },
): Promise<Removal> {
  const { services, groups, purge, runtime } = how;
  const surfaces = surfacesHere(runtime);
  const files = await filesOf(places, groups, runtime);
  const steps: RemovalStep[] = [
    ...services.list.map((service) => ({
      what: `the service of ${service.shown}`,
      kind: "service" as const,
      take: () => services.remove(service),
    })),
    ...(await programSteps(services, runtime)),
    ...surfaces.map(({ shown, take }) => ({ what: shown, kind: "surface" as const, take })),
    ...(purge ? dataSteps(runtime.home) : []),
    ...files.steps,
  ];
  const byHand = surfaces.flatMap((surface) => surface.byHand ?? []);
  return { steps, notes: [...new Set(byHand), ...files.notes] };
}

/** Looked for twice: what a service kept alive is gone once its service is. */
async function programSteps(services: Services, runtime: Runtime): Promise<RemovalStep[]> {
  const kept = new Set(
    services.list.map(({ owner, shown }) => (owner.kind === "hub" ? shown : `the daemon of ${shown}`)),
  );
  return (await programsRunning(runtime))
    .filter(({ shown }) => !kept.has(shown))
    .map((program) => ({
      what: `${program.shown} (process ${program.pid})`,
      kind: "process" as const,
      take: () => program.end(),
    }));
}

/** By name, and not the whole folder: if PRISM_HOME named a folder of other things by mistake, they stay. */
const DATA_NAMES = [
  "hub",
  "state",
  "run",
  "log",
  "folders",
  "demo",
  "demo.lock",
  "demo.lock.json",
  "services",
  "hub.json",
  "config.json",
  "token",
];

function dataSteps(home: Home): RemovalStep[] {
  const steps = DATA_NAMES.map((name) => join(home.root, name))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    .map((path) => ({ what: path, kind: "data" as const, take: () => gone(path) }));
  if (!existsSync(home.root)) return steps;
  return [...steps, { what: home.root, kind: "data", take: () => removeEmpty([home.root]) }];
}

function gone(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw fsErrorOf("remove", path, error);
  }
}

async function filesOf(
  places: Places,
  groups: readonly VerbEntryGroup[],
  runtime: Runtime,
): Promise<{ readonly steps: readonly RemovalStep[]; readonly notes: readonly string[] }> {
  const current = currentVersion(places);
  const others = versionsIn(places.versionsDir).filter((path) => path !== current);
  const texts = await textPieces(places, groups, runtime.version);
  const version = { path: current ?? join(places.versionsDir, "none"), sha256: "" };
  const [own, daemon, program] = programPieces(places, version, runtime.self.command);
  const links = [daemon, program].filter((piece) => piece !== undefined);
  const known = [...texts, ...links];
  const here = known.filter((piece) => isPrisms(piece));
  const strange = known.filter((piece) => piece.state() === "strange");
  const steps: RemovalStep[] = [
    ...here.filter((piece) => !links.includes(piece)).map(textStep),
    ...others.map((path) => ({ what: path, kind: "file" as const, take: () => gone(path) })),
    ...here.filter((piece) => links.includes(piece)).map(fileStep),
    // On Windows a program that runs can't be removed: this one may be it.
    ...(current === undefined || own === undefined ? [] : [fileStep(own)]),
  ];
  if (existsSync(places.versionsDir)) {
    steps.push({ what: places.versionsDir, kind: "file", take: () => emptied(places) });
  }
  return { steps, notes: strange.map(({ path }) => `${path} is somebody else's and was left`) };
}

function isPrisms(piece: Piece): boolean {
  const state = piece.state();
  return state === "standing" || state === "old";
}

/** With the folders that were made for it, as zsh/site-functions, if nobody else has something there. */
function textStep(piece: Piece): RemovalStep {
  const folder = dirname(piece.path);
  const take = (): void => {
    piece.take();
    removeEmpty([folder, dirname(folder)]);
  };
  return { what: piece.path, kind: "file", take };
}

function fileStep(piece: Piece): RemovalStep {
  return { what: piece.path, kind: "file", take: () => piece.take() };
}

function emptied({ versionsDir }: Places): void {
  for (const name of [...LOCK_NAMES, "upgrade.json"]) gone(join(versionsDir, name));
  removeEmpty([versionsDir, dirname(versionsDir)]);
}
