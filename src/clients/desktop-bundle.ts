/**
 * A bundle that Claude Desktop installs with a click: the executable and a manifest in a zip. Made for one persona
 * in one project, on this system. Holds no token: the shim reads that from the owner-only file.
 *
 * Source: MCPB manifest specification 0.3.
 */
import { readFileSync } from "node:fs";
import { formatAddress, nameFrom, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { toolsFor } from "../domain/tools.ts";
import { fsErrorOf } from "../host/fs-error.ts";
import type { Placed } from "./client.ts";
import { shimWords } from "./hook-command.ts";
import { zipOf } from "./zip.ts";

export interface DesktopBundle {
  readonly placed: Placed;
  readonly project: string;
  /** The built executable that goes into it. */
  readonly executable: string;
  readonly version: string;
  readonly platform: NodeJS.Platform;
  /** Epoch milliseconds, for the entries of the archive. */
  readonly nowMs: number;
}

/** What the app is told; what it starts lies inside, wherever it unpacks that. */
export function desktopManifest({ placed, project, version, platform }: DesktopBundle): object {
  const inside = programInside(platform);
  const [, ...args] = shimWords({ ...placed, program: [inside] });
  const address = formatAddress({ persona: placed.persona, project });
  return {
    manifest_version: "0.3",
    name: `prism-${nameFrom(address)}`,
    display_name: `Prism: ${address}`,
    version,
    description: "AI agents reach each other and wake each other",
    long_description: `Works as ${address}: what other agents send there is told first with every answer, since Claude Desktop can't be woken.`,
    author: { name: "Prism" },
    license: "MIT",
    server: {
      type: "binary",
      entry_point: inside,
      mcp_config: {
        command: `\${__dirname}/${inside}`,
        args: args.map(literal),
        ...(placed.home === undefined ? {} : { env: { PRISM_HOME: literal(placed.home) } }),
      },
    },
    tools: toolsFor("own").map(({ name, title }) => ({ name, description: title })),
    compatibility: { platforms: [platform] },
  };
}

/** The app fills in what looks like a variable; a path that does can't be told from one. */
function literal(word: string): string {
  if (!word.includes("${")) return word;
  throw new PrismError(
    "invalid_argument",
    `"${printable(word, 200)}" holds "\${", which Claude Desktop would fill in`,
    {
      hint: "use a folder of another name, or set Claude Desktop up without --bundle",
    },
  );
}

function programInside(platform: NodeJS.Platform): string {
  return platform === "win32" ? "server/prism.exe" : "server/prism";
}

/** @returns the archive's bytes. @throws PrismError `not_found`, `invalid_argument`, `too_large` */
export async function desktopBundle(bundle: DesktopBundle): Promise<Uint8Array> {
  const manifest = Buffer.from(`${JSON.stringify(desktopManifest(bundle), null, 2)}\n`);
  let program: Uint8Array;
  try {
    program = readFileSync(bundle.executable);
  } catch (error) {
    throw fsErrorOf("read the executable", bundle.executable, error);
  }
  return zipOf(
    [
      { name: "manifest.json", bytes: manifest, mode: 0o644 },
      { name: programInside(bundle.platform), bytes: program, mode: 0o755 },
    ],
    bundle.nowMs,
  );
}
