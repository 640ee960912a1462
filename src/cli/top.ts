/** `prism top`: every persona of this host on one screen, worst first, as it is now. Reads only. */
import { PrismError } from "../domain/errors.ts";
import { SORTS } from "../domain/overview/selection.ts";
import { openObservatory } from "../overview/observatory.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, hubTarget, localHubUrl } from "./hub-target.ts";
import { choice, duration } from "./kinds.ts";
import { hostName } from "./lasting.ts";
import { inkFor } from "./layout.ts";
import type { Runtime } from "./runtime.ts";
import { glyphsFor } from "./screen/glyphs.ts";
import { json, settings } from "./settings.ts";
import { frameText } from "./top/frame-text.ts";
import { hoursOf } from "./top/hours.ts";
import { streamOverviews } from "./top/overviews.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "top",
  about: [
    "Shows who is deaf, who is stuck and what waits for whom, live, and what to do about it. Looking changes nothing.",
    "The keys stand on the last line; ? shows all of them. With --once it prints how things stand and ends; with --json it prints an overview a line until it is told to stop, and with both, one.",
  ],
  arguments: [],
  flags: {
    once: { kind: "switch", about: "print one picture of it as plain text, and end" },
    sort: { kind: choice(SORTS), about: "what stands first", otherwise: "worst" },
    interval: {
      kind: duration({ msMin: 250, msMax: 3_600_000 }),
      about: "how often everybody is asked",
      otherwise: "1s",
    },
    host: settings.host,
    ...hubFlags,
    ...json,
  },
  examples: [
    { line: "prism top", about: "look at this host" },
    { line: "prism top --once", about: "how it stands now, for a pipe or a ticket" },
    { line: "prism top --json --interval 10s", about: "for a program, every ten seconds" },
  ],
});

export const top = verb(
  definition,
  async ({ flags }, runtime) => {
    const isLive = !flags.once && !flags.json;
    if (isLive) mustBeTerminal(runtime);
    const observatory = openObservatory({
      home: runtime.home,
      version: runtime.version,
      role: "top",
      host: flags.host ?? hostName(),
      hub: () => hubTarget(flags, runtime),
      hubUrl: () => flags.hub ?? localHubUrl(runtime),
      now: runtime.now,
      ...(flags.interval === undefined ? {} : { lookEveryMs: flags.interval }),
    });
    const { out, env, now, stopped } = runtime;
    const selection = flags.sort === undefined ? {} : { sort: flags.sort };
    const glyphs = glyphsFor(env, process.platform);
    const hours = () => hoursOf(runtime.home, now());
    try {
      if (flags.json) {
        const everyMs = flags.once ? null : (flags.interval ?? INTERVAL_MS);
        await streamOverviews(observatory, runtime, everyMs);
      } else if (flags.once) {
        const known = { overview: await observatory.look(), hours: hours(), happenings: [] };
        const columns = out.isTerminal ? out.columns : (columnsSet(env) ?? PIPE_COLUMNS);
        out.write(frameText(known, selection, { nowMs: now(), columns, glyphs, isColoured: out.isColoured }));
      } else {
        const { runTop } = await import("./top/live.ts");
        const { stdin: input, stdout: output } = runtime.streams();
        await runTop({
          ...{ observatory, hours, selection, input, output, glyphs, now, stopped },
          isColoured: inkFor(out).bold("x") !== "x",
        });
      }
    } finally {
      observatory.close();
    }
    return EXIT.ok;
  },
  { lasting: true },
);

const INTERVAL_MS = 1000;
/** All columns have room. */
const PIPE_COLUMNS = 160;

function mustBeTerminal({ out, input, env }: Runtime): void {
  const isDumb = env["TERM"] === "dumb";
  if (out.isTerminal && input.isTerminal && !isDumb) return;
  throw new PrismError(
    "unsupported",
    isDumb && out.isTerminal
      ? "this terminal can't be drawn upon (TERM is dumb)"
      : "prism top needs a terminal to draw on, and to read keys from",
    { hint: "prism top --once prints it, prism status --json and prism watch --json are for programs" },
  );
}

/** As shells tell it to programs in a pipe. */
function columnsSet(env: Runtime["env"]): number | null {
  const set = env["COLUMNS"] ?? "";
  return /^[1-9][0-9]{0,3}$/.test(set) ? Number(set) : null;
}
