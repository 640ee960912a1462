/** The columns of the table: how wide each one is, from which room on it is shown, and what stands in it. */
import { computed, type ReadonlySignal } from "@preact/signals";
import type { ComponentChild } from "preact";
import type { Sort } from "../../domain/overview/selection.ts";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import type { PersonaView } from "../../domain/overview.ts";
import { DrainRate, DrainSpark, LatencySpark } from "./parts/sparkline.tsx";
import { StandingMark } from "./parts/standing-mark.tsx";
import {
  Daemon,
  LastRing,
  latencyText,
  NextRing,
  PersonaLink,
  Senders,
  Surface,
  Waits,
} from "./persona-cells.tsx";
import { listWidth } from "./room.ts";

export interface Column {
  readonly of: string;
  readonly name: string;
  readonly sort: Sort | null;
  /** Pixels; null: what the others leave. Fixed, so that columns stand still while what is in them changes. */
  readonly width: number | null;
  /** The list's width from which on it is shown. */
  readonly roomMin: number;
  readonly cell: (view: PersonaView) => ComponentChild;
}

const hasSparks = computed(() => listWidth.value >= 1080);
const isRoomy = computed(() => listWidth.value >= 1280);

const ALL: readonly Column[] = [
  {
    ...{ of: "standing", name: "Standing", sort: "worst", width: 104, roomMin: 0 },
    cell: ({ standing }) => (
      <span class={`standing is-${standing}`}>
        <StandingMark standing={standing} />
        {STANDING_WORDS[standing].word}
      </span>
    ),
  },
  {
    ...{ of: "persona", name: "Persona", sort: "name", width: null, roomMin: 0 },
    cell: (view) => <PersonaLink view={view} />,
  },
  {
    ...{ of: "daemon", name: "Daemon", sort: null, width: 122, roomMin: 0 },
    cell: (view) => <Daemon view={view} isShort />,
  },
  {
    ...{ of: "surface", name: "Surface", sort: null, width: 140, roomMin: 760 },
    cell: (view) => <Surface view={view} hasAgent={isRoomy.value} />,
  },
  {
    ...{ of: "waits", name: "Waits", sort: "pending", width: 130, roomMin: 0 },
    cell: (view) => <Waits view={view} />,
  },
  {
    ...{ of: "from", name: "From", sort: null, width: 84, roomMin: 0 },
    cell: (view) => <Senders view={view} />,
  },
  {
    ...{ of: "rung", name: "Last ring", sort: "rung", width: 106, roomMin: 0 },
    cell: (view) => <LastRing view={view} />,
  },
  {
    ...{ of: "next", name: "Next", sort: null, width: 80, roomMin: 900 },
    cell: (view) => <NextRing view={view} />,
  },
  {
    ...{ of: "latency", name: "Latency", sort: "latency", width: 66, roomMin: 980 },
    cell: (view) => (
      <>
        {hasSparks.value && <LatencySpark persona={view.key} />}
        <span>{latencyText(view)}</span>
      </>
    ),
  },
  {
    ...{ of: "drains", name: "Drains", sort: "drains", width: 66, roomMin: 980 },
    cell: (view) => (
      <>
        {hasSparks.value && <DrainSpark persona={view.key} />}
        <DrainRate persona={view.key} />
      </>
    ),
  },
];

const SPARK_WIDTH = 58;
const AGENT_WIDTH = 44;

/** What there is room for, left to right. */
export const columns: ReadonlySignal<readonly Column[]> = computed(() => {
  const room = listWidth.value;
  return ALL.filter(({ roomMin }) => room >= roomMin).map((column) => {
    const { of, width } = column;
    if (width === null) return column;
    const sparked = hasSparks.value && (of === "latency" || of === "drains") ? SPARK_WIDTH : 0;
    const roomy = isRoomy.value && (of === "surface" || of === "from") ? AGENT_WIDTH : 0;
    return { ...column, width: width + sparked + roomy };
  });
});
