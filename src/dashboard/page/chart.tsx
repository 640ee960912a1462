/**
 * One chart of a day: uPlot on a canvas, in the colours of the style sheet. Several charts of one panel share the
 * cursor; whoever draws the panel shows the values under it. Knows no persona.
 */
import type { Signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { minuteText } from "../../domain/overview/times.ts";
import { theme } from "./preferences.ts";

/** A colour by the name of its property in the style sheet. */
export type Ink = "accent" | "deaf" | "stuck" | "calm" | "quiet" | "faint";

export interface Line {
  readonly values: readonly (number | null)[];
  readonly ink: Ink;
  readonly form: "area" | "line" | "bars" | "band";
}

export interface ChartProps {
  readonly name: string;
  /** The chart in words. */
  readonly says: string;
  readonly atSeconds: readonly number[];
  readonly lines: readonly Line[];
  readonly height: number;
  /** The least value at the top: a quiet day is drawn quiet. */
  readonly topMin: number;
  readonly hasTimes: boolean;
  /** The slot under the cursor; shared by all charts of a panel. */
  readonly cursor: Signal<number | null>;
  /** How a value of the axis is written. */
  readonly valueText: (value: number) => string;
}

const AXIS_WIDTH = 52;
const TIMES_HEIGHT = 26;
const SYNC_KEY = "day";

export function Chart(props: ChartProps) {
  const { name, says, height, hasTimes } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const current = useRef(props);
  current.current = props;
  const shape = props.lines.map(({ form, ink }) => `${form} ${ink}`).join();
  const themed = theme.value;

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(current.current, element), dataOf(current.current), element);
    chart.current = made;
    const resized = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: heightOf(current.current) });
    });
    resized.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => made.redraw(false);
    dark.addEventListener("change", redraw);
    return () => {
      dark.removeEventListener("change", redraw);
      resized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape, themed]);

  useLayoutEffect(() => {
    chart.current?.setData(dataOf(props));
  }, [props.atSeconds, props.lines]);

  return (
    <div
      ref={place}
      class="chart"
      role="img"
      aria-label={`${name}: ${says}`}
      style={{ height: `${height + (hasTimes ? TIMES_HEIGHT : 0)}px` }}
    />
  );
}

function heightOf({ height, hasTimes }: ChartProps): number {
  return height + (hasTimes ? TIMES_HEIGHT : 0);
}

function dataOf({ atSeconds, lines }: ChartProps): uPlot.AlignedData {
  return [[...atSeconds], ...lines.map(({ values }) => [...values])];
}

function optionsOf(props: ChartProps, element: HTMLElement): uPlot.Options {
  const { topMin, hasTimes, cursor, valueText, lines } = props;
  const color = (ink: Ink) => () => colorOf(element, ink);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const grid = { stroke: () => colorOf(element, "grid"), width: 1 };
  return {
    width: element.clientWidth,
    height: heightOf(props),
    padding: [8, 14, hasTimes ? 0 : 8, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false, setScale: false },
      sync: { key: SYNC_KEY },
    },
    scales: {
      x: {
        time: true,
        // A slot is as wide as the way to the next: the last one too.
        range: ({ data: [at] }, first, last) => [first, last + ((at[1] ?? 0) - (at[0] ?? 0))],
      },
      y: { range: (_, __, most) => [0, Math.max(topMin, most ?? 0)] },
    },
    axes: [
      {
        show: hasTimes,
        stroke: color("faint"),
        font,
        grid: { show: false },
        ticks: { show: false },
        size: TIMES_HEIGHT,
        gap: 8,
        space: 64,
        values: (_, splits) => splits.map((at) => minuteText(at * 1000)),
      },
      {
        stroke: color("faint"),
        font,
        grid,
        ticks: { show: false },
        size: AXIS_WIDTH,
        gap: 6,
        // The ground and the top are enough: the shape is what is looked at, and the cursor tells values.
        splits: (_, __, low, high) => [low, high],
        values: (_, splits) => splits.map(valueText),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, element))],
    hooks: {
      setCursor: [
        ({ cursor: { idx } }) => {
          cursor.value = idx ?? null;
        },
      ],
    },
  };
}

function seriesOf({ form, ink }: Line, element: HTMLElement): uPlot.Series {
  const stroke = () => colorOf(element, ink);
  const plain = { stroke, points: { show: false }, spanGaps: false } as const;
  switch (form) {
    case "line":
      return { ...plain, width: 1.5, points: { filter: alonePoints, size: 4, width: 0, fill: stroke } };
    case "area": {
      const stepped = uPlot.paths.stepped?.({ align: 1 });
      return { ...plain, width: 1.5, fill: () => faded(stroke()), ...(stepped && { paths: stepped }) };
    }
    case "band": {
      const stepped = uPlot.paths.stepped?.({ align: 1 });
      return { ...plain, width: 0, fill: stroke, ...(stepped && { paths: stepped }) };
    }
    case "bars": {
      const bars = uPlot.paths.bars?.({ size: [0.9, 6, 1.5], align: 1 });
      return { ...plain, width: 0, fill: stroke, ...(bars && { paths: bars }) };
    }
  }
}

/** A value between two gaps has no line: without a point it would not be seen at all. */
function alonePoints(chart: uPlot, index: number): number[] {
  const values = Array.from(chart.data[index] ?? []);
  return values.flatMap((value, at) =>
    value != null && values[at - 1] == null && values[at + 1] == null ? [at] : [],
  );
}

function faded(color: string): string {
  return `color-mix(in oklch, ${color} 16%, transparent)`;
}

/** What the style sheet makes of it in the theme of this moment: a canvas can't ask for itself. */
function colorOf(element: HTMLElement, ink: Ink | "grid"): string {
  const probe = document.createElement("i");
  probe.className = `ink is-${ink}`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
