/** `prism hub`: the durable middle, until it is told to stop. */
import { resolve } from "node:path";
import { openHub } from "../hub/hub.ts";
import { table } from "./arguments.ts";
import { claimHome, claimStore } from "./claim.ts";
import { EXIT } from "./exit-status.ts";
import { childFlags, hostName, logFlags, openLog, openNotes, untilStopped } from "./lasting.ts";
import { inkFor } from "./layout.ts";
import { otlpFlags, otlpTarget } from "./otlp.ts";
import { writeJson } from "./runtime.ts";
import { json, PORT_DEFAULT, RETENTION_MS_DEFAULT, settings } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "hub",
  about: [
    "Nothing has to be set up on one host: the hub makes an owner-only token in the home folder, which daemons and the command line here find by themselves. Other hosts get a copy of it, named by PRISM_TOKEN_FILE.",
    "Beyond this host it wants a certificate, because tokens and texts would cross the network in the clear; --plaintext says that something else, as a VPN, protects them.",
  ],
  arguments: [],
  flags: {
    listen: settings.listen,
    data: settings.data,
    tlsCert: settings.tlsCert,
    tlsKey: settings.tlsKey,
    plaintext: settings.plaintext,
    retention: settings.retention,
    loopAnswers: settings.loopAnswers,
    loopPace: settings.loopPace,
    loopQuiet: settings.loopQuiet,
    ...otlpFlags,
    ...logFlags,
    ...childFlags,
    ...json,
  },
  apart: [
    ["plaintext", "tlsCert"],
    ["plaintext", "tlsKey"],
  ],
  together: [["tlsCert", "tlsKey"]],
  examples: [
    { line: "prism hub", about: "for this host, on 127.0.0.1:7747" },
    { line: "prism hub --listen 127.0.0.1:0 --data /srv/prism --json", about: "a free port, told as JSON" },
    {
      line: "prism hub --listen 0.0.0.0:7747 --tls-cert hub.pem --tls-key hub.key",
      about: "for other hosts too",
    },
  ],
});

export const hub = verb(
  definition,
  async ({ flags }, runtime) => {
    const { home, cwd } = runtime;
    const log = await openLog("hub", flags, runtime);
    claimHome(home);
    const dataDir = flags.data === undefined ? home.hubDataDir : resolve(cwd, flags.data);
    claimStore(dataDir);
    const running = await openHub({
      listen: flags.listen ?? { host: "127.0.0.1", port: PORT_DEFAULT },
      dataDir,
      home,
      retentionMs: flags.retention ?? RETENTION_MS_DEFAULT,
      loops: {
        ...(flags.loopAnswers === undefined ? {} : { answersMax: flags.loopAnswers }),
        ...(flags.loopPace === undefined ? {} : { paceMs: flags.loopPace }),
        ...(flags.loopQuiet === undefined ? {} : { quietMs: flags.loopQuiet }),
      },
      ...(flags.tlsCert === undefined || flags.tlsKey === undefined
        ? {}
        : { tls: { certFile: resolve(cwd, flags.tlsCert), keyFile: resolve(cwd, flags.tlsKey) } }),
      plaintext: flags.plaintext,
      env: runtime.env,
      ...otlpTarget(flags, runtime),
      host: hostName(),
      version: runtime.version,
      log,
    });
    if (flags.json)
      writeJson(runtime.out, { url: running.url, port: running.port, dataDir, pid: process.pid });
    else {
      const ink = inkFor(runtime.out);
      runtime.out.write(`${ink.bold("hub")} listens on ${running.url}, with its store in ${dataDir}\n`);
    }
    const notes = await openNotes(runtime, log);
    notes?.ready(() => `listens on ${running.url}`);
    const failure = await Promise.race([running.failed, untilStopped(runtime, flags)]);
    notes?.stopping();
    if (typeof failure !== "string") throw failure;
    await running.close(failure);
    return EXIT.ok;
  },
  { lasting: true },
);
