/**
 * What is counted, seen from outside: by the command line, and by a real Prometheus that scrapes the host's endpoint and
 * the hub while a daemon is held up, goes on, is killed, and ends in order.
 */
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { endStarted, type Program, run, scratch, start } from "../support/prism-process.ts";
import { hasPrometheus, startPrometheus } from "../support/prometheus.ts";
import { readPage } from "../support/strict-page.ts";
import { untilSo } from "../support/until.ts";

const place = scratch();
afterAll(() => {
  endStarted();
  place.remove();
});

interface House {
  readonly home: string;
  readonly hub: Program;
  readonly gatherer: Program;
  readonly daemons: readonly Program[];
}

async function house(name: string, personas: readonly string[]): Promise<House> {
  const home = place.folder(name);
  const project = place.folder(join(`${name}-work`, "shop"));
  const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
  const gatherer = await start(home, ["metrics", "serve", "--listen", "127.0.0.1:0"]);
  const daemons: Program[] = [];
  for (const persona of personas) {
    daemons.push(
      await start(home, [
        "daemon",
        "--persona",
        persona,
        "--project",
        project,
        "--surface",
        "terminal",
        "--host",
        "here",
      ]),
    );
  }
  return { home, hub, gatherer, daemons };
}

async function fetched(url: string, accept = "text/plain"): Promise<string> {
  const answer = await fetch(url, { headers: { accept } });
  expect(answer.status).toBe(200);
  return answer.text();
}

describe("the command line", () => {
  test("prints the page of all, of one, and says who is not there", async () => {
    const { home, hub } = await house("cli", ["reviewer", "planner"]);
    const all = await run(home, ["metrics"]);
    expect(all).toMatchObject({ status: 0, err: "" });
    const families = readPage(all.out, "text");
    const own = families
      .filter(({ name }) => name.startsWith("prism_daemon_"))
      .flatMap(({ series }) => series);
    expect(own).toHaveLength(48);
    expect(families.find(({ name }) => name === "prism_gather_daemon_up")?.series).toHaveLength(2);
    const one = await run(home, [
      "metrics",
      "--persona",
      "reviewer",
      "--project",
      "shop",
      "--form",
      "openmetrics",
    ]);
    expect(readPage(one.out, "openmetrics").flatMap(({ series }) => series)).toHaveLength(24);
    const none = await run(home, ["metrics", "--persona", "nobody", "--project", "shop", "--json"]);
    expect(none.status).not.toBe(0);
    expect(JSON.parse(none.out)).toMatchObject({ error: { code: "daemon_unreachable" } });
    for (const form of ["text", "openmetrics"] as const) {
      const accept = form === "text" ? "text/plain" : "application/openmetrics-text";
      expect(readPage(await fetched(`${hub.facts["url"]}/metrics`, accept), form).length).toBeGreaterThan(10);
    }
  });
});

describe.skipIf(!hasPrometheus)("a real Prometheus", () => {
  test("sees each persona, its signals, who fell silent, and who came back; nobody who ended in order", async () => {
    const { home, hub, gatherer, daemons } = await house("prometheus", ["reviewer", "planner", "ci"]);
    const target = (program: Program): string => String(program.facts["url"]).slice("http://".length);
    const prometheus = await startPrometheus(
      place.folder("prometheus-data"),
      `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: ["${join(import.meta.dirname, "../../share/prometheus/prism.rules.yml")}"]
scrape_configs:
  - job_name: prism
    scrape_interval: 3s
    scrape_timeout: 3s
    static_configs: [{ targets: ["${target(gatherer)}"] }]
  - job_name: prism-hub
    static_configs: [{ targets: ["${target(hub)}"] }]
  - job_name: prism-personas
    http_sd_configs: [{ url: "${gatherer.facts["url"]}/sd", refresh_interval: 1s }]
`,
    );
    try {
      await untilSo(
        () => prometheus.query('count({__name__=~"prism_daemon_.*", job="prism"})'),
        ([n]) => n?.value === 72,
      );
      await untilSo(
        () => prometheus.query('up{job="prism-personas"} == 1'),
        (up) => up.length === 3,
      );
      const instances = await prometheus.query('up{job="prism-personas"}');
      expect(instances.map(({ labels }) => labels["instance"]).toSorted()).toEqual([
        "local/ci@shop",
        "local/planner@shop",
        "local/reviewer@shop",
      ]);
      await untilSo(
        () => prometheus.query('prism_daemon_state{job="prism",state="connected"} == 1'),
        (connected) => connected.length === 3,
      );
      expect((await run(home, ["signal", "reviewer@shop", "hello"])).status).toBe(0);
      await untilSo(
        () => prometheus.query('prism_daemon_signals_pending{job="prism",persona="reviewer"}'),
        ([pending]) => pending?.value === 1,
      );
      await untilSo(
        () => prometheus.query('prism_hub_signals_total{state="delivered"}'),
        ([n]) => n?.value === 1,
      );
      expect(await prometheus.query("prism_hub_disk_free_bytes > 0")).toHaveLength(1);

      const [, planner, ci] = daemons;
      planner?.child.kill("SIGSTOP");
      await untilSo(
        () => prometheus.query('prism_gather_daemon_up{persona="planner"}'),
        ([up]) => up?.value === 0,
      );
      // The others' series are there all the same, and the silent one's end at once.
      expect(await prometheus.query('prism_daemon_signals_pending{job="prism"}')).toHaveLength(2);
      await untilSo(
        () => prometheus.alerts(),
        (alerts) => alerts.some(({ name }) => name === "PrismPersonaDeaf"),
      );
      await untilSo(
        () => prometheus.query('up{job="prism-personas",instance="local/planner@shop"}'),
        ([up]) => up?.value === 0,
      );
      planner?.child.kill("SIGCONT");
      await untilSo(
        () => prometheus.query('prism_gather_daemon_up{persona="planner"}'),
        ([up]) => up?.value === 1,
      );
      await planner?.kill("SIGKILL");
      await untilSo(
        () => prometheus.query('prism_gather_daemon_up{persona="planner"}'),
        ([up]) => up?.value === 0,
      );
      expect(await ci?.kill("SIGTERM")).toBe(0);
      await untilSo(
        () => prometheus.query("prism_gather_daemon_up"),
        (ups) =>
          ups
            .map(({ labels }) => labels["persona"])
            .toSorted()
            .join() === "planner,reviewer",
      );
    } finally {
      await prometheus.stop();
    }
  });
});
