/** `prism install`: puts this executable where the system has a user's programs, with completions and manual. */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { sha256Of } from "../host/whole-file.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { askPrism } from "./install/ask-prism.ts";
import { heldInstallation } from "./install/held.ts";
import { currentVersion, type Piece, type PieceState, pruneVersions, versionOf } from "./install/pieces.ts";
import { isOfSystem, type Places } from "./install/places.ts";
import { shellNotes } from "./install/shell-notes.ts";
import { mustBeExecutable, mustBeFree, placesHere, programPieces, textPieces } from "./install/whole.ts";
import { inkFor, padded } from "./layout.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { listText } from "./surface/told.ts";
import { type Verb, type VerbEntryGroup, verb } from "./verb.ts";

const definition = table({
  name: "install",
  about: [
    "For this user alone, without root: the program in a folder of its own, one file a version, and links to it in ~/.local/bin; on Windows in %LOCALAPPDATA%\\Programs\\Prism. Completions for bash, zsh and fish, or PowerShell, and the manual go where they are looked for.",
    "What stands already is left, so that the same command again has nothing to do, or finishes what was cut short. prism uninstall takes all of it back.",
  ],
  arguments: [],
  flags: {
    hub: { kind: "switch", about: "also have this host keep a hub alive: prism service install hub" },
    dryRun: { kind: "switch", about: "shows what would be put where, and does nothing" },
    ...json,
  },
  examples: [
    { line: "prism install --dry-run", about: "what would be put where" },
    { line: "prism install --hub", about: "the program, and the hub of this host" },
  ],
});

export type Change = "created" | "changed" | "unchanged" | "left";

export interface PieceReport {
  readonly path: string;
  readonly what: string;
  readonly change: Change;
}

/** @param groups all verbs; handed in, because this is one of them */
export function installOf(groups: readonly VerbEntryGroup[]): Verb {
  return verb(definition, async ({ flags }, runtime) => {
    mustBeExecutable(runtime);
    const places = placesHere(runtime);
    const isSystems = isOfSystem(runtime.self.command);
    const pieces = isSystems ? [] : await wholeOf(places, groups, runtime);
    mustBeFree(pieces);
    const reports = flags.dryRun
      ? pieces.map((piece) => reportOf(piece, piece.state()))
      : await put(pieces, places, runtime);
    const program = isSystems ? runtime.self.command : places.program;
    const hub = flags.hub && !flags.dryRun ? await installHub(program, runtime) : null;
    const notes = isSystems
      ? [`${program} was installed for all users, by a package: there is nothing to put for this one`]
      : [...leftNotes(reports), ...shellNotes(places, runtime)];
    const changed = reports.some(({ change }) => change === "created" || change === "changed");
    const report = {
      version: runtime.version,
      program,
      dryRun: flags.dryRun,
      changed,
      files: reports,
      hub,
      notes,
    };
    if (flags.json) writeJson(runtime.out, report);
    else runtime.out.write(pageText(report, flags.hub, runtime));
    return EXIT.ok;
  });
}

async function wholeOf(
  places: Places,
  groups: readonly VerbEntryGroup[],
  runtime: Runtime,
): Promise<readonly Piece[]> {
  const from = runtime.self.command;
  const kept = versionOf(places, runtime.version, sha256Of(from));
  return [...programPieces(places, kept, from), ...(await textPieces(places, groups, runtime.version))];
}

async function put(
  pieces: readonly Piece[],
  places: Places,
  runtime: Runtime,
): Promise<readonly PieceReport[]> {
  const lock = await heldInstallation(places, runtime);
  try {
    const before = currentVersion(places);
    const reports = putPieces(pieces);
    const now = currentVersion(places);
    // One back is kept: for who wants to return to it.
    const kept = [before, now].filter((path) => path !== undefined);
    if (before !== now) pruneVersions(places.versionsDir, kept);
    return reports;
  } finally {
    lock.release();
  }
}

/** @param did told after each piece; what it throws stops the rest, as a crash would */
export function putPieces(
  pieces: readonly Piece[],
  did: (piece: Piece) => void = () => {},
): readonly PieceReport[] {
  return pieces.map((piece) => {
    const state = piece.state();
    if (state === "absent" || state === "old") piece.put();
    did(piece);
    return reportOf(piece, state);
  });
}

function reportOf({ path, what }: Piece, before: PieceState): PieceReport {
  const changes = { absent: "created", old: "changed", standing: "unchanged", strange: "left" } as const;
  return { path, what, change: changes[before] };
}

/** By the installed program: so the service's file names that one, which stays where it is. */
async function installHub(program: string, runtime: Runtime): Promise<unknown> {
  const asked = await askPrism(program, ["service", "install", "hub", "--json"], runtime);
  if (asked.status === EXIT.ok) return asked.answer;
  throw new PrismError("unsupported", `Prism is installed, but its hub is not kept alive: ${asked.said}`, {
    hint: "run it by hand: prism hub",
  });
}

function leftNotes(reports: readonly PieceReport[]): readonly string[] {
  return reports
    .filter(({ change }) => change === "left")
    .map(
      ({ path, what }) => `${printable(path, 200)} is somebody else's and was left: ${what} did not go there`,
    );
}

interface Report {
  readonly version: string;
  readonly program: string;
  readonly dryRun: boolean;
  readonly changed: boolean;
  readonly files: readonly PieceReport[];
  readonly notes: readonly string[];
}

function pageText(report: Report, hub: boolean, runtime: Runtime): string {
  const { version, program, dryRun, changed, files, notes } = report;
  const ink = inkFor(runtime.out);
  const colours = { created: ink.green, changed: ink.yellow, unchanged: ink.dim, left: ink.yellow };
  const rows = files
    .map(({ path, change }) => `  ${padded(colours[change](change), 10)} ${printable(path, 300)}\n`)
    .join("");
  const head = dryRun
    ? changed || hub
      ? "nothing was done; without --dry-run this is\n"
      : "all stands as it should; there is nothing to do\n"
    : changed
      ? `${ink.green("installed")} prism ${version} as ${printable(program, 300)}\n`
      : `prism ${version} was installed already; nothing was written\n`;
  const service = hub
    ? `  ${dryRun ? "then: prism service install hub" : "the hub is kept alive by this host"}\n`
    : "";
  return `${head}${rows}${service}${listText("mind", notes, ink.yellow)}`;
}
