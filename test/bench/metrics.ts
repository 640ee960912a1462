/**
 * 50 real daemons gathered at one endpoint: 1,200 series by one scrape; how long, how many bytes, and what it costs a
 * daemon. Beside it the page alone, rendered by Prism and by prom-client with the same series, in turns.
 */
import { request } from "node:http";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ERROR_CLASSES } from "../../src/domain/errors.ts";
import { DAEMON_STATES, DOORBELL_OUTCOMES, exposition, PersonaMetrics } from "../../src/metrics.ts";
import { connectedAtMs } from "./daemon-watch.ts";
import { memoryOf, settleDisk } from "./memory.ts";
import {
  cpuTimeNs,
  EXECUTABLE,
  makeFolder,
  type Program,
  startDaemon,
  startHub,
  startProgram,
} from "./programs.ts";
import { type BenchRow, median, peerOf, quantile } from "./row.ts";

const PERSONAS = 50;
const SERIES = 24 * PERSONAS;
const RENDER_ROUNDS = 300;
const SCRAPES = 200;

export async function measureMetrics(): Promise<readonly BenchRow[]> {
  return [...(await renderRows()), ...(await scrapeRows())];
}

function labelsOf(at: number) {
  return { tenant: "local", host: "laptop", persona: `p${at}`, project: "bench" };
}

async function renderRows(): Promise<readonly BenchRow[]> {
  const ours = ownPersonas();
  const theirs = promClient();
  const seriesIn = (page: string): number => page.split("\n").filter((line) => /^[^#]/.test(line)).length;
  const pages = [exposition(ours), await theirs.metrics()];
  if (pages.some((page) => seriesIn(page) !== SERIES))
    throw new Error(`a page has other than ${SERIES} series`);
  const figures = { ours: [] as number[], theirs: [] as number[] };
  for (let round = -50; round < RENDER_ROUNDS; round++) {
    // As a scrape finds it: nothing is as it was the last time.
    for (const metrics of ours) metrics.observeLatency(0.003 * (round + 51));
    const startedAtMs = performance.now();
    exposition(ours);
    const betweenMs = performance.now();
    await theirs.metrics();
    if (round < 0) continue;
    figures.ours.push(betweenMs - startedAtMs);
    figures.theirs.push(performance.now() - betweenMs);
  }
  return [
    {
      what: `page of ${SERIES} series, rendered`,
      unit: "ms",
      value: median(figures.ours),
      peers: [peerOf("prom-client", figures, { ratioAtMost: 1 / 8 })],
      note: `p99 ${quantile(figures.ours, 0.99).toFixed(3)} ms, prom-client ${quantile(figures.theirs, 0.99).toFixed(2)} ms; ${Buffer.byteLength(pages[0] ?? "")} bytes`,
    },
  ];
}

function ownPersonas(): PersonaMetrics[] {
  return Array.from({ length: PERSONAS }, (_, at) => {
    const metrics = new PersonaMetrics(labelsOf(at));
    metrics.observeLatency(0.01);
    return metrics;
  });
}

function promClient(): Registry {
  const registry = new Registry();
  const own = ["tenant", "host", "persona", "project"];
  const named = (name: string, labelNames = own) => ({
    name,
    help: "As ours.",
    labelNames,
    registers: [registry],
  });
  const state = new Gauge(named("prism_daemon_state", [...own, "state"]));
  const reconnects = new Counter(named("prism_daemon_reconnects_total"));
  const pending = new Gauge(named("prism_daemon_signals_pending"));
  const doorbells = new Counter(named("prism_daemon_doorbells_total", [...own, "outcome"]));
  const latency = new Histogram({
    ...named("prism_daemon_doorbell_latency_seconds"),
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10],
  });
  const errors = new Counter(named("prism_daemon_errors_total", [...own, "error_class"]));
  for (let at = 0; at < PERSONAS; at++) {
    const labels = labelsOf(at);
    for (const value of DAEMON_STATES) state.set({ ...labels, state: value }, 0);
    reconnects.inc(labels, 1);
    pending.set(labels, 0);
    for (const outcome of DOORBELL_OUTCOMES) doorbells.inc({ ...labels, outcome }, 1);
    latency.observe(labels, 0.01);
    for (const error_class of ERROR_CLASSES) errors.inc({ ...labels, error_class }, 1);
  }
  return registry;
}

async function scrapeRows(): Promise<readonly BenchRow[]> {
  const home = makeFolder();
  const hub = await startHub(home);
  const daemons: Program[] = [];
  for (let at = 0; at < PERSONAS; at++) {
    daemons.push(startDaemon({ home, persona: `p${at}`, hubUrl: hub.url }));
    await connectedAtMs(home, `p${at}`);
  }
  const gatherer = startProgram({
    command: EXECUTABLE,
    args: ["metrics", "serve", "--listen", "127.0.0.1:0", "--json"],
    env: { PRISM_HOME: home },
  });
  const { url } = JSON.parse(await new Promise<string>((said) => gatherer.onLine(said))) as { url: string };
  const privateMb = (): number => {
    settleDisk();
    return median(daemons.map(({ pid }) => memoryOf(pid).privateMb));
  };
  const unscrapedMb = privateMb();
  const theirs = promClient();
  for (let at = 0; at < 20; at++) {
    await scrape(`${url}/metrics`);
    await theirs.metrics();
  }
  const before = daemons.map(({ pid }) => cpuTimeNs(pid));
  const figures = { ours: [] as number[], theirs: [] as number[] };
  let page = "";
  for (let at = 0; at < SCRAPES; at++) {
    const startedAtMs = performance.now();
    page = await scrape(`${url}/metrics`);
    const betweenMs = performance.now();
    await theirs.metrics();
    figures.ours.push(betweenMs - startedAtMs);
    figures.theirs.push(performance.now() - betweenMs);
  }
  const costUs = daemons.map(({ pid }, at) => (cpuTimeNs(pid) - (before[at] ?? 0)) / SCRAPES / 1000);
  const scrapedMb = privateMb();
  await Promise.all([...daemons, gatherer, hub].map((program) => program.kill()));
  const series = page.split("\n").filter((line) => line.startsWith("prism_daemon_")).length;
  if (series !== SERIES) throw new Error(`one scrape saw ${series} series, not ${SERIES}`);
  return [
    {
      what: `one scrape of ${PERSONAS} daemons, ${SERIES} series, p50`,
      unit: "ms",
      value: median(figures.ours),
      peers: [peerOf("prom-client rendering them in one process", figures)],
      note: `p99 ${quantile(figures.ours, 0.99).toFixed(1)} ms, prom-client's page alone ${quantile(figures.theirs, 0.99).toFixed(1)} ms; ${Buffer.byteLength(page)} bytes over HTTP; every daemon asked over its own socket, on the same processors`,
    },
    {
      what: "what one scrape costs a daemon, processor time",
      unit: "us",
      value: median(costUs),
      note: `at one scrape every 15 s: ${((median(costUs) / 15e6) * 100).toFixed(4)} % of one processor; at rest included`,
    },
    {
      what: `private memory of a daemon after ${SCRAPES + 20} scrapes`,
      unit: "MB",
      value: scrapedMb,
      note: `before the first ${unscrapedMb.toFixed(1)} MB; medians of ${PERSONAS}`,
    },
  ];
}

function scrape(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve(text));
    });
    asked.on("error", reject).end();
  });
}
