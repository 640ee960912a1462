/** `prism uninstall`: leaves no unit, process, link or hook of Prism's; the user's data only goes if that is said. */
import { printable } from "../domain/address.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { heldInstallation } from "./install/held.ts";
import { isOfSystem } from "./install/places.ts";
import { type Removal, type RemovalStep, removalOf } from "./install/removal.ts";
import { openServices } from "./install/services.ts";
import { placesHere } from "./install/whole.ts";
import { inkFor, padded } from "./layout.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { listText } from "./surface/told.ts";
import { type Verb, type VerbEntryGroup, verb } from "./verb.ts";

const definition = table({
  name: "uninstall",
  about: [
    "In this order: the services of this host, daemons and a hub that were started by hand, what was set up in the agents' programs, completions and manual, and the program itself. What somebody else put in the same places stays.",
    "Signals, tokens, settings and logs stay, so that an installation later goes on where this one was; with --purge they go too. Cut short, the same command again does the rest.",
  ],
  arguments: [],
  flags: {
    purge: { kind: "switch", about: "also remove the data: signals, tokens, settings and logs, for good" },
    dryRun: { kind: "switch", about: "shows what would go, and does nothing" },
    ...json,
  },
  examples: [
    { line: "prism uninstall --dry-run", about: "what would go" },
    { line: "prism uninstall --purge", about: "as if it had never been here" },
  ],
});

/** @param groups all verbs; handed in, because this is one of them */
export function uninstallOf(groups: readonly VerbEntryGroup[]): Verb {
  return verb(
    definition,
    async ({ flags }, runtime) => {
      const places = placesHere(runtime);
      const services = await openServices(runtime);
      const removal = await removalOf(places, { services, groups, purge: flags.purge, runtime });
      if (!flags.dryRun && removal.steps.length > 0) {
        const lock = await heldInstallation(places, runtime);
        try {
          await removeAll(removal.steps, { giveBack: () => lock.release() });
        } finally {
          lock.release();
        }
      }
      const notes = [
        ...removal.notes,
        ...(services.silence === null ? [] : [`services were not looked for: ${services.silence}`]),
        ...(isOfSystem(runtime.self.command)
          ? ["the program itself is a package's: remove it by the system's package manager"]
          : []),
      ];
      const taken = removal.steps.map(({ kind, what }) => ({ kind, what }));
      const facts = { dryRun: flags.dryRun, purge: flags.purge, changed: !flags.dryRun && taken.length > 0 };
      const data = flags.purge ? null : runtime.home.root;
      if (flags.json) writeJson(runtime.out, { ...facts, taken, data, notes });
      else runtime.out.write(pageText(removal, { ...facts, data, notes }, runtime));
      return EXIT.ok;
    },
    // A broken configuration must not keep anybody from removing what it configures.
    { sourcesOf: (runtime) => ({ env: {}, config: {}, configPath: runtime.home.configPath }) },
  );
}

/**
 * @param did told after each step; what it throws stops the rest, as a crash would
 * @param giveBack called before the last step, which takes the lock's own folder
 */
export async function removeAll(
  steps: readonly RemovalStep[],
  { did, giveBack }: { readonly did?: (step: RemovalStep) => void; readonly giveBack?: () => void } = {},
): Promise<void> {
  for (const step of steps) {
    if (step === steps.at(-1)) giveBack?.();
    await step.take();
    did?.(step);
  }
}

function pageText(
  { steps }: Removal,
  facts: { readonly dryRun: boolean; readonly data: string | null; readonly notes: readonly string[] },
  runtime: Runtime,
): string {
  const ink = inkFor(runtime.out);
  const { dryRun, data, notes } = facts;
  if (steps.length === 0)
    return `there is nothing of Prism's to remove\n${listText("mind", notes, ink.yellow)}`;
  const rows = steps
    .map(({ kind, what }) => `  ${padded(ink.dim(kind), 8)} ${printable(what, 300)}\n`)
    .join("");
  const head = dryRun ? "nothing was done; without --dry-run these go\n" : `${ink.green("removed")}\n`;
  const kept =
    data === null ? "" : `${ink.dim(`signals, tokens, settings and logs stay in ${printable(data, 300)}`)}\n`;
  return `${head}${rows}${kept}${listText("mind", notes, ink.yellow)}`;
}
