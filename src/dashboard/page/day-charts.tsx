/** The last day of one persona: what state its daemon was in, what waited, how it was rung, how long that took. */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { countText } from "../../domain/overview/figures.ts";
import { measuredText, minuteText } from "../../domain/overview/times.ts";
import { STATE_WORDS } from "../../domain/overview/words.ts";
import { LIFECYCLE_STATES } from "../../ipc.ts";
import type { PersonaHistory } from "../api.ts";
import { Chart, type Line } from "./chart.tsx";
import {
  type Day,
  dayOf,
  mostText,
  percentText,
  SPANS,
  type Span,
  sharesOf,
  spanOf,
  sumOf,
} from "./model/day.ts";

const CHART_HEIGHT = 72;

export function DayCharts({ history }: { readonly history: PersonaHistory }) {
  const span = useSignal<Span>(spanOf(history));
  const cursor = useSignal<number | null>(null);
  const hours = span.value;
  const day = useMemo(() => dayOf(history, hours), [history, hours]);
  return (
    <section class="day" aria-labelledby="day-title">
      <header>
        <h3 id="day-title">Last {hours === 1 ? "hour" : `${hours} hours`}</h3>
        <At day={day} cursor={cursor} />
        <fieldset class="segments" aria-label="Span">
          {SPANS.map((one) => (
            <button
              type="button"
              key={one}
              class="segment"
              aria-pressed={one === hours}
              onClick={() => {
                span.value = one;
              }}
            >
              {one} h
            </button>
          ))}
        </fieldset>
      </header>
      {day.state.every((slot) => slot === null) ? (
        <p class="nothing">Nothing is known of this time: its daemon kept no minute of it.</p>
      ) : (
        <Charts day={day} cursor={cursor} />
      )}
    </section>
  );
}

function Charts({ day, cursor }: Shared) {
  return (
    <>
      <StateBand day={day} cursor={cursor} />
      <Drawn
        name="Waiting"
        day={day}
        cursor={cursor}
        topMin={4}
        unit="count"
        lines={[{ values: day.pending, ink: "accent", form: "area" }]}
        legend={[{ name: "signals", values: day.pending, ink: "accent", whole: "none" }]}
      />
      <Drawn
        name="Rings"
        day={day}
        cursor={cursor}
        topMin={3}
        unit="count"
        lines={[
          { values: day.rung, ink: "quiet", form: "bars" },
          { values: day.failed, ink: "deaf", form: "bars" },
        ]}
        legend={[
          { name: "taken", values: day.rung, ink: "quiet", whole: "sum" },
          { name: "failed", values: day.failed, ink: "deaf", whole: "sum" },
          { name: "drains", values: day.drains, ink: null, whole: "sum" },
        ]}
      />
      <Drawn
        name="Latency"
        day={day}
        cursor={cursor}
        topMin={10}
        unit="ms"
        hasTimes
        lines={[
          { values: day.latencyMsMax, ink: "quiet", form: "line" },
          { values: day.latencyMs, ink: "accent", form: "line" },
        ]}
        legend={[
          { name: "mean", values: day.latencyMs, ink: "accent", whole: "none" },
          { name: "longest", values: day.latencyMsMax, ink: "quiet", whole: "none" },
        ]}
      />
    </>
  );
}

interface Shared {
  readonly day: Day;
  readonly cursor: Signal<number | null>;
}

interface LegendEntry {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly ink: Line["ink"] | null;
  /** What stands there while no minute is pointed at. */
  readonly whole: "sum" | "none";
}

interface DrawnProps extends Shared {
  readonly name: string;
  readonly topMin: number;
  readonly unit: "count" | "ms";
  readonly hasTimes?: boolean;
  readonly lines: readonly Line[];
  readonly legend: readonly LegendEntry[];
}

function Drawn({ name, day, cursor, topMin, unit, hasTimes = false, lines, legend }: DrawnProps) {
  const valueText = unit === "ms" ? measuredText : countText;
  const first = lines.at(-1)?.values ?? [];
  const kept = useMemo(() => lines, [day]);
  return (
    <figure>
      <figcaption>
        <b>{name}</b>
        <span class="legend">
          {legend.map((entry) => (
            <LegendText key={entry.name} entry={entry} cursor={cursor} valueText={valueText} />
          ))}
        </span>
      </figcaption>
      <Chart
        name={name}
        says={mostText(day, first, unit)}
        atSeconds={day.atSeconds}
        lines={kept}
        height={CHART_HEIGHT}
        topMin={topMin}
        hasTimes={hasTimes}
        cursor={cursor}
        valueText={valueText}
      />
    </figure>
  );
}

interface LegendTextProps {
  readonly entry: LegendEntry;
  readonly cursor: Signal<number | null>;
  readonly valueText: (value: number) => string;
}

function LegendText({ entry: { name, values, ink, whole }, cursor, valueText }: LegendTextProps) {
  const index = cursor.value;
  const value = index === null ? (whole === "sum" ? sumOf(values) : null) : (values[index] ?? null);
  return (
    <span>
      {ink !== null && <i class={`ink is-${ink}`} />}
      {name}
      {value !== null && <b>{valueText(value)}</b>}
      {index !== null && value === null && <b>&ndash;</b>}
    </span>
  );
}

function At({ day, cursor }: Shared) {
  const text = useComputed(() => {
    const at = cursor.value === null ? undefined : day.atSeconds[cursor.value];
    return at === undefined ? "" : minuteText(at * 1000);
  });
  return <span class="at">{text}</span>;
}

/** Worst last in the legend of the page: the order of the states themselves. */
const STATE_INKS = {
  disconnected: "deaf",
  reconciling: "stuck",
  connected: "calm",
  emitting: "accent",
} as const;

function StateBand({ day, cursor }: Shared) {
  const shares = sharesOf(day);
  const lines = useMemo(
    () =>
      LIFECYCLE_STATES.map((state, index): Line => {
        return {
          ink: STATE_INKS[state],
          form: "band",
          values: day.state.map((value) => (value === index ? 1 : null)),
        };
      }),
    [day],
  );
  const index = cursor.value;
  const slot = index === null ? null : day.state[index];
  const pointed = slot === null || slot === undefined ? null : (LIFECYCLE_STATES[slot] ?? null);
  return (
    <figure>
      <figcaption>
        <b>Daemon</b>
        <span class="legend">
          {index === null ? (
            shares.map(({ state, percent }) => (
              <span key={state ?? ""}>
                <i class={`ink is-${state === null ? "grid" : STATE_INKS[state]}`} />
                {wordOf(state)}
                <b>{percentText(percent)}</b>
              </span>
            ))
          ) : (
            <span>
              <i class={`ink is-${pointed === null ? "grid" : STATE_INKS[pointed]}`} />
              {wordOf(pointed)}
            </span>
          )}
        </span>
      </figcaption>
      <Chart
        name="State of its daemon"
        says={shares.map(({ state, percent }) => `${wordOf(state)} ${percentText(percent)}`).join(", ")}
        atSeconds={day.atSeconds}
        lines={lines}
        height={28}
        topMin={1}
        hasTimes={false}
        cursor={cursor}
        valueText={() => ""}
      />
    </figure>
  );
}

function wordOf(state: keyof typeof STATE_INKS | null): ComponentChildren & string {
  return state === null ? "not known" : STATE_WORDS[state];
}
