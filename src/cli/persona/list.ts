/** `prism persona list`: every persona of this host and its hub, and how each fares. */
import { printable } from "../../domain/address.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { hubFlags } from "../hub-target.ts";
import { agoText, grid, type Ink, inkFor } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { readSourcesIfWhole } from "../service/here.ts";
import { json, settings } from "../settings.ts";
import { listText } from "../surface/told.ts";
import { verb } from "../verb.ts";
import { type PersonaRow, type PersonaStanding, type Roll, rollOf } from "./roll.ts";
import { openHubSide } from "./world.ts";

const definition = table({
  name: "persona list",
  about: [
    "What the hub knows, joined with what this host keeps of it: surface, service, and what a command that was cut short has left half done. Without the hub it shows this host's part. Changes nothing.",
    "Connected: its daemon says so. Away: its daemon was, within its lease. Down: no daemon stands watch. Archived: off duty until it is restored. Half done: with the command that does the rest.",
  ],
  arguments: [],
  flags: { tenant: settings.tenant, ...hubFlags, ...json },
  examples: [
    { line: "prism persona list", about: "all of them" },
    { line: "prism persona list --json", about: "as data" },
  ],
});

export const personaList = verb(
  definition,
  async ({ flags }, runtime) => {
    const roll = await rollOf(openHubSide(flags, runtime), runtime, { tenant: flags.tenant });
    if (flags.json) writeJson(runtime.out, { ...roll, personas: roll.personas.map(dataOf) });
    else runtime.out.write(pageText(roll, runtime));
    return EXIT.ok;
  },
  { sourcesOf: readSourcesIfWhole },
);

/** Without what `persona show` has in full. */
export function dataOf({ daemon: _, record: __, atHub, ...row }: PersonaRow) {
  return { ...row, createdAtMs: atHub?.createdAtMs ?? null };
}

export const STANDING_WORDS: { readonly [S in PersonaStanding]: string } = {
  connected: "connected",
  away: "away",
  down: "down",
  archived: "archived",
  half: "half done",
  strange: "not at the hub",
  unknown: "not known",
};

export function standingInk(state: PersonaStanding, ink: Ink): Ink[keyof Ink] {
  switch (state) {
    case "connected":
      return ink.green;
    case "archived":
      return ink.dim;
    case "away":
      return ink.yellow;
    default:
      return ink.red;
  }
}

function pageText({ personas, hub, silence, omitted }: Roll, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const notes = [
    ...(hub.error === null ? [] : [`${hub.error.message}: what follows is what this host knows`]),
    ...(silence !== null && personas.some(isServiceMissed)
      ? ["no service manager answers here, so services are not known"]
      : []),
    ...(omitted === 0 ? [] : [`the hub has ${omitted} more, which it did not list`]),
  ];
  const mind = listText("mind", notes, ink.yellow);
  if (personas.length === 0) {
    return `${mind}${ink.dim("there are no personas yet; see prism help persona create")}\n`;
  }
  const rows = personas.map((row) => [
    row.address,
    standingInk(row.state, ink)(STANDING_WORDS[row.state]),
    row.sinceMs === null ? "" : agoText(row.sinceMs, runtime.now()),
    row.surface ?? "",
    serviceWord(row, silence),
    row.open === null || row.open === 0 ? "" : String(row.open),
    row.root === null ? (row.isHere ? "" : ink.dim("elsewhere")) : printable(row.root, 200),
  ]);
  const heading = ["PERSONA", "STATE", "SINCE", "SURFACE", "SERVICE", "WAITS", "PROJECT"];
  const next = personas.flatMap(({ half, address }) => (half === null ? [] : [`${address}: ${half.finish}`]));
  return `${mind}${grid(heading, rows, ink)}\n${next.length === 0 ? "" : `${ink.bold("to finish")}\n${next.map((line) => `  ${line}\n`).join("")}`}`;
}

/** It was created with a service, and nothing says how that fares. */
export function isServiceMissed({ service, record }: PersonaRow): boolean {
  return service === null && record?.service !== undefined;
}

function serviceWord(row: PersonaRow, silence: string | null): string {
  const { service, start, isHere } = row;
  if (service === null) {
    if (silence !== null && isServiceMissed(row)) return "not known";
    return start === null ? (isHere ? "none" : "") : "by hand";
  }
  return service.startsAgain || service.state === "running" ? service.state : `${service.state}, disabled`;
}
