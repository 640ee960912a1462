/**
 * What is counted, seen from outside: by the command line, and by a real Prometheus that scrapes the host's endpoint and
 * the hub while a daemon is held up, goes on, is killed, and ends in order.
 */
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { filledIn, labelValuesOf, readDashboard } from "../support/grafana.ts";
import { EXECUTABLE, endStarted, type Program, run, scratch, start } from "../support/prism-process.ts";
import { hasPrometheus, type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { hasPromtool, promtool } from "../support/promtool.ts";
import { readPage } from "../support/strict-page.ts";
import { isToolHere } from "../support/system-tool.ts";
import { untilSo } from "../support/until.ts";

const place = scratch();
afterAll(() => {
  endStarted();
  place.remove();
});

const UP = "prism_gather_daemon_up";

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
  const gatherer = await start(home, ["metrics", "serve", "--listen", "127.0.0.1:0", "--host", "here"]);
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
    const { home } = await house("cli", ["reviewer", "planner"]);
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
  });

  test("serves pages that a strict reader takes in both forms, and promtool finds nothing to say of", async () => {
    const { hub, gatherer } = await house("pages", ["reviewer"]);
    const urls = ["/metrics", "/gatherer", "/daemons/local/reviewer@shop/metrics"].map(
      (path) => `${gatherer.facts["url"]}${path}`,
    );
    for (const url of [...urls, `${hub.facts["url"]}/metrics`]) {
      const page = await fetched(url);
      readPage(page, "text");
      if (hasPromtool)
        expect({ url, ...promtool(["check", "metrics"], page) }).toEqual({ url, status: 0, said: "" });
      readPage(await fetched(url, "application/openmetrics-text; version=1.0.0"), "openmetrics");
    }
  });

  test.skipIf(!isToolHere(["python3", "--version"]))(
    "tells systemd that it can be asked, that it lives, and that it ends",
    async () => {
      const host = join(import.meta.dirname, "../support/notify-host.py");
      const words = ["metrics", "serve", "--listen", "127.0.0.1:0"];
      const served = await start(place.folder("notes"), [host, "file", "200000", EXECUTABLE, ...words], {
        command: "python3",
      });
      const heard = async (): Promise<string> => JSON.parse(await served.nextLine()).words;
      expect(await heard()).toBe("READY=1");
      await fetched(`${served.facts["url"]}/metrics`);
      expect(await heard()).toMatch(/^WATCHDOG=1\nSTATUS=0 daemons to ask, at http:/);
      process.kill(Number(served.facts["pid"]), "SIGTERM");
      let last = await heard();
      while (last.startsWith("WATCHDOG=1")) last = await heard();
      expect(last).toBe("STOPPING=1");
    },
  );

  test("one scrape of 50 daemons holds their 1,200 series, and 52 of who gathers", async () => {
    const home = place.folder("fifty");
    const project = place.folder(join("fifty-work", "shop"));
    await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const gatherer = await start(home, ["metrics", "serve", "--listen", "127.0.0.1:0"]);
    const personas = Array.from({ length: 50 }, (_, at) => `p${at}`);
    for (const persona of personas)
      await start(home, ["daemon", "--persona", persona, "--project", project, "--surface", "terminal"]);
    for (const [form, accept] of [
      ["text", "text/plain"],
      ["openmetrics", "application/openmetrics-text"],
    ] as const) {
      // On a machine that is busy with starting them, one may take longer than it is waited for.
      const families = await untilSo(
        async () => readPage(await fetched(`${gatherer.facts["url"]}/metrics`, accept), form),
        (found) => found.find(({ name }) => name === UP)?.series.every(({ value }) => value === 1) === true,
      );
      const series = families.flatMap((family) => family.series);
      const own = series.filter(({ name }) => name.startsWith("prism_daemon_"));
      expect(own).toHaveLength(1200);
      const each = Map.groupBy(own, ({ labels }) => labels["persona"] ?? "");
      expect([...each.keys()].toSorted()).toEqual(personas.toSorted());
      expect([...each.values()].every((all) => all.length === 24)).toBe(true);
      const rest = series.filter(({ name }) => !name.startsWith("prism_daemon_"));
      expect(rest).toHaveLength(52);
      expect(rest.filter(({ name }) => name === UP)).toHaveLength(50);
    }
  });
});

/** Every panel has something to show, and every variable something to choose. */
async function answersDashboard(prometheus: Prometheus): Promise<void> {
  const { panels, templating } = readDashboard();
  for (const { title, targets } of panels) {
    for (const { refId, expr } of targets) {
      await untilSo(
        async () => ({ title, refId, found: (await prometheus.query(filledIn(expr))).length }),
        ({ found }) => found > 0,
      );
    }
  }
  const variables = templating.list.filter(({ name }) => name !== "datasource");
  const values = variables.map((variable) => {
    const { label, selector } = labelValuesOf(variable);
    return prometheus.labelValues(label, selector);
  });
  expect(
    Object.fromEntries((await Promise.all(values)).map((found, at) => [variables[at]?.name, found])),
  ).toEqual({
    tenant: ["local"],
    host: ["here"],
    persona: ["ci", "planner", "reviewer"],
  });
}

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
        (up) => up.length === 5,
      );
      const instances = await prometheus.query('up{job="prism-personas"}');
      expect(instances.map(({ labels }) => labels["instance"]).toSorted()).toEqual(
        [
          "local/ci@shop",
          "local/planner@shop",
          "local/reviewer@shop",
          target(gatherer),
          target(hub),
        ].toSorted(),
      );
      // By discovery alone there is all that the static targets give.
      const seriesOf = (jobs: string) => prometheus.query(`count({__name__=~"prism_.*", job=~"${jobs}"})`);
      await untilSo(
        async () => [await seriesOf("prism|prism-hub"), await seriesOf("prism-personas")],
        ([fixed, discovered]) => fixed?.[0]?.value !== undefined && fixed[0].value === discovered?.[0]?.value,
      );
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
        () => prometheus.query('prism_hub_signals_total{job="prism-hub",state="delivered"}'),
        ([n]) => n?.value === 1,
      );
      expect(await prometheus.query('prism_hub_disk_free_bytes{job="prism-hub"} > 0')).toHaveLength(1);

      await answersDashboard(prometheus);

      const [, planner, ci] = daemons;
      planner?.child.kill("SIGSTOP");
      await untilSo(
        () => prometheus.query('prism_gather_daemon_up{job="prism",persona="planner"}'),
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
        () => prometheus.query('prism_gather_daemon_up{job="prism",persona="planner"}'),
        ([up]) => up?.value === 1,
      );
      await planner?.kill("SIGKILL");
      await untilSo(
        () => prometheus.query('prism_gather_daemon_up{job="prism",persona="planner"}'),
        ([up]) => up?.value === 0,
      );
      expect(await ci?.kill("SIGTERM")).toBe(0);
      await untilSo(
        () => prometheus.query('prism_gather_daemon_up{job="prism"}'),
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
