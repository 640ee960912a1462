/** `prism metrics`: the page of one daemon of this host, or of all of them. Reads only. */
import { formatAddress, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { PAGE_FORMS } from "../metrics/exposition.ts";
import { type GatheredDaemon, gatheredPage } from "../metrics/gathered.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { choice } from "./kinds.ts";
import { hostName } from "./lasting.ts";
import { openGatherer } from "./metrics/gather.ts";
import { projectNamed } from "./project.ts";
import { writeJson } from "./runtime.ts";
import { json, settings } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "metrics",
  about: [
    "Asks the daemons of this host, each over its own socket, and prints what they count, as Prometheus reads it: 24 series a persona. With both --persona and --project it is the page of that one daemon as it is; else of all that match, with prism_gather_daemon_up for each, 0 for one that did not answer in time.",
    'To be scraped, run "prism metrics serve"; docs/metrics.md has every series, and rules and a dashboard to load.',
  ],
  arguments: [],
  flags: {
    // No settings: an agent's own environment must not hide the others from it.
    persona: { kind: settings.persona.kind, about: "only this persona" },
    project: { kind: settings.project.kind, about: "only this project" },
    form: { kind: choice(PAGE_FORMS), about: "how the page is written", otherwise: "text" },
    host: settings.host,
    ...json,
  },
  examples: [
    { line: "prism metrics", about: "everything on this host" },
    { line: "prism metrics --persona reviewer --project .", about: "of one daemon" },
  ],
});

export const metrics = verb(definition, async ({ flags }, runtime) => {
  const { persona, form = "text" } = flags;
  const project = flags.project === undefined ? undefined : projectNamed(flags.project, runtime.cwd);
  const gatherer = openGatherer({
    home: runtime.home,
    version: runtime.version,
    host: flags.host ?? hostName(),
    // What a line on the screen would say stands on the page.
    log: () => {},
    wanted: ({ address }) =>
      (persona === undefined || address.persona === persona) &&
      (project === undefined || address.project === project),
  });
  const gathering = await gatherer.gather(form);
  gatherer.close();
  const isOne = persona !== undefined && project !== undefined;
  const page = isOne ? onlyPage(gathering.daemons, { persona, project }) : gatheredPage(gathering, form);
  if (!flags.json) {
    runtime.out.write(page);
    return EXIT.ok;
  }
  writeJson(runtime.out, {
    form,
    page,
    daemons: gathering.daemons.map(({ tenant, page: own, ...address }) => ({
      tenant,
      address: formatAddress(address),
      up: own !== null,
    })),
  });
  return EXIT.ok;
});

/** Of several tenants the first that answered; on nearly every host there is one. */
function onlyPage(
  daemons: readonly GatheredDaemon[],
  address: { readonly persona: string; readonly project: string },
): string {
  const page = daemons.find((daemon) => daemon.page !== null)?.page;
  if (typeof page === "string") return page;
  const name = formatAddress(address);
  throw new PrismError(
    "daemon_unreachable",
    daemons.length === 0
      ? `no daemon of ${name} runs on this host`
      : `the daemon of ${name} did not answer in time`,
    { hint: `start it: prism daemon --persona ${printable(address.persona)} --project DIR` },
  );
}
