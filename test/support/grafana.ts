/** The shipped Grafana dashboard as Grafana reads it, as far as tests ask about it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly refresh: string;
  /** Of dashboards that were exported for sharing: would ask for a datasource by a name of ours. */
  readonly __inputs?: unknown;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly refId: string; readonly expr: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[];
  };
}

export function readDashboard(): Dashboard {
  const path = join(import.meta.dirname, "../../share/grafana/prism.dashboard.json");
  return JSON.parse(readFileSync(path, "utf8")) as Dashboard;
}

/** With all of each variable chosen, as it is when the dashboard is opened. */
export function filledIn(expr: string): string {
  return expr.replaceAll("$__rate_interval", "1m").replace(/\$\{?(tenant|host|persona)\}?/g, ".*");
}

/** What a variable asks its values by: `label_values(SELECTOR, LABEL)`. */
export function labelValuesOf({ query }: Dashboard["templating"]["list"][number]) {
  const text = typeof query === "string" ? query : query.query;
  const [, selector = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
  return { selector, label };
}
