/** The last day of one persona in the height of a line: how long its rings took, or how often it drained. */
import { useComputed } from "@preact/signals";
import { countOf, countText } from "../../../domain/overview/figures.ts";
import { now } from "../clock.ts";
import { drainsAnHour } from "../model/columns.ts";
import { barPath, linePath, type SparkBox } from "../model/sparkline.ts";
import { fleet } from "../session.ts";

const BOX: SparkBox = { width: 56, height: 18 };
const VIEW = `-1 -1 ${BOX.width + 2} ${BOX.height + 2}`;

interface Of {
  readonly persona: string;
}

export function LatencySpark({ persona }: Of) {
  const path = useComputed(() => linePath(fleet.columns(persona).value?.latencyMs ?? [], BOX));
  return (
    <svg class="spark" viewBox={VIEW} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function DrainSpark({ persona }: Of) {
  const path = useComputed(() =>
    barPath(
      (fleet.columns(persona).value?.drains ?? []).map((count) => count ?? 0),
      BOX,
    ),
  );
  return (
    <svg class="spark is-bars" viewBox={VIEW} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** `14/h`: of the last sixty minutes; nothing where nothing is known. */
export function DrainRate({ persona }: Of) {
  const text = useComputed(() => {
    const columns = fleet.columns(persona).value;
    if (columns === null) return "";
    const count = drainsAnHour(columns, now.value);
    return count === 0 ? "\u2013" : `${countText(count)}/h`;
  });
  const title = useComputed(() => {
    const columns = fleet.columns(persona).value;
    return columns === null ? "" : `${countOf(drainsAnHour(columns, now.value), "drain")} in the last hour`;
  });
  return <span title={title}>{text}</span>;
}
