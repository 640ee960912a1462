/**
 * A hub, its daemons and the endpoint that gathers them, as one host has them: real programs in a home of their own.
 * Every fault that is rehearsed has such a host to itself, so that its alerts are told apart by their labels.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXECUTABLE, type Program, run, start } from "../support/prism-process.ts";

export interface Fleet {
  /** The label `host` of all its series. */
  readonly host: string;
  readonly home: string;
  /** `HOST:PORT` of the hub, the same whichever life of it is there. */
  readonly hubTarget: string;
  readonly gatherTarget: string;
  readonly hub: () => Program;
  /** Another life of the hub, at the same port. */
  startHub(): Promise<void>;
  daemon(persona: string, more?: readonly string[]): Promise<Program>;
  signal(persona: string): Promise<{ readonly status: number; readonly body: string }>;
  drain(persona: string, limit?: number): Promise<void>;
}

export interface FleetOptions {
  readonly host: string;
  readonly home: string;
  /** The project's folder, whose name is the project's. */
  readonly project: string;
  /** What starts a hub with these arguments; by default the executable. */
  readonly startHub?: (args: readonly string[]) => Promise<Program>;
}

/** A surface whose agent works as it should: it takes the ring, and drains a moment later. */
export function draining(home: string, project: string, persona: string): readonly string[] {
  const drain = `PRISM_HOME='${home}' '${EXECUTABLE}' drain --persona ${persona} --project '${project}'`;
  return ["--surface", "exec", "--exec-command", `setsid sh -c "${drain}" > /dev/null 2>&1 &`];
}

export async function openFleet({ host, home, project, startHub }: FleetOptions): Promise<Fleet> {
  const startAt = (port: string): Promise<Program> => {
    const args = ["hub", "--listen", `127.0.0.1:${port}`];
    return startHub === undefined ? start(home, args) : startHub(args);
  };
  let hub = await startAt("0");
  const url = new URL(String(hub.facts["url"]));
  const gatherer = await start(home, ["metrics", "serve", "--listen", "127.0.0.1:0", "--host", host]);
  const token = readFileSync(join(home, "token"), "utf8").trim();
  return {
    host,
    home,
    hubTarget: url.host,
    gatherTarget: new URL(String(gatherer.facts["url"])).host,
    hub: () => hub,
    async startHub() {
      hub = await startAt(url.port);
    },
    daemon: (persona, more = ["--surface", "terminal"]) =>
      start(home, ["daemon", "--persona", persona, "--project", project, "--host", host, ...more]),
    async signal(persona) {
      // Not by the command line: a process for each would be most of the load.
      const answer = await fetch(new URL("/v1/signal", url), {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ to: `${persona}@shop`, text: "rehearsal".repeat(100), ttlMs: 3_600_000 }),
        signal: AbortSignal.timeout(10_000),
      });
      return { status: answer.status, body: await answer.text() };
    },
    async drain(persona, limit = 100) {
      const words = ["drain", "--persona", persona, "--project", project, "--limit", String(limit)];
      const { status, err } = await run(home, words);
      if (status !== 0) throw new Error(err);
    },
  };
}
