/** `prism surface list`: what is set up on this host, and whether it still stands as it was written. Reads only. */
import { printable } from "../../domain/address.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { grid, type Ink, inkFor } from "../layout.ts";
import { writeJson } from "../runtime.ts";
import { json } from "../settings.ts";
import { verb } from "../verb.ts";
import { type BrokenRecord, type StandingSurface, type SurfaceState, surfacesStanding } from "./standing.ts";

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

export const surfaceList = verb(definition, async ({ flags }, runtime) => {
  const { surfaces, broken } = surfacesStanding(runtime);
  if (flags.json) writeJson(runtime.out, { surfaces, broken });
  else runtime.out.write(pageText(surfaces, broken, inkFor(runtime.out)));
  return EXIT.ok;
});

const WORDS: { readonly [S in SurfaceState]: string } = {
  asWritten: "as written",
  changed: "changed since, ours stands",
  incomplete: "not as it must be: set it up again",
  gone: "a file is gone: set it up again",
  unreadable: "a file can't be read",
  programGone: "the program is gone: set it up again",
  projectGone: "the project's folder is gone: remove it",
};

function pageText(surfaces: readonly StandingSurface[], broken: readonly BrokenRecord[], ink: Ink): string {
  if (surfaces.length + broken.length === 0) {
    return `${ink.dim("no surface is set up on this host; see prism help surface add")}\n`;
  }
  const draw = (state: SurfaceState): string => {
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
