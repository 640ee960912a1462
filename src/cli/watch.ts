/** `prism watch`: what happens at the personas of this host, a line each, as it happens. Reads only. */
import type { Happening, HubView } from "../domain/overview.ts";
import { openObservatory } from "../overview/observatory.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, hubTarget, localHubUrl } from "./hub-target.ts";
import { moment } from "./kinds.ts";
import { hostName, untilStopped } from "./lasting.ts";
import type { Runtime } from "./runtime.ts";
import { settings } from "./settings.ts";
import { HUB_KEY } from "./top/happenings.ts";
import { verb } from "./verb.ts";
import { loggedHappenings } from "./watch/logged.ts";
import { openWatchOutput } from "./watch/output.ts";
import { isMeant, mustBeKnown, whomArgument, whomFlags, whomNamed } from "./whom.ts";

const definition = table({
  name: "watch",
  about: [
    "Follows what happens here: signals that wait and are drained, rings, states, daemons and agents that come and go, until it is told to stop. A daemon that ends and comes back is followed on. Looking changes nothing.",
    "--since begins with what the log has of the time before: rings, states, comings and goings; of signals that waited and were drained it has nothing.",
  ],
  arguments: [whomArgument("whose happenings alone, as reviewer or reviewer@shop")],
  flags: {
    ...whomFlags,
    since: { kind: moment, about: "begin with the time before, as 10m, 2h or 2026-11-21T09:00" },
    logSink: settings.logSink,
    host: settings.host,
    ...hubFlags,
    json: { kind: "switch", about: "each as JSON, on a line" },
  },
  examples: [
    { line: "prism watch", about: "everybody of this host" },
    { line: "prism watch reviewer --since 1h", about: "one, from an hour ago on" },
    { line: "prism watch reviewer@shop --json", about: "for a program" },
  ],
});

export const watch = verb(
  definition,
  async ({ flags, arguments: [named] }, runtime) => {
    const whom = whomNamed(named, flags.project, runtime.cwd);
    const isAll = whom.persona === undefined && whom.project === undefined;
    mustBeKnown(whom, runtime, "prism watch follows everybody, prism status says who is here");
    const output = openWatchOutput(runtime, flags.json);
    if (flags.since !== undefined) {
      const sinceMs = flags.since(runtime.now());
      const before = await loggedHappenings(runtime, { whom, sinceMs, sink: flags.logSink ?? "auto" });
      for (const happening of before) output.show(happening);
    }
    const observatory = openObservatory({
      home: runtime.home,
      version: runtime.version,
      role: "watch",
      host: flags.host ?? hostName(),
      hub: () => hubTarget(flags, runtime),
      hubUrl: () => flags.hub ?? localHubUrl(runtime),
      now: runtime.now,
      wanted: (persona) => isMeant(whom, persona),
    });
    let hub: HubView | null = null;
    observatory.listen({
      changed(change, overview) {
        const before = hub;
        hub = overview.hub;
        if (before === null) output.begin(overview.personas);
        // The hub concerns everybody: of one persona its own daemon tells.
        const isNews = before === null ? !hub.answers : before.answers !== hub.answers;
        if (isAll && isNews) output.show(hubHappening(hub, change.atMs));
      },
      happened: (happening) => output.show(happening),
    });
    await over(output.closed, runtime);
    observatory.close();
    return EXIT.ok;
  },
  { lasting: true },
);

function hubHappening({ answers, reason }: HubView, atMs: number): Happening {
  return {
    atMs,
    key: HUB_KEY,
    name: answers ? "up" : "down",
    detail: answers ? "" : (reason ?? ""),
    count: null,
  };
}

/** Settles when it is told to stop, or when nobody reads any more. */
async function over(closed: AbortSignal, runtime: Runtime): Promise<void> {
  const unread = new Promise<void>((resolve) => {
    if (closed.aborted) resolve();
    closed.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([untilStopped(runtime), unread]);
}
