/**
 * The two text forms in which every catalogue of Prism is written, and the choice between them. Knows no metric, no
 * HTTP beyond the words of one `Accept` header, and no clock.
 * Sources: Prometheus text exposition 0.0.4; OpenMetrics 1.0 (ABNF of section "Text Format").
 *
 * What OpenMetrics has and this leaves out on purpose: `_created`. A server that reads it keeps each as one more
 * series, and the catalogue of a persona is 24 series and nothing else.
 */

export const PAGE_FORMS = ["text", "openmetrics"] as const;
export type PageForm = (typeof PAGE_FORMS)[number];

export const PAGE_TYPES: { readonly [F in PageForm]: string } = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The last line of a page in this form: a page that was cut short lacks it. */
export const PAGE_END: { readonly [F in PageForm]: string } = { text: "", openmetrics: "# EOF\n" };

/** One metric of a catalogue. */
export interface FamilyHead {
  /** With `_total` if it counts. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence, without line feeds, backslashes and quotation marks: then it needs no escaping. */
  readonly help: string;
}

/** Base units that end the names of what has a unit. */
const UNITS = ["seconds", "bytes"] as const;

/** The lines that stand before a metric's series. OpenMetrics names a counter without its `_total` there. */
export function headText({ name, type, help }: FamilyHead, form: PageForm): string {
  if (form === "text") return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  const family = type === "counter" ? name.replace(/_total$/, "") : name;
  const unit = UNITS.find((ending) => family.endsWith(`_${ending}`));
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${unit === undefined ? "" : `# UNIT ${family} ${unit}\n`}`;
}

/** `a="1",b="2"`: without the braces, so that one more can follow. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapedLabel(value)}"`)
    .join(",");
}

function escapedLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

/** A bucket's bound as the value of `le`: OpenMetrics wants whole numbers with their point, 0.0.4 as they are. */
export function boundText(bound: number, form: PageForm): string {
  if (bound === Number.POSITIVE_INFINITY) return "+Inf";
  return form === "openmetrics" && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

/**
 * Which form a scraper gets: OpenMetrics if it names that at least as gladly as plain text, else plain text, which
 * everybody can read.
 *
 * @param accept the header's value; what it says of other types counts for nothing
 */
export function formWanted(accept: string | undefined): PageForm {
  let openMetrics = 0;
  let text = 0;
  for (const part of (accept ?? "").toLowerCase().split(",")) {
    const [type = "", ...params] = part.split(";").map((word) => word.trim());
    const of = (name: string): string | undefined =>
      params.find((param) => param.startsWith(`${name}=`))?.slice(name.length + 1);
    const weight = weightOf(of("q"));
    if (type === "application/openmetrics-text" && of("version") !== "0.0.1")
      openMetrics = Math.max(openMetrics, weight);
    else if (type === "text/plain") text = Math.max(text, weight);
  }
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "text";
}

function weightOf(typed: string | undefined): number {
  if (typed === undefined) return 1;
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(typed) ? Number(typed) : 0;
}
