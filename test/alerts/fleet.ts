/**
 * A hub, its daemons and the endpoint that gathers them, as one host has them: real programs in a home of their own.
 * Every fault that is rehearsed has such a host to itself, so that its alerts are told apart by their labels.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Program, start } from "../support/prism-process.ts";

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

/** A surface that takes each ring. Whether anybody then drains is up to the test. */
export const TAKING: readonly string[] = ["--surface", "exec", "--exec-command", "true"];

export async function openFleet({ host, home, project, startHub }: FleetOptions): Promise<Fleet> {
  const startAt = (port: string): Promise<Program> => {
    const args = ["hub", "--listen", `127.0.0.1:${port}`];
    return startHub === undefined ? start(home, args) : startHub(args);
  };
  let hub = await startAt("0");
  const url = new URL(String(hub.facts["url"]));
  const gatherer = await start(home, ["metrics", "serve", "--listen", "127.0.0.1:0", "--host", host]);
  const token = readFileSync(join(home, "token"), "utf8").trim();
  // Not by the command line: a process for each would be most of the load.
  const call = (verb: string, params: object): Promise<Response> =>
    fetch(new URL(`/v1/${verb}`, url), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(params),
      signal: AbortSignal.timeout(10_000),
    });
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
      const params = { to: `${persona}@shop`, text: "rehearsal".repeat(100), ttlMs: 3_600_000 };
      const answer = await call("signal", params);
      return { status: answer.status, body: await answer.text() };
    },
    async drain(persona, limit = 100) {
      const answer = await call("drain", { persona, project: "shop", limit });
      if (!answer.ok) throw new Error(await answer.text());
    },
  };
}
