/**
 * Every alert that is shipped, fired by its fault: real daemons and hubs are stopped, starved, flooded and cut off while
 * a real Prometheus (Debian's) scrapes them, with the shipped rules 20 times as fast. Beside them a host where all is
 * well for the same time. Takes three minutes: by `npm run e2e:alerts` only.
 */
import { rmSync, writeFileSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXECUTABLE, endStarted, scratch, start } from "../support/prism-process.ts";
import { type Alert, hasPrometheus, type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { type Fleet, openFleet, TAKING } from "./fleet.ts";
import { hastened } from "./hastened.ts";
import { openTranscript } from "./transcript.ts";

const TIMES = 20;
const RULES = join(import.meta.dirname, "../../share/prometheus/prism.rules.yml");
const LOOK_MS = 300;
const MIB = 1024 * 1024;

const place = scratch();
const transcript = openTranscript();
let prometheus: Prometheus;
let rules = "";
let well: Fleet;
let faulty: Fleet;
let storm: Fleet;
let disk: Fleet;
let diskData = "";
let work: Promise<void>;
let isOver = false;

async function fleetNamed(
  host: string,
  startHub?: Parameters<typeof openFleet>[0]["startHub"],
): Promise<Fleet> {
  const home = place.folder(host);
  const project = place.folder(join(`${host}-work`, "shop"));
  return openFleet({ host, home, project, ...(startHub === undefined ? {} : { startHub }) });
}

/** A hub whose store has 700 MB of its own, in a namespace that ends with it. */
async function smallDisk(): Promise<Fleet> {
  diskData = place.folder("disk-data");
  return fleetNamed("disk", (args) => {
    const mounted = 'mount -t tmpfs -o size=700m,mode=700 tmpfs "$1" && shift && exec "$@"';
    const words = ["--map-root-user", "--mount", "sh", "-c", mounted, "sh", diskData];
    return start(join(place.path, "disk"), [...words, EXECUTABLE, ...args, "--data", diskData], {
      command: "unshare",
    });
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Settles once it holds; a test's own time limit says that it never does. */
async function so(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause();
}

/** A daemon that was just started is known to the hub a moment later. */
function taken(fleet: Fleet, persona: string): Promise<void> {
  return so(async () => (await fleet.signal(persona)).status === 200);
}

async function firing(name: string, labels: { readonly [label: string]: string }): Promise<readonly Alert[]> {
  return (await prometheus.alerts()).filter(
    (alert) =>
      alert.name === name &&
      alert.state === "firing" &&
      Object.entries(labels).every(([label, value]) => alert.labels[label] === value),
  );
}

async function fires(name: string, labels: { readonly [label: string]: string }): Promise<void> {
  await so(async () => (await firing(name, labels)).length > 0);
  const [alert] = await firing(name, labels);
  transcript.note(`GET /api/v1/alerts, where ${name} is: ${alert?.json}`);
}

async function ends(name: string, labels: { readonly [label: string]: string }): Promise<void> {
  await so(async () => (await firing(name, labels)).length === 0);
  transcript.note(`ended ${name} ${JSON.stringify(labels)}`);
}

const query = (expr: string): Promise<void> =>
  transcript.ask(prometheus, `/api/v1/query?query=${encodeURIComponent(expr)}`);

/** Until all is over, each agent of the healthy host is signalled, rung and drains, one after the other. */
async function workOn(): Promise<void> {
  for (let at = 0; !isOver; at++) {
    const persona = `p${at % 3}`;
    await taken(well, persona);
    for (let waited = 0; waited < 3; waited++) await pause();
    await well.drain(persona);
  }
}

describe.skipIf(!hasPrometheus)("each alert, fired by its fault", () => {
  beforeAll(async () => {
    [well, faulty, storm, disk] = await Promise.all([
      fleetNamed("well"),
      fleetNamed("faulty"),
      fleetNamed("storm"),
      smallDisk(),
    ]);
    for (const persona of ["p0", "p1", "p2"]) await well.daemon(persona, TAKING);
    for (const persona of ["s0", "s1", "s2"]) await storm.daemon(persona);
    await disk.daemon("archivist", TAKING);
    const fleets = [well, faulty, storm, disk];
    rules = await readFile(RULES, "utf8");
    const file = join(place.path, "prism.rules.yml");
    writeFileSync(file, hastened(rules, TIMES));
    const list = (targets: readonly string[]): string => JSON.stringify(targets);
    prometheus = await startPrometheus(
      place.folder("prometheus"),
      `global: { scrape_interval: 750ms, scrape_timeout: 750ms, evaluation_interval: 750ms }
rule_files: ["${file}"]
scrape_configs:
  - job_name: prism
    # A daemon that does not answer is waited for 2 s.
    scrape_timeout: 2500ms
    scrape_interval: 2500ms
    static_configs: [{ targets: ${list(fleets.map(({ gatherTarget }) => gatherTarget))} }]
  - job_name: prism-hub
    static_configs: [{ targets: ${list(fleets.map(({ hubTarget }) => hubTarget))} }]
`,
    );
    work = workOn();
    await so(async () => (await prometheus.query('prism_daemon_state{state="connected"} == 1')).length >= 7);
    await so(async () => (await prometheus.query("prism_hub_disk_free_bytes")).length === 4);
    expect((await prometheus.alerts()).filter(({ state }) => state === "firing")).toEqual([]);
    transcript.note(
      "four hosts: well (3 personas that drain), faulty, storm (3), disk (store on 700 MB); nothing fires",
    );
    await query("count by (host) (prism_gather_daemon_up)");
  });

  afterAll(async () => {
    isOver = true;
    await work;
    transcript.write();
    await prometheus.stop();
    endStarted();
    place.remove();
  });

  describe.concurrent("one by one, at once", () => {
    test("PrismPersonaDeaf: a daemon that is held up", async () => {
      const { child } = await faulty.daemon("deaf");
      await so(
        async () => (await prometheus.query('prism_gather_daemon_up{persona="deaf"} == 1')).length === 1,
      );
      child.kill("SIGSTOP");
      transcript.note("SIGSTOP to the daemon of deaf@shop");
      await fires("PrismPersonaDeaf", { persona: "deaf" });
      await query('prism_gather_daemon_up{host="faulty"}');
      child.kill("SIGCONT");
      await ends("PrismPersonaDeaf", { persona: "deaf" });
    });

    test("PrismDoorbellUnanswered: an agent that takes its rings and never drains", async () => {
      const patience = ["--ring-again", "1s,3s,6s,15s,45s,3m"];
      await faulty.daemon("stuck", [...TAKING, ...patience]);
      for (let sent = 0; sent < 2; sent++) await taken(faulty, "stuck");
      transcript.note("2 signals to stuck@shop, whose agent takes rings and never drains");
      await fires("PrismDoorbellUnanswered", { persona: "stuck" });
      await query('prism_daemon_doorbells_total{persona="stuck",outcome="rung"}');
      await faulty.drain("stuck");
      await ends("PrismDoorbellUnanswered", { persona: "stuck" });
    });

    test("PrismDoorbellFailing: a surface that takes no ring", async () => {
      await faulty.daemon("unringable", ["--surface", "exec", "--exec-command", "false"]);
      await taken(faulty, "unringable");
      transcript.note("a signal to unringable@shop, whose surface fails each ring");
      await fires("PrismDoorbellFailing", { persona: "unringable" });
      await query('prism_daemon_doorbells_total{persona="unringable",outcome=~"rung|failed"}');
      await faulty.drain("unringable");
      await ends("PrismDoorbellFailing", { persona: "unringable" });
    });

    test("PrismQueueGrowing: more is sent than is drained", async () => {
      await faulty.daemon("flooded", TAKING);
      transcript.note("a signal each 0.3 s to flooded@shop, which drains 20 of each 40");
      await taken(faulty, "flooded");
      let isFlowing = true;
      const flow = (async () => {
        for (let sent = 1; isFlowing; sent++) {
          expect((await faulty.signal("flooded")).status).toBe(200);
          if (sent % 40 === 0) await faulty.drain("flooded", 20);
          await pause();
        }
      })();
      // Whichever comes first: that the flow fails is not waited out.
      await Promise.race([flow, fires("PrismQueueGrowing", { persona: "flooded" })]);
      await query('prism_daemon_signals_pending{persona="flooded"}');
      isFlowing = false;
      await flow;
      for (let drains = 0; drains < 10; drains++) await faulty.drain("flooded");
      await ends("PrismQueueGrowing", { persona: "flooded" });
    });

    test("PrismReconnectStorm: a hub that is killed and started again and again; then PrismPersonaDeaf: it stays away", async () => {
      const connected = async (): Promise<boolean> => {
        const page = await (await fetch(`http://${storm.hubTarget}/metrics`)).text();
        return page.includes('prism_hub_sessions_connected{kind="daemon"} 3\n');
      };
      transcript.note("kill -9 to the hub of storm, and a new life of it, over and over");
      do {
        await storm.hub().kill("SIGKILL");
        await storm.startHub();
        await so(connected);
      } while ((await firing("PrismReconnectStorm", { host: "storm" })).length === 0);
      await fires("PrismReconnectStorm", { host: "storm" });
      await query("sum by (host) (persona:prism_daemon_reconnects:increase10m)");
      await ends("PrismReconnectStorm", { host: "storm" });
      await storm.hub().kill("SIGKILL");
      transcript.note("kill -9 to the hub of storm, for good");
      await so(async () => (await firing("PrismPersonaDeaf", { host: "storm" })).length === 3);
      await fires("PrismPersonaDeaf", { host: "storm" });
      await query('prism_daemon_state{host="storm",state="disconnected"}');
      await storm.startHub();
      await ends("PrismPersonaDeaf", { host: "storm" });
    });

    test("PrismHubDiskFilling, then PrismHubStoreFailing: a disk that fills up, and is full", async () => {
      const instance = disk.hubTarget;
      const ballast = `/proc/${disk.hub().pid}/root${diskData}/ballast`;
      const load = Buffer.alloc(MIB);
      for (let written = 0; written < 300; written++) await appendFile(ballast, load);
      transcript.note("300 MiB of something else on the disk of disk's hub");
      await fires("PrismHubDiskFilling", { instance });
      await query(`prism_hub_disk_free_bytes{instance="${instance}"} / 1024 / 1024`);
      await filledUp(ballast, load);
      let refused = { status: 200, body: "" };
      for (let sent = 0; sent < 2000 && refused.status === 200; sent++)
        refused = await disk.signal("archivist");
      transcript.note(
        `the disk is full; a signal is answered with ${refused.status}: ${refused.body.trim()}`,
      );
      expect(refused.body).toContain("storage_full");
      await fires("PrismHubStoreFailing", { instance });
      await query(`prism_hub_store_writable{instance="${instance}"}`);
      rmSync(ballast);
      expect((await disk.signal("archivist")).status).toBe(200);
      await ends("PrismHubStoreFailing", { instance });
      await ends("PrismHubDiskFilling", { instance });
      for (let drains = 0; drains < 20; drains++) await disk.drain("archivist");
    });
  });

  test("nothing else fired, and nothing at all where all was well", async () => {
    transcript.note("what fired in all this time, and where all was well, nothing (the second answer)");
    const ever = 'count by (alertname, host, persona) (count_over_time(ALERTS{alertstate="firing"}[1h]))';
    const found = (await prometheus.query(ever)).map(({ labels }) =>
      [labels["alertname"], labels["host"] ?? "", labels["persona"] ?? ""].join(" ").trim(),
    );
    expect(found.toSorted()).toEqual([
      "PrismDoorbellFailing faulty unringable",
      "PrismDoorbellUnanswered faulty stuck",
      "PrismHubDiskFilling",
      "PrismHubStoreFailing",
      "PrismPersonaDeaf faulty deaf",
      "PrismPersonaDeaf storm s0",
      "PrismPersonaDeaf storm s1",
      "PrismPersonaDeaf storm s2",
      "PrismQueueGrowing faulty flooded",
      "PrismReconnectStorm storm",
    ]);
    await query(`count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1h]))`);
    const firing = 'ALERTS{alertstate="firing"';
    await query(
      `count_over_time(${firing},host="well"}[1h]) or count_over_time(${firing},instance="${well.hubTarget}"}[1h])`,
    );
    // It was no idle host: its agents were rung and drained all the while.
    const rung = 'sum by (host) (prism_daemon_doorbells_total{host="well",outcome="rung"})';
    const drained = `prism_hub_signals_total{instance="${well.hubTarget}",state="drained"}`;
    for (const expr of [rung, drained]) {
      await query(expr);
      expect((await prometheus.query(expr))[0]?.value).toBeGreaterThan(20);
    }
    const shipped = Array.from(rules.matchAll(/- alert: (\w+)/g), ([, name]) => name ?? "");
    expect([...new Set(found.map((one) => one.split(" ")[0] ?? ""))].toSorted()).toEqual(shipped.toSorted());
  });
});

async function filledUp(path: string, load: Buffer): Promise<void> {
  for (const bytes of [load.length, 4096, 1]) {
    try {
      for (;;) await appendFile(path, load.subarray(0, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}
