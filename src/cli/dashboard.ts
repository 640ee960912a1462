/** `prism dashboard`: the page of this host, for one person's browser, until it is told to stop. Reads only. */

import { PAGE_HTML } from "../dashboard/page-asset.ts";
import { openDashboard } from "../dashboard/server.ts";
import { openObservatory } from "../overview/observatory.ts";
import { table } from "./arguments.ts";
import { openInBrowser } from "./dashboard/browser.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, hubTarget, localHubUrl } from "./hub-target.ts";
import { childFlags, hostName, untilStopped } from "./lasting.ts";
import { inkFor } from "./layout.ts";
import { writeJson } from "./runtime.ts";
import { json, settings } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "dashboard",
  about: [
    "Shows every persona of this host, what is wrong with it and what waits for whom, in a browser, as it happens. Looking changes nothing.",
    "Only this host is answered, and only a browser that came by the link, which works once. The link is opened in your browser if there is a screen; each start makes a new one.",
  ],
  arguments: [],
  flags: {
    listen: { kind: settings.listen.kind, about: "where it listens", otherwise: "127.0.0.1, any free port" },
    noOpen: { kind: "switch", about: "only print the link" },
    host: settings.host,
    ...hubFlags,
    ...childFlags,
    ...json,
  },
  examples: [
    { line: "prism dashboard", about: "open it" },
    {
      line: "prism dashboard --no-open --listen 127.0.0.1:9748",
      about: "print the link, at a port of your choice",
    },
    { line: "prism dashboard --json", about: "the link as JSON, for a script" },
  ],
});

export const dashboard = verb(
  definition,
  async ({ flags }, runtime) => {
    const observatory = openObservatory({
      home: runtime.home,
      version: runtime.version,
      role: "dashboard",
      host: flags.host ?? hostName(),
      hub: () => hubTarget(flags, runtime),
      hubUrl: () => flags.hub ?? localHubUrl(runtime),
      now: runtime.now,
    });
    const server = await openDashboard({
      home: runtime.home,
      listen: flags.listen ?? { host: "127.0.0.1", port: 0 },
      observatory,
      page: PAGE_HTML,
      now: runtime.now,
    });
    const link = server.newLink();
    if (flags.json) {
      writeJson(runtime.out, { url: server.url, link, pid: process.pid });
    } else {
      const { bold, dim } = inkFor(runtime.out);
      runtime.out.write(`${bold("dashboard")} ${link}\n${dim("the link works once; Ctrl-C ends it")}\n`);
    }
    const forget = flags.noOpen || flags.json ? () => {} : await openInBrowser(link, runtime);
    await untilStopped(runtime, flags);
    forget();
    await server.close();
    observatory.close();
    return EXIT.ok;
  },
  { lasting: true },
);
