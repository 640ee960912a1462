/** `prism metrics serve`: one endpoint for all daemons of this host, until it is told to stop. */
import { PrismError } from "../../domain/errors.ts";
import { isLoopback } from "../../net/loopback.ts";
import { openPageServer } from "../../net/page-server.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { hubUrlHere } from "../hub-target.ts";
import { childFlags, hostName, logFlags, openLog, openNotes, untilStopped } from "../lasting.ts";
import { inkFor } from "../layout.ts";
import { writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { openGatherer } from "./gather.ts";
import { gatherRoutes } from "./routes.ts";

const PORT_DEFAULT = 9747;

const definition = table({
  name: "metrics serve",
  about: [
    "One scrape of /metrics sees every daemon of this host: 24 series a persona, and whether each answered in time. /sd tells Prometheus where to find each of them alone, for who wants its own up for each, and the hub of this host.",
    "Only this host is answered, unless --plaintext says that another address may be: the page names personas and projects, and asks nobody for a token.",
  ],
  arguments: [],
  flags: {
    listen: { kind: settings.listen.kind, about: "where it listens", otherwise: `127.0.0.1:${PORT_DEFAULT}` },
    plaintext: settings.plaintext,
    host: settings.host,
    ...logFlags,
    ...childFlags,
    ...json,
  },
  examples: [
    { line: "prism metrics serve", about: `http://127.0.0.1:${PORT_DEFAULT}/metrics for Prometheus` },
    { line: "prism metrics serve --listen 127.0.0.1:0 --json", about: "a free port, told as JSON" },
  ],
});

export const metricsServe = verb(
  definition,
  async ({ flags }, runtime) => {
    const log = await openLog("metrics", flags, runtime);
    const listen = flags.listen ?? { host: "127.0.0.1", port: PORT_DEFAULT };
    if (!isLoopback(listen.host) && !flags.plaintext) {
      throw new PrismError(
        "invalid_argument",
        `listening on ${listen.host} would show personas and projects to other hosts`,
        { hint: "listen on 127.0.0.1, or allow it with --plaintext if a VPN or a firewall protects it" },
      );
    }
    const gatherer = openGatherer({
      home: runtime.home,
      version: runtime.version,
      host: flags.host ?? hostName(),
      log,
    });
    let target = "";
    const server = await openPageServer({
      listen,
      flag: "--listen",
      answer: gatherRoutes(gatherer, { ownTarget: () => target, hubUrl: () => hubUrlHere(runtime) }),
      log,
    });
    target = server.url.slice("http://".length);
    if (flags.json) writeJson(runtime.out, { url: server.url, pid: process.pid });
    else runtime.out.write(`${inkFor(runtime.out).bold("metrics")} of this host at ${server.url}/metrics\n`);
    const notes = await openNotes(runtime, log);
    notes?.ready(() => `${gatherer.places().length} daemons to ask, at ${server.url}`);
    await untilStopped(runtime, flags);
    notes?.stopping();
    await server.close();
    gatherer.close();
    return EXIT.ok;
  },
  { lasting: true },
);
