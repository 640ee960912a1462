/**
 * What is set up on this host, by the records in the state folders, and whether the clients' files still are as they
 * were written. What `surface list` shows and `doctor` judges. Reads only.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type FileState, fileState } from "../../clients/change.ts";
import type { ClientFile } from "../../clients/client.ts";
import { readClientFile } from "../../clients/client-file.ts";
import { type Placement, placementPathOf, readPlacements } from "../../clients/placement.ts";
import { clientPlan } from "../../clients/set-up.ts";
import { isAddress, parseAddress } from "../../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import type { Runtime } from "../runtime.ts";
import { placedOf, surroundingsOf, type Whose, whose } from "./whose.ts";

export type SurfaceState = FileState | "programGone" | "projectGone";

export interface StandingSurface {
  readonly address: string;
  readonly tenant: string;
  readonly surface: string;
  readonly root: string;
  /** Its daemon, told nothing else, rings there. */
  readonly isDaemons: boolean;
  readonly state: SurfaceState;
  readonly files: readonly { readonly path: string; readonly state: FileState }[];
  /** What in the client's files keeps Prism from working there, each as one sentence. */
  readonly obstacles: readonly string[];
  readonly settings: { readonly [name: string]: string };
}

/** A record that can't be read. */
export interface BrokenRecord {
  readonly address: string;
  readonly tenant: string;
  readonly error: ErrorReport;
}

export function surfacesStanding(runtime: Runtime): {
  readonly surfaces: readonly StandingSurface[];
  readonly broken: readonly BrokenRecord[];
} {
  const surfaces: StandingSurface[] = [];
  const broken: BrokenRecord[] = [];
  for (const who of recorded(runtime)) {
    try {
      surfaces.push(...listed(who, runtime));
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      broken.push({ address: who.shown, tenant: who.tenant, error: reportOf(error) });
    }
  }
  return { surfaces, broken };
}

/** Addresses with a record, over all tenants, in order. */
function recorded({ home }: Runtime): Whose[] {
  return foldersIn(home.stateDir).flatMap((tenant) =>
    foldersIn(join(home.stateDir, tenant))
      .filter((name) => isAddress(name))
      .map((name) => whose(parseAddress(name), tenant, home))
      .filter(({ stateDir }) => existsSync(placementPathOf(stateDir))),
  );
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw fsErrorOf("read the folder", path, error);
  }
}

function listed(who: Whose, runtime: Runtime): StandingSurface[] {
  const placements = readPlacements(who.stateDir);
  return placements.map((placement) => {
    const plan = clientPlan(
      placement.surface,
      placedOf(who, placement, runtime.home),
      surroundingsOf(runtime),
    );
    const files = placement.files.map((record) => {
      const file = plan.files.find(({ path }) => path === record.path);
      return {
        path: record.path,
        state: file === undefined ? "incomplete" : fileState(file, record),
      } as const;
    });
    return {
      address: who.shown,
      tenant: who.tenant,
      surface: placement.surface,
      root: placement.root,
      isDaemons: placement === placements.at(-1),
      state: stateOf(placement, files),
      files,
      obstacles: plan.files.flatMap(obstaclesIn),
      settings: Object.fromEntries(placement.settings.map(({ name, value }) => [name, value])),
    };
  });
}

function obstaclesIn(file: ClientFile): readonly string[] {
  try {
    const { text } = readClientFile(file.path, file.what);
    if (text === null) return [];
    const unreadable = `${file.what} holds comments or closing commas, which its client does not read`;
    const found = (file.obstacles?.(text) ?? []).map((obstacle) => `${file.what}: ${obstacle}`);
    return file.editing.isReadable(text) ? found : [unreadable, ...found];
  } catch (error) {
    // That it can't be read is its state already.
    if (error instanceof PrismError) return [];
    throw error;
  }
}

/** The worst of it, and what is wrong beside the files. */
function stateOf(placement: Placement, files: StandingSurface["files"]): SurfaceState {
  if (!existsSync(placement.root)) return "projectGone";
  const [program = ""] = placement.program;
  if (placement.surface !== "tmux" && !existsSync(program)) return "programGone";
  const order: readonly FileState[] = ["unreadable", "gone", "incomplete", "changed"];
  return order.find((state) => files.some((file) => file.state === state)) ?? "asWritten";
}
