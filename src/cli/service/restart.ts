/**
 * `prism service restart`: starts this home's services anew, one after the other, each once the one before is back.
 * For after a package was upgraded, which has no hand in what a user runs.
 */
import { PrismError } from "../../domain/errors.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { type Due, patience, restarted } from "../install/restart.ts";
import { lifeOf, openServices, type Service } from "../install/services.ts";
import { inkFor } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { verb } from "../verb.ts";

const definition = table({
  name: "service restart",
  about: [
    "The hub first, then one daemon after the other, each once the one before is connected again; so of fifty at most one is away at a time, and no signal is lost. The first that does not come back ends it, and the others go on as they are. What does not run stays so.",
    "After a package of the system was upgraded, --older has only that started anew which still runs the former version. prism upgrade does it by itself.",
  ],
  arguments: [],
  flags: {
    persona: { kind: settings.persona.kind, about: "only this persona's daemons" },
    older: { kind: "switch", about: "only what runs another version than this one" },
    ...json,
  },
  examples: [
    { line: "prism service restart --older", about: "after the package was upgraded" },
    {
      line: "prism service restart --persona reviewer",
      about: "one persona's, as after a change of its settings",
    },
  ],
});

export const serviceRestart = verb(definition, async ({ flags }, runtime) => {
  const services = await openServices(runtime);
  if (services.silence !== null) throw new PrismError("unsupported", services.silence);
  const due: (Due & { readonly life: string | undefined })[] = [];
  const asTheyWere: Service[] = [];
  for (const service of services.list) {
    const isMeant = isOf(service, flags.persona) && (await services.isRunning(service));
    // Asked before any is touched: once the hub has gone, no daemon is connected for a while.
    const life = isMeant ? await lifeOf(service.owner, runtime) : undefined;
    if (!isMeant || (flags.older && life?.version === runtime.version)) asTheyWere.push(service);
    else due.push({ service, mustBeUp: life?.isUp !== false, life: life?.life });
  }
  for (const [at, each] of due.entries()) await startAnew(each, due.length - at - 1, { services, runtime });
  const report = {
    restarted: due.map(({ service }) => service.shown),
    asTheyWere: asTheyWere.map(({ shown }) => shown),
  };
  if (flags.json) writeJson(runtime.out, report);
  else runtime.out.write(doneText(report.restarted, runtime));
  return EXIT.ok;
});

function isOf({ owner }: Service, persona: string | undefined): boolean {
  return persona === undefined || (owner.kind === "daemon" && owner.persona === persona);
}

async function startAnew(
  due: Due & { readonly life: string | undefined },
  behind: number,
  {
    services,
    runtime,
  }: { readonly services: Awaited<ReturnType<typeof openServices>>; readonly runtime: Runtime },
): Promise<void> {
  const { service } = due;
  const ink = inkFor(runtime.err);
  runtime.err.write(`${ink.dim(`${service.shown} starts anew ...`)}\n`);
  const failure = await restarted(due, due.life, {
    ...patience,
    services,
    lifeOf: ({ owner }) => lifeOf(owner, runtime),
  });
  if (failure === undefined) {
    runtime.err.write(`${ink.dim(`${service.shown} is back`)}\n`);
    return;
  }
  const rest = behind === 0 ? "" : `; ${behind} more ${behind === 1 ? "was" : "were"} not touched`;
  throw new PrismError(
    service.owner.kind === "hub" ? "hub_unreachable" : "daemon_unreachable",
    `${service.shown} did not come back: ${failure}${rest}`,
    { hint: '"prism doctor" says why' },
  );
}

function doneText(restartedOnes: readonly string[], { out }: Runtime): string {
  if (restartedOnes.length === 0) return "nothing had to be started anew\n";
  return `${inkFor(out).green("started anew")} ${restartedOnes.join(", ")}\n`;
}
