/** All pieces of an installation of one executable, in the order in which they are put: what others lead to first. */
import { homedir } from "node:os";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { completionsText } from "../completions/shells.ts";
import { manualText } from "../man/page.ts";
import type { Runtime } from "../runtime.ts";
import type { VerbEntryGroup } from "../verb.ts";
import { linkPiece, type Piece, textPiece, type Version, versionPiece } from "./pieces.ts";
import { isOfSystem, type Places, placesOf } from "./places.ts";

export function placesHere({ env }: Runtime): Places {
  const { platform } = process;
  return placesOf({
    platform,
    env,
    userDir: (platform === "win32" ? env["USERPROFILE"] : env["HOME"]) || homedir(),
  });
}

/** @param from the executable as it was brought here */
export function programPieces(places: Places, kept: Version, from: string): readonly Piece[] {
  const to = { target: kept.path, versionsDir: places.versionsDir, ours: from };
  return [
    versionPiece(kept, from),
    // The program itself last: it is what tells whether an installation is complete.
    linkPiece("prism-daemon", places.daemon, to),
    linkPiece("prism", places.program, to),
  ];
}

export async function textPieces(
  places: Places,
  groups: readonly VerbEntryGroup[],
  version: string,
): Promise<readonly Piece[]> {
  const completions = await Promise.all(
    places.completions.map(async ({ shell, path }) =>
      textPiece(`completions for ${shell}`, path, {
        text: await completionsText(shell, groups, version),
        mark: `made by "prism completions ${shell}"`,
      }),
    ),
  );
  if (places.manual === null) return completions;
  const text = await manualText(groups, version);
  return [...completions, textPiece("the manual", places.manual, { text, mark: 'made by "prism man"' })];
}

/** @throws PrismError `unsupported` for sources under node; `already_running` never */
export function mustBeExecutable({ engine, self }: Runtime): void {
  if (engine.packaged) return;
  throw new PrismError(
    "unsupported",
    `only the built executable can be installed, and this is ${printable(self.command, 200)}`,
    {
      hint: 'build it first: "npm run build", then run dist/prism install',
    },
  );
}

/** @throws PrismError `permission_denied` for what a package has installed for all users */
export function mustBeUsers({ self }: Runtime): void {
  if (!isOfSystem(self.command)) return;
  throw new PrismError(
    "permission_denied",
    `${printable(self.command, 200)} was installed for all users, by a package`,
    {
      hint: "replace or remove it by the system's package manager",
    },
  );
}

/** @throws PrismError `permission_denied` naming what is in the way of a piece that is needed */
export function mustBeFree(pieces: readonly Piece[]): void {
  const strange = pieces.find((piece) => !piece.isOptional && piece.state() === "strange");
  if (strange === undefined) return;
  throw new PrismError("permission_denied", `another program stands at ${printable(strange.path, 200)}`, {
    hint: "move it away, and run this again",
  });
}
