/** `prism upgrade`: replaces the installed version, and starts hub and daemons on it, one after the other. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { flag, type Infer, listOf, maybe, object, readShape, text } from "../domain/shape.ts";
import { recordFile } from "../host/record-file.ts";
import { linkWholeFile } from "../host/whole-file.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { askPrism } from "./install/ask-prism.ts";
import { type Candidate, placeCandidate } from "./install/candidate.ts";
import { heldInstallation } from "./install/held.ts";
import { currentVersion, pruneVersions } from "./install/pieces.ts";
import type { Places } from "./install/places.ts";
import { patience, turnOver } from "./install/restart.ts";
import { daemonLives, lifeOf, openServices, type Service } from "./install/services.ts";
import { mustBeUsers, placesHere } from "./install/whole.ts";
import { type Kind, path } from "./kinds.ts";
import { inkFor } from "./layout.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { listText } from "./surface/told.ts";
import { verb } from "./verb.ts";

/** A rack of them. */
const SERVICES_MAX = 1000;

const sum: Kind<string> = {
  word: "HEX",
  read(typed, what) {
    if (/^[0-9a-fA-F]{64}$/.test(typed)) return typed;
    throw new PrismError("invalid_argument", `${what} must be 64 hexadecimal digits`, {
      hint: "copy it whole, from SHA256SUMS",
    });
  },
};

const definition = table({
  name: "upgrade",
  about: [
    "FILE is checked first: its SHA-256 against --sha256, or against SHA256SUMS if that lies beside it; and it must run here and say its version. Then it takes the installed one's place in one step.",
    "What this host keeps alive is started on it, the hub first, then one daemon after the other, each once the one before is connected again. If one does not come back, the former version is put back and all run on it again. What was started by hand is named, and goes on as it is until you start it anew.",
    "No signal is lost meanwhile, and old and new versions talk to each other. Cut short, the same command goes on where it was.",
  ],
  arguments: [{ word: "FILE", about: "the new executable", kind: path("FILE") }],
  flags: {
    sha256: {
      kind: sum,
      about: "the SHA-256 that FILE must have",
      otherwise: "what SHA256SUMS beside it says",
    },
    ...json,
  },
  examples: [{ line: "prism upgrade ./prism-linux-x64", about: "with SHA256SUMS beside it" }],
});

export const upgrade = verb(definition, async ({ flags, arguments: [file] }, runtime) => {
  mustBeUsers(runtime);
  const places = placesHere(runtime);
  const former = currentVersion(places);
  if (former === undefined) {
    throw new PrismError(
      "not_found",
      `no prism is installed for this user at ${printable(places.program, 200)}`,
      {
        hint: `install the new one: ${printable(file, 200)} install`,
      },
    );
  }
  const report = await underLock(places, runtime, async () => {
    const next = await placeCandidate(resolve(runtime.cwd, file), { places, sha256: flags.sha256, runtime });
    return replaced(next, former, places, { runtime, tell: !flags.json });
  });
  // By the new version itself, which knows its own verbs.
  const refreshed = await askPrism(places.program, ["install", "--json"], runtime);
  const stale =
    refreshed.status === EXIT.ok ? [] : [`completions and manual are the former ones: ${refreshed.said}`];
  const whole = { ...report, notes: [...report.notes, ...stale] };
  if (flags.json) writeJson(runtime.out, whole);
  else runtime.out.write(pageText(whole, runtime));
  return EXIT.ok;
});

