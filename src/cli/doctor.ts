/** `prism doctor`: one page of checks, each with what to do about it. Changes nothing, but with `--fix`. */
import { table } from "./arguments.ts";
import { examine } from "./doctor/examine.ts";
import { mendAll } from "./doctor/fix.ts";
import { type Found, pageText, reportOf } from "./doctor/page.ts";
import { EXIT, EXIT_STATUSES, type ExitStatus } from "./exit-status.ts";
import { hubFlags } from "./hub-target.ts";
import { inkFor } from "./layout.ts";
import { writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "doctor",
  about: [
    "Looks at this program, the home folder, the settings and the disk, asks the hub, the service manager and this host's daemons whether they answer in time, and compares what was set up with what stands. The exit status is 0 if nothing has to be mended, else that of the first failure.",
    "Nothing is changed without --fix, and with it only what is safe and can be taken back: files are closed to others, what nobody needs any more is removed, services are enabled. Each thing done is told.",
  ],
  arguments: [],
  flags: {
    ...hubFlags,
    fix: { kind: "switch", about: "mends what can be mended safely, and says each thing it did" },
    ...json,
  },
  examples: [
    { line: "prism doctor", about: "before asking anybody for help" },
    { line: "prism doctor --fix", about: "what is open closed, what is left behind removed" },
    {
      line: "prism doctor --json",
      about: '{"well": false, "checks": [{"name": "hub", "verdict": "fail", ...',
    },
  ],
});

export const doctor = verb(
  definition,
  async ({ flags }, runtime) => {
    const before = await examine(flags, runtime);
    const deeds = flags.fix ? await mendAll(before) : [];
    // What was mended may have mended more than itself.
    const found = deeds.length === 0 ? before : await examine(flags, runtime);
    if (flags.json) writeJson(runtime.out, reportOf(found, deeds));
    else runtime.out.write(pageText(found, deeds, inkFor(runtime.out)));
    const worst = found.find(({ verdict }) => verdict === "fail");
    return worst === undefined ? EXIT.ok : statusOf(worst);
  },
  // Nothing from outside: a broken setting is a finding here, not a failure.
  { sourcesOf: (runtime) => ({ env: {}, config: {}, configPath: runtime.home.configPath }) },
);

function statusOf({ topic, code }: Found): ExitStatus {
  if (topic === "settings") return EXIT.config;
  return code === undefined ? EXIT.software : EXIT_STATUSES[code];
}
