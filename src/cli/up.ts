/**
 * `prism up`: the first minute. A hub, a daemon and a surface as real processes, a short tour in which the
 * hub is killed and nothing is lost, and then the same parts to play with. All of it in a folder of its own,
 * so that a hub that runs for real is never touched.
 */
import { mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { PrismError } from "../domain/errors.ts";
import { ensurePrivateDir, homeAt } from "../host/home.ts";
import { holdLock } from "../host/lock.ts";
import { table } from "./arguments.ts";
import { claimHome } from "./claim.ts";
import { EXIT } from "./exit-status.ts";
import { untilStopped } from "./lasting.ts";
import { inkFor } from "./layout.ts";
import type { Runtime } from "./runtime.ts";
import { json } from "./settings.ts";
import { type Narrator, openNarrator, typedPath } from "./up/narrator.ts";
import { openStage, type Stage } from "./up/processes.ts";
import { Tour, type Toured } from "./up/tour.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "up",
  about: [
    "Starts a hub, a daemon and a surface, sends a signal, rings, drains; then kills the hub with a signal in flight, brings it back, and shows that nothing was lost. Every step is checked, and what is not so ends it with a failure.",
    "On a terminal it then stays, and says what to type next; Ctrl-C ends it. Elsewhere it ends by itself. It works in the folder demo inside the home folder and takes it away again: a hub of yours is not touched.",
  ],
  arguments: [],
  flags: {
    once: { kind: "switch", about: "end after the tour, on a terminal too" },
    ...json,
  },
  examples: [
    { line: "prism up", about: "the tour, and then your turn" },
    { line: "prism up --once --json", about: "one line of JSON for each step: a smoke test" },
  ],
});

export const up = verb(
  definition,
  async ({ flags }, runtime) => {
    const root = runtime.home.root;
    claimHome(runtime.home);
    const lock = await holdLock(join(root, "demo.lock"), "the tour in this home folder", {
      pid: process.pid,
      startedAtMs: runtime.now(),
      host: hostname(),
      root,
    });
    const demo = join(root, "demo");
    const stage = openStage(demo, runtime);
    try {
      const tell = openNarrator(runtime, flags.json);
      await onStage({
        demo,
        stage,
        tell,
        runtime,
        stays: runtime.out.isTerminal && !flags.once && !flags.json,
      });
    } finally {
      await stage.end();
      lock.release();
    }
    // Only after a good end: of a failure the logs stay.
    rmSync(demo, { recursive: true, force: true });
    return EXIT.ok;
  },
  { lasting: true },
);

interface Show {
  readonly demo: string;
  readonly stage: Stage;
  readonly tell: Narrator;
  readonly runtime: Runtime;
  readonly stays: boolean;
}

async function onStage({ demo, stage, tell, runtime, stays }: Show): Promise<void> {
  // What an earlier tour left when it was killed.
  rmSync(demo, { recursive: true, force: true });
  ensurePrivateDir(demo);
  const project = join(demo, "shop");
  mkdirSync(project);
  const home = homeAt(demo);
  tell.title(
    `prism ${runtime.version}: the first minute`,
    `Everything here is real: processes, sockets and files, in ${typedPath(demo)}.`,
  );
  const place = { home: demo, tokenPath: home.tokenPath, project, projectShown: typedPath(project) };
  const tour = new Tour({ stage, place, tell, now: runtime.now });
  const stopped = untilStopped(runtime);
  const toured = await Promise.race([tour.run(), stopped.then(() => undefined)]);
  if (toured === undefined) return;
  if (!stays) {
    tell.step("done", { ok: true });
    return;
  }
  runtime.out.write(nextText({ project: place.projectShown, demo: typedPath(demo) }, runtime));
  await stay(toured, tell, stopped, runtime);
}

/** Shows rings as they come, until the end is asked for or a part ends that should not. */
async function stay(
  toured: Toured,
  tell: Narrator,
  stopped: Promise<string>,
  runtime: Runtime,
): Promise<void> {
  const { hub, daemon } = toured;
  const ink = inkFor(runtime.out);
  daemon.onLine((line) => {
    tell.ring(line.replace(/[\u0000-\u001f\u007f]/g, ""), "");
  });
  const fallen = await Promise.race([
    stopped.then(() => undefined),
    hub.ended.then(() => hub),
    daemon.ended.then(() => daemon),
  ]);
  if (fallen !== undefined) {
    throw new PrismError("daemon_unreachable", `the ${fallen.name} (process ${fallen.pid}) has ended`, {
      hint: "start again with: prism up",
    });
  }
  runtime.out.write(`\n${ink.dim("ending the daemon and the hub, in this order ...")}\n`);
}

/** Exact commands, as they work in another terminal. */
function nextText(facts: { readonly project: string; readonly demo: string }, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const prism = runtime.typedName;
  const own = runtime.env["PRISM_HOME"];
  const commands = (lines: readonly string[]): string =>
    lines.map((line) => `  ${ink.dim("$")} ${line}`).join("\n");
  return `
${ink.bold(ink.cyan("Your turn"))}
${ink.dim("In another terminal; it rings in this one.")}

${commands([
  homeLine(facts.demo),
  `${prism} signal reviewer@shop "Hello from me"`,
  `${prism} drain --persona reviewer --project ${facts.project}`,
  `${prism} status`,
])}

${ink.bold(ink.cyan("For real"))}
${ink.dim("In new terminals: your own hub, and a daemon for each agent.")}

${commands([
  ...(own === undefined || own === "" ? [] : [homeLine(typedPath(runtime.home.root))]),
  `${prism} hub`,
  `${prism} daemon --persona reviewer --project . --surface terminal`,
  `${prism} help`,
])}

${ink.dim("Ctrl-C ends this and takes its folder away.")}
`;
}

function homeLine(path: string): string {
  return process.platform === "win32" ? `$env:PRISM_HOME = "${path}"` : `export PRISM_HOME=${path}`;
}