async function underLock<T>(places: Places, runtime: Runtime, work: () => Promise<T>): Promise<T> {
  const lock = await heldInstallation(places, runtime);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

interface Report {
  readonly version: string;
  readonly sha256: string;
  readonly checkedBy: string | null;
  readonly changed: boolean;
  readonly restarted: readonly string[];
  /** What runs on the former version still, started by hand. */
  readonly byHand: readonly { readonly what: string; readonly pid: number }[];
  readonly notes: readonly string[];
}

/**
 * What an upgrade that was cut short has to remember: where it came from, whither, and what is to run in the end. Cut
 * between a service's stop and its start, nothing else would tell that somebody wants it to run.
 */
const journalShape = object({
  from: maybe(text({ bytesMax: 4096, about: "the former version" })),
  to: maybe(text({ bytesMax: 4096, about: "the next version" })),
  running: maybe(
    listOf(
      object({
        name: text({ bytesMax: 300, about: "the service's name" }),
        mustBeUp: flag("it was connected before"),
      }),
      { countMax: SERVICES_MAX, about: "what is to run" },
    ),
  ),
});

async function replaced(
  next: Candidate,
  installed: string,
  places: Places,
  { runtime, tell }: { readonly runtime: Runtime; readonly tell: boolean },
): Promise<Report> {
  const journal = join(places.versionsDir, "upgrade.json");
  const begun = journalAt(journal);
  const isDone = installed === next.path && begun === undefined;
  const from = begun?.to === next.path && begun.from !== undefined ? begun.from : installed;
  const services = await openServices(runtime);
  let restarted: readonly Service[] = [];
  if (!isDone) {
    const ink = inkFor(runtime.err);
    let isRolledBack = false;
    const owed = new Map(begun?.running?.map(({ name, mustBeUp }) => [name, mustBeUp]));
    restarted = await turnOver({
      services,
      lifeOf: ({ owner }) => lifeOf(owner, runtime),
      owed,
      begins(due) {
        const running = due
          .map(({ service: { name }, mustBeUp }) => ({ name, mustBeUp }))
          .slice(0, SERVICES_MAX);
        recordFile(journal, "record of this upgrade").save({ from, to: next.path, running });
        lead(places, next.path);
      },
      rollBack() {
        lead(places, from);
        isRolledBack = true;
      },
      told({ shown }, what) {
        const words = {
          restarting: "starts anew ...",
          back: "is back",
          rolledBack: "is back on the former version",
        };
        if (tell) runtime.err.write(`${ink.dim(`${shown} ${words[what]}`)}\n`);
      },
      ...patience,
    }).catch((error: unknown) => {
      // All is on the former version again, so there is nothing to go on with.
      if (isRolledBack) {
        rmSync(journal, { force: true });
        pruneVersions(places.versionsDir, [from]);
      }
      throw error;
    });
  }
  rmSync(journal, { force: true });
  pruneVersions(places.versionsDir, [from, next.path]);
  return {
    version: next.version,
    sha256: next.sha256,
    checkedBy: next.checkedBy,
    changed: !isDone,
    restarted: restarted.map(({ shown }) => shown),
    byHand: await startedByHand(services.list, runtime),
    notes: [
      ...(await strayNotes(restarted, next, runtime)),
      ...(next.checkedBy === null
        ? ["its SHA-256 was compared with nothing: no SHA256SUMS lay beside it"]
        : []),
    ],
  };
}

/** A service's file may name another executable than the installed one. */
async function strayNotes(
  restarted: readonly Service[],
  next: Candidate,
  runtime: Runtime,
): Promise<string[]> {
  const notes: string[] = [];
  for (const { owner, shown } of restarted) {
    const life = await lifeOf(owner, runtime);
    if (life === undefined || life.version === next.version) continue;
    notes.push(
      `${shown} runs another program, of version ${life.version}: have "prism service install" name this one`,
    );
  }
  return notes;
}

/** The program last: it is what tells which version is installed. */
function lead(places: Places, version: string): void {
  linkWholeFile(version, places.daemon);
  linkWholeFile(version, places.program);
}

function journalAt(path: string): Infer<typeof journalShape> | undefined {
  try {
    return readShape(journalShape, recordFile(path, "record of an upgrade").load(), path);
  } catch (error) {
    if (error instanceof PrismError && error.code === "not_found") return undefined;
    // Broken, so it was there: something was begun, from what is not known.
    if (error instanceof PrismError) return {};
    throw error;
  }
}

async function startedByHand(kept: readonly Service[], runtime: Runtime): Promise<Report["byHand"]> {
  const isKept = (shown: string): boolean => kept.some((service) => service.shown === shown);
  return (await daemonLives(runtime)).flatMap(({ shown, life }) =>
    isKept(shown) || life.pid === null ? [] : [{ what: shown, pid: life.pid }],
  );
}

function pageText(report: Report, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const { version, sha256, changed, restarted, byHand, notes } = report;
  const head = changed
    ? `${ink.green("upgraded")} to prism ${version} (${sha256.slice(0, 16)})\n`
    : `prism ${version} (${sha256.slice(0, 16)}) was installed already; nothing was restarted\n`;
  const anew = restarted.length === 0 ? "" : `  started anew: ${restarted.join(", ")}\n`;
  const left = byHand.map(
    ({ what, pid }) => `${what} was started by hand (process ${pid}): start it anew yourself`,
  );
  return `${head}${anew}${listText("mind", [...left, ...notes], ink.yellow)}`;
}
