/** `prism service uninstall`: ends a hub or a daemon in order, and takes it out of this host's keeping. */
import { applyPlan } from "../../launchers/apply.ts";
import { isSameOwner } from "../../launchers/owner.ts";
import type { Owner } from "../../launchers/spec.ts";
import { table } from "../arguments.ts";
import { EXIT, type ExitStatus } from "../exit-status.ts";
import { inkFor } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { ownerNamed, whatArgument } from "./about.ts";
import { askToEnd } from "./ask-to-end.ts";
import { readSourcesIfWhole, servicesHere, shownOwner } from "./here.ts";
import { planText } from "./plan-text.ts";

const definition = table({
  name: "service uninstall",
  about: [
    "Its data stay: signals, the token, the persona and its surface. The address stays on duty for its lease; to end that too, prism wrap it.",
  ],
  arguments: [whatArgument],
  flags: {
    persona: settings.persona,
    project: settings.project,
    tenant: settings.tenant,
    dryRun: { kind: "switch", about: "shows what would be run and removed, and does nothing" },
    ...json,
  },
  examples: [
    { line: "prism service uninstall daemon --persona reviewer --project ~/shop", about: "one daemon" },
    { line: "prism service uninstall hub", about: "the hub of this host" },
  ],
});

export const serviceUninstall = verb(
  definition,
  async (input, runtime) => {
    const { flags, typed } = input;
    const [what] = input.arguments;
    const owner = ownerNamed(what, flags, typed, runtime);
    const here = await servicesHere(runtime);
    const { name } = here.own.find((each) => isSameOwner(each.owner, owner)) ?? { name: null };
    const plan = name === null ? [] : here.launcher.remove(name);
    const facts = { name, system: here.launcher.system, dryRun: flags.dryRun };
    const ink = inkFor(runtime.out);
    if (flags.dryRun) {
      if (flags.json) writeJson(runtime.out, { ...facts, plan });
      else runtime.out.write(planText(plan, ink));
      return EXIT.ok;
    }
    if (name === null) return nothingThere(owner, facts, flags.json, runtime);
    if (owner.kind === "daemon") await askToEnd(owner, "its service is uninstalled", runtime);
    const { done } = await applyPlan(plan, { run: here.run });
    if (flags.json) writeJson(runtime.out, { ...facts, done });
    else
      runtime.out.write(
        `${ink.green("removed")} ${name}: nothing keeps ${shownOwner(owner)} alive any more\n`,
      );
    return EXIT.ok;
  },
  { sourcesOf: readSourcesIfWhole },
);

/** Again is the same as once. */
function nothingThere(owner: Owner, facts: object, asJson: boolean, { out }: Runtime): ExitStatus {
  if (asJson) writeJson(out, { ...facts, done: [] });
  else out.write(`this host keeps no service for ${shownOwner(owner)}; nothing was done\n`);
  return EXIT.ok;
}
