/** `prism persona show`: all that is known of one persona, and what to do where something of it is half done. */
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { hubFlags } from "../hub-target.ts";
import { agoText, counted, inkFor, momentText, padded, spanText } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { readSourcesIfWhole } from "../service/here.ts";
import { json, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { lingerHere } from "./linger.ts";
import { isServiceMissed, STANDING_WORDS, standingInk } from "./list.ts";
import { personaArgument, personaNamed, projectFlag } from "./named.ts";
import { type PersonaRow, type Roll, rollOf } from "./roll.ts";
import { openHubSide } from "./world.ts";

const definition = table({
  name: "persona show",
  about: ["Its token is never shown, only where its file lies. Changes nothing."],
  arguments: [personaArgument],
  flags: { project: projectFlag, tenant: settings.tenant, ...hubFlags, ...json },
  examples: [{ line: "prism persona show reviewer@shop", about: "all of it" }],
});

export const personaShow = verb(
  definition,
  async ({ flags, arguments: [typed] }, runtime) => {
    const who = personaNamed(typed, flags, runtime);
    const roll = await rollOf(openHubSide(flags, runtime), runtime, {
      tenant: flags.tenant,
      only: who,
    });
    const [row] = roll.personas;
    if (row === undefined) {
      const hub = roll.hub.error === null ? "" : `, and the hub can't be asked: ${roll.hub.error.message}`;
      throw new PrismError("target_unknown", `there is no persona ${who.shown}${hub}`, {
        hint: '"prism persona list" shows all',
      });
    }
    const linger = await lingerHere(runtime);
    if (flags.json) writeJson(runtime.out, { ...row, linger, hub: roll.hub, silence: roll.silence });
    else runtime.out.write(pageText(row, { linger, roll, runtime }));
    return EXIT.ok;
  },
  { sourcesOf: readSourcesIfWhole },
);

const LABEL_COLUMNS = 10;

function pageText(
  row: PersonaRow,
  {
    linger,
    roll,
    runtime,
  }: { readonly linger: boolean | null; readonly roll: Roll; readonly runtime: Runtime },
): string {
  const ink = inkFor(runtime.out);
  const nowMs = runtime.now();
  const state = standingInk(row.state, ink)(STANDING_WORDS[row.state]);
  const since = row.sinceMs === null ? "" : `, ${agoText(row.sinceMs, nowMs)}`;
  const facts: readonly (readonly [string, string | null])[] = [
    ["state", `${state}${since}`],
    ["waits", row.open === null ? null : row.open === 0 ? "nothing" : counted(row.open, "signal")],
    ["project", row.root === null ? null : printable(row.root, 300)],
    ["identity", identityText(row, roll, nowMs)],
    ["token", row.tokenFile === null ? (row.isHere ? ink.red("none here") : null) : row.tokenFile],
    ["surface", row.surface],
    ["service", serviceText(row, roll.silence)],
    ["start", row.daemon === null && row.state !== "archived" ? row.start : null],
    ["at boot", row.service === null ? null : bootText(row, linger)],
    ["daemon", daemonText(row, nowMs)],
    ["last ring", ringText(row, nowMs)],
  ];
  const lines = facts.flatMap(([label, words]) =>
    words === null ? [] : [`  ${padded(ink.dim(label), LABEL_COLUMNS)} ${words}\n`],
  );
  return `${ink.bold(row.address)}\n${lines.join("")}${halfText(row, ink)}`;
}

function identityText({ atHub }: PersonaRow, { hub }: Roll, nowMs: number): string {
  if (hub.error !== null) return `not known: ${hub.error.message}`;
  if (atHub === null) return `the hub at ${hub.url} does not know it`;
  const token = atHub.hasToken ? "" : ", without a token of its own";
  const lease = `signals are taken for it ${spanText(atHub.leaseMs)} unheard`;
  return `at ${hub.url}, since ${momentText(atHub.createdAtMs)} (${agoText(atHub.createdAtMs, nowMs)})${token}; ${lease}`;
}

function serviceText(row: PersonaRow, silence: string | null): string | null {
  const { service, start, isHere, record } = row;
  if (service === null) {
    if (start !== null) return "none, as asked: its daemon is started by hand";
    if (!isHere) return null;
    return silence !== null && isServiceMissed(row)
      ? `${record?.service}: not known, no service manager answers here`
      : "none keeps it alive";
  }
  const pid = service.pid === null ? "" : `, process ${service.pid}`;
  const restarts =
    service.restarts === null || service.restarts === 0 ? "" : `, started again ${service.restarts} times`;
  const why = service.why === null ? "" : `, last end: ${service.why}`;
  return `${service.name}: ${service.state}${pid}${restarts}${why}`;
}

function bootText({ service }: PersonaRow, linger: boolean | null): string {
  if (service?.startsAgain !== true) return "it does not start";
  if (linger === null) return "it starts with your login";
  return linger
    ? "it starts, without a login too (linger is on)"
    : "it starts with your login only (linger is off)";
}

function daemonText({ daemon }: PersonaRow, nowMs: number): string | null {
  if (daemon === null) return null;
  const { pid, version, lifecycle, startedAtMs } = daemon;
  const agents = daemon.agents.length === 0 ? "" : `, ${counted(daemon.agents.length, "live agent")}`;
  return `${lifecycle.state}, process ${pid}, prism ${version}, up ${spanText(nowMs - startedAtMs)}${agents}`;
}

function ringText({ daemon }: PersonaRow, nowMs: number): string | null {
  if (daemon === null) return null;
  const { lastRungAtMs, lastOutcome, lastPath, lastReason } = daemon.doorbell;
  const at = lastRungAtMs === null ? null : agoText(lastRungAtMs, nowMs);
  const by = lastPath === null ? "" : ` by ${lastPath}`;
  if (lastOutcome === "failed") {
    const before = at === null ? "" : `; the last one that was taken${by} was ${at}`;
    return `failed${lastReason === null ? "" : `: ${lastReason}`}${before}`;
  }
  return at === null ? "none yet" : `taken${by}, ${at}`;
}

function halfText({ half }: PersonaRow, ink: ReturnType<typeof inkFor>): string {
  if (half === null) return "";
  const doing = half.doing === null ? "" : `, in the middle of: ${half.doing}`;
  const done = half.done.length === 0 ? "" : `; done: ${half.done.join(", ")}`;
  return `${ink.yellow("half done")}\n  ${half.undertaking} was cut short${doing}${done}\n  finish it: ${half.finish}\n`;
}
