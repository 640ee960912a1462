/** `prism surface list`: what is set up on this host, and whether it still stands as it was written. Reads only. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type FileState, fileState } from "../../clients/change.ts";
import { type Placement, placementPathOf, readPlacements } from "../../clients/placement.ts";
import { clientPlan } from "../../clients/set-up.ts";
import { isAddress, parseAddress, printable } from "../../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { grid, type Ink, inkFor } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json } from "../settings.ts";
import { verb } from "../verb.ts";
import { placedOf, surroundingsOf, type Whose, whose } from "./whose.ts";

const definition = table({
  name: "surface list",
  about: [
    "Every surface that was set up on this host, and of each of its files whether it still is as it was written, was changed by somebody while what is Prism's stands, or has to be set up again.",
  ],
  arguments: [],
  flags: { ...json },
  examples: [
    { line: "prism surface list", about: "all of this host" },
    { line: "prism surface list --json", about: "with every file, as data" },
  ],
});

type State = FileState | "programGone" | "projectGone";

interface Listed {
  readonly address: string;
  readonly tenant: string;
  readonly surface: string;
  readonly root: string;
  /** Its daemon, told nothing else, rings there. */
  readonly isDaemons: boolean;
  readonly state: State;
  readonly files: readonly { readonly path: string; readonly state: FileState }[];
  readonly settings: { readonly [name: string]: string };
}

interface Broken {
  readonly address: string;
  readonly tenant: string;
  readonly error: ErrorReport;
}

export const surfaceList = verb(definition, async ({ flags }, runtime) => {
  const surfaces: Listed[] = [];
  const broken: Broken[] = [];
  for (const who of recorded(runtime)) {
    try {
      surfaces.push(...listed(who, runtime));
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      broken.push({ address: who.shown, tenant: who.tenant, error: reportOf(error) });
    }
  }
  if (flags.json) writeJson(runtime.out, { surfaces, broken });
  else runtime.out.write(pageText(surfaces, broken, inkFor(runtime.out)));
  return EXIT.ok;
});

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

function listed(who: Whose, runtime: Runtime): Listed[] {
  const placements = readPlacements(who.stateDir);
  return placements.map((placement) => {
    const files = fileStates(who, placement, runtime);
    return {
      address: who.shown,
      tenant: who.tenant,
      surface: placement.surface,
      root: placement.root,
      isDaemons: placement === placements.at(-1),
      state: stateOf(placement, files),
      files,
      settings: Object.fromEntries(placement.settings.map(({ name, value }) => [name, value])),
    };
  });
}

function fileStates(who: Whose, placement: Placement, runtime: Runtime): Listed["files"] {
  const { files } = clientPlan(
    placement.surface,
    placedOf(who, placement, runtime.home),
    surroundingsOf(runtime),
  );
  return placement.files.map((record) => {
    const file = files.find(({ path }) => path === record.path);
    return { path: record.path, state: file === undefined ? "incomplete" : fileState(file, record) };
  });
}

/** The worst of it, and what is wrong beside the files. */
function stateOf(placement: Placement, files: Listed["files"]): State {
  if (!existsSync(placement.root)) return "projectGone";
  const [program = ""] = placement.program;
  if (placement.surface !== "tmux" && !existsSync(program)) return "programGone";
  const order: readonly FileState[] = ["unreadable", "gone", "incomplete", "changed"];
  return order.find((state) => files.some((file) => file.state === state)) ?? "asWritten";
}

const WORDS: { readonly [S in State]: string } = {
  asWritten: "as written",
  changed: "changed since, ours stands",
  incomplete: "not as it must be: set it up again",
  gone: "a file is gone: set it up again",
  unreadable: "a file can't be read",
  programGone: "the program is gone: set it up again",
  projectGone: "the project's folder is gone: remove it",
};

function pageText(surfaces: readonly Listed[], broken: readonly Broken[], ink: Ink): string {
  if (surfaces.length + broken.length === 0) {
    return `${ink.dim("no surface is set up on this host; see prism help surface add")}\n`;
  }
  const draw = (state: State): string => {
    if (state === "asWritten") return ink.green(WORDS[state]);
    return state === "changed" ? ink.yellow(WORDS[state]) : ink.red(WORDS[state]);
  };
  const rows = surfaces.map((each) => [
    each.address,
    each.tenant === "local" ? "" : each.tenant,
    each.surface,
    each.isDaemons ? "rings" : "",
    draw(each.state),
    printable(each.root, 200),
  ]);
  const page =
    surfaces.length === 0
      ? ""
      : `${grid(["ADDRESS", "TENANT", "SURFACE", "DAEMON", "STATE", "PROJECT"], rows, ink)}\n`;
  return page + broken.map(({ address, error }) => `  ${address}   ${ink.red(error.message)}\n`).join("");
}
