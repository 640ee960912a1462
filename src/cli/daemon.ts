/** `prism daemon`: one persona in one project, watched over until it is told to stop. */
import { openDaemon } from "../daemon/daemon.ts";
import { formatAddress, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { loadSurface } from "../surfaces/registry.ts";
import { table } from "./arguments.ts";
import { claimHome } from "./claim.ts";
import { attachFlags, attachSettings } from "./daemon-attach.ts";
import { surfaceConfig, surfaceFlags } from "./daemon-surface.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, hubTarget, localHubUrl, mustBeUsable } from "./hub-target.ts";
import { keptSurface } from "./kept-surface.ts";
import { childFlags, hostName, logFlags, openLog, openNotes, untilStopped } from "./lasting.ts";
import { inkFor } from "./layout.ts";
import { otlpFlags, otlpTarget } from "./otlp.ts";
import { keptTogether, keptToken } from "./persona-token.ts";
import { projectAt } from "./project.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json, needed, settings, TENANT_DEFAULT } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "daemon",
  about: [
    "Holds a connection to the hub and rings the surface when signals wait, however often the network, the hub or this host went away in between. It stays with one persona and one project for its life; a second one for the same is told who holds it.",
    'The project\'s name is the folder\'s, unless the folder\'s prism.json says otherwise: {"project": "shop"}. Called as prism-daemon, the program is this verb.',
  ],
  arguments: [],
  flags: {
    persona: needed(settings.persona),
    project: { ...needed(settings.project), about: "the project's folder" },
    surface: { ...settings.surface, otherwise: 'what "prism surface add" set up' },
    ...surfaceFlags,
    ...attachFlags,
    lease: settings.lease,
    ringAgain: settings.ringAgain,
    metricsListen: settings.metricsListen,
    ...otlpFlags,
    host: settings.host,
    tenant: settings.tenant,
    ...hubFlags,
    ...logFlags,
    ...childFlags,
    ...json,
  },
  examples: [
    {
      line: "prism daemon --persona reviewer --project ~/shop",
      about: "rings where prism surface add has set the agent up",
    },
    {
      line: "prism daemon --persona reviewer --project ~/shop --surface terminal",
      about: "rings in this terminal",
    },
    {
      line: "prism daemon --persona ci --project . --surface exec --exec-command ./on-ring",
      about: "runs a command for each ring, its facts in the environment",
    },
    {
      line: "prism daemon --persona ci --project . --surface tmux --tmux-target ci",
      about: "types one line into the agent's pane, in session ci of tmux -L prism",
    },
    {
      line: "prism-daemon --persona reviewer --project ~/shop --surface terminal",
      about: "rings in this terminal, by its other name",
    },
  ],
});

export const daemon = verb(
  definition,
  async (input, runtime) => {
    const { flags } = input;
    const { home } = runtime;
    const project = projectAt(flags.project, runtime.cwd);
    const address = { persona: flags.persona, project: project.name };
    const tenant = flags.tenant ?? TENANT_DEFAULT;
    const log = await openLog("daemon", flags, runtime, { tenant, ...address });
    const surface = flags.surface ?? noSurface(flags.persona, flags.project);
    const open = await loadSurface(surface, surfaceConfig(surface, input));
    claimHome(home);
    const target = () => hubTarget(flags, runtime);
    mustBeUsable(target);
    const running = await openDaemon({
      ...address,
      home,
      tenant,
      host: flags.host ?? hostName(),
      root: project.root,
      surface: (ports) =>
        open({
          ...address,
          root: project.root,
          env: runtime.env,
          output: { isTerminal: runtime.out.isTerminal, descriptor: 1, write: runtime.out.write },
          log,
          ...ports,
        }),
      hub: target,
      env: runtime.env,
      ...(flags.lease === undefined ? {} : { leaseMs: flags.lease }),
      ...(flags.ringAgain === undefined ? {} : { doorbell: { unansweredDelaysMs: flags.ringAgain } }),
      attach: attachSettings(flags),
      ...(flags.metricsListen === undefined ? {} : { metricsListen: flags.metricsListen }),
      ...otlpTarget(flags, runtime),
      version: runtime.version,
      log,
    });
    const facts = {
      address: formatAddress(address),
      root: project.root,
      surface,
      hub: flags.hub ?? localHubUrl(runtime),
    };
    if (flags.json) writeJson(runtime.out, { ...facts, pid: process.pid });
    else runtime.out.write(startedText(facts, runtime));
    const notes = await openNotes(runtime, log);
    notes?.ready(() => `${facts.address}: ${running.status().lifecycle.state}`);
    void untilStopped(runtime, flags).then((reason) => {
      notes?.stopping();
      return running.close(reason);
    });
    const { reason, error } = await running.closed;
    if (reason === "failed") throw error ?? new Error("the daemon failed without saying why");
    if (reason === "wrapped" && !flags.json) runtime.out.write(wrappedText(facts.address, error, runtime));
    return EXIT.ok;
  },
  {
    lasting: true,
    async keptOf({ flags, typed }, runtime) {
      const address = { persona: flags.persona, project: projectAt(flags.project, runtime.cwd).name };
      return keptTogether(
        await keptSurface(flags, typed, runtime),
        keptToken(address, flags.tenant, runtime),
      );
    },
  },
);

function noSurface(persona: string, project: string): never {
  throw new PrismError(
    "invalid_argument",
    `daemon needs --surface NAME: none is set up for ${persona} here`,
    {
      hint: `give it, or set one up: prism surface add claude-code --persona ${persona} --project ${printable(project, 200)}`,
    },
  );
}

function startedText(
  facts: { readonly address: string; readonly surface: string; readonly hub: string },
  runtime: Runtime,
): string {
  const ink = inkFor(runtime.out);
  return `${ink.bold("daemon")} stands watch for ${facts.address} on surface ${facts.surface}, with the hub at ${facts.hub}\n`;
}

/** A wrap may have come while no daemon was there to hear it: then this is all that a person sees of it. */
function wrappedText(address: string, why: PrismError | undefined, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  if (why !== undefined) {
    const hint = why.hint === undefined ? "" : `; ${why.hint}`;
    return `${ink.bold("daemon")} ends: ${why.message}${hint}\n`;
  }
  return `${ink.bold("daemon")} ends: ${address} was wrapped; start it again to put ${address} back on duty\n`;
}
