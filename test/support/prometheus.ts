/** A real Prometheus (Debian's package `prometheus`) on a free port, in a folder of its own; tests skip without it. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { untilSo } from "./until.ts";

export const hasPrometheus = spawnSync("prometheus", ["--version"]).status === 0;

export interface Prometheus {
  /** An instant query: each result's labels and value. */
  query(
    expr: string,
  ): Promise<readonly { readonly labels: Record<string, string>; readonly value: number }[]>;
  /** Alerts that are pending or firing. */
  alerts(): Promise<readonly Alert[]>;
  /** The values of a label among the series that a selector finds, as a dashboard's variable asks for them. */
  labelValues(label: string, selector: string): Promise<readonly string[]>;
  /** The answer to a GET as it came, for a transcript. */
  raw(path: string): Promise<string>;
  stop(): Promise<void>;
}

export interface Alert {
  readonly name: string;
  readonly state: "pending" | "firing";
  readonly labels: Readonly<Record<string, string>>;
  /** All of it, as it was answered. */
  readonly json: string;
}

/**
 * Settles once it answers.
 *
 * @param config the text of a prometheus.yml
 */
export async function startPrometheus(folder: string, config: string): Promise<Prometheus> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, config);
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"], cwd: folder },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const raw = async (path: string): Promise<string> => {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}: ${said}`);
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) });
    return answer.text();
  };
  const get = async (path: string): Promise<{ data: Record<string, unknown> }> => {
    const answer = JSON.parse(await raw(path)) as { error?: string; data: Record<string, unknown> };
    if (answer.error !== undefined) throw new Error(`${answer.error}: ${decodeURIComponent(path)}`);
    return answer;
  };
  await untilSo(
    () => raw("/-/ready"),
    (said) => said.includes("Ready"),
  );
  return {
    async query(expr) {
      const { data } = await get(`/api/v1/query?query=${encodeURIComponent(expr)}`);
      const results = data["result"] as { metric: Record<string, string>; value: [number, string] }[];
      return results.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async alerts() {
      const { data } = await get("/api/v1/alerts");
      const alerts = data["alerts"] as Pick<Alert, "state" | "labels">[];
      return alerts.map((alert) => {
        const { state, labels } = alert;
        return { name: labels["alertname"] ?? "", state, labels, json: JSON.stringify(alert) };
      });
    },
    async labelValues(label, selector) {
      const { data } = await get(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(selector)}`);
      return data as unknown as string[];
    },
    raw,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
