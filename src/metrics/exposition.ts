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
 * Which form a scraper gets: OpenMetrics 1.0 if it names that at least as gladly as plain text 0.0.4, else plain text,
 * which everybody can read. Another version of either is not what is written here, so wishes for it count for nothing;
 * `escaping` may be any, since no name here needs it. Plain text may also be meant by a wildcard, OpenMetrics not.
 * Sources: RFC 9110, section 12.5.1; what Prometheus 2.42 and 3.x send.
 *
 * @param accept the header's value
 */
export function formWanted(accept: string | undefined): PageForm {
  const wishes = (accept ?? "").toLowerCase().split(",").map(wishOf);
  /** Of several ranges that cover it, the most specific counts; of equals the gladdest. */
  const weightOf = (ranges: readonly string[], version: string): number => {
    for (const range of ranges) {
      const own = wishes.filter((wish) => wish.range === range && (wish.version ?? version) === version);
      if (own.length > 0) return Math.max(...own.map(({ weight }) => weight));
    }
    return 0;
  };
  const openMetrics = weightOf(["application/openmetrics-text"], "1.0.0");
  const text = weightOf(["text/plain", "text/*", "*/*"], "0.0.4");
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "text";
}

interface Wish {
  readonly range: string;
  readonly version: string | undefined;
  /** 0 to 1; 0 also for one that can't be read. */
  readonly weight: number;
}

function wishOf(part: string): Wish {
  const [range = "", ...params] = part.split(";").map((word) => word.trim());
  const of = (name: string): string | undefined =>
    params
      .find((param) => param.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replace(/^"(.*)"$/, "$1");
  const quality = of("q") ?? "1";
  const weight = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(quality) ? Number(quality) : 0;
  return { range, version: of("version"), weight };
}
