/** `prism service status`: what this host's service manager keeps alive for this home, and how it fares. */
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { grid, inkFor } from "../layout.ts";
import { writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { readSourcesIfWhole, servicesHere, shownOwner } from "./here.ts";

const definition = table({
  name: "service status",
  about: [
    "What the service manager says: running means that a process is there. Whether a daemon is well, only the daemon itself can say: prism status and prism doctor ask it.",
  ],
  arguments: [],
  flags: { persona: settings.persona, ...json },
  examples: [{ line: "prism service status", about: "every service of this home" }],
});

export const serviceStatus = verb(
  definition,
  async ({ flags, typed }, runtime) => {
    const { launcher, own } = await servicesHere(runtime);
    const wanted = typed.has("persona")
      ? own.filter(({ owner }) => owner.kind === "daemon" && owner.persona === flags.persona)
      : own;
    const services = await Promise.all(
      wanted.map(async ({ name, owner }) => ({ owner, ...(await launcher.status(name)) })),
    );
    if (flags.json) {
      writeJson(runtime.out, { system: launcher.system, services });
      return EXIT.ok;
    }
    const ink = inkFor(runtime.out);
    if (services.length === 0) {
      runtime.out.write(
        `${launcher.system} keeps nothing of this home alive; see "prism help service install"\n`,
      );
      return EXIT.ok;
    }
    const rows = services.map(({ owner, name, state, startsAgain, pid, restarts, why }) => [
      shownOwner(owner),
      state,
      pid === null ? "" : String(pid),
      restarts === null ? "" : String(restarts),
      startsAgain ? "yes" : "no",
      why ?? "",
      name,
    ]);
    const heading = ["of", "state", "pid", "started again", "at login", "last end", "service"];
    runtime.out.write(`${grid(heading, rows, ink)}\n`);
    return EXIT.ok;
  },
  { sourcesOf: readSourcesIfWhole },
);
