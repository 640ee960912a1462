/** All personas that pass the filters: as rows of a table or as tiles. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Sort } from "../../domain/overview/selection.ts";
import { hasFilters, NoMatch } from "./conditions.tsx";
import { PersonaRow } from "./persona-row.tsx";
import { PersonaTile } from "./persona-tile.tsx";
import { listWidth, shownLayout } from "./room.ts";
import { fleet, go, place, shown } from "./session.ts";
import { columns } from "./table-columns.tsx";

export function Personas() {
  const keys = shown.value;
  const section = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const element = section.current;
    if (element === null) return;
    const measured = new ResizeObserver(() => {
      listWidth.value = element.clientWidth;
    });
    listWidth.value = element.clientWidth;
    measured.observe(element);
    return () => measured.disconnect();
  }, []);
  return (
    <section ref={section} class="personas" aria-label="Personas">
      {keys.length === 0 ? (
        <NoMatch />
      ) : shownLayout.value === "rows" ? (
        <Table keys={keys} />
      ) : (
        <Tiles keys={keys} />
      )}
      {hasFilters(place.value) && keys.length > 0 && (
        <p class="narrowed">
          {keys.length} of {fleet.views.value.length} shown.{" "}
          <button type="button" class="plain" onClick={() => go({ standings: [], search: "" })}>
            Show all
          </button>
        </p>
      )}
    </section>
  );
}

interface Keys {
  readonly keys: readonly string[];
}

function Table({ keys }: Keys) {
  const { sort } = place.value;
  return (
    <table>
      <colgroup>
        {columns.value.map(({ of, width }) => (
          <col key={of} style={{ width: width === null ? "auto" : `${width}px` }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.value.map(({ of, name, sort: by }) => (
            <th
              key={of}
              scope="col"
              class={`of-${of}`}
              aria-sort={by === sort ? DIRECTIONS[sort] : undefined}
            >
              {by === null ? (
                name
              ) : (
                <button type="button" onClick={() => go({ sort: by })}>
                  {name}
                </button>
              )}
            </th>
          ))}
        </tr>
      </thead>
      {keys.map((key) => (
        <PersonaRow key={key} persona={key} />
      ))}
    </table>
  );
}

function Tiles({ keys }: Keys) {
  return (
    <ul class="tiles">
      {keys.map((key) => (
        <PersonaTile key={key} persona={key} />
      ))}
    </ul>
  );
}

const DIRECTIONS: Readonly<Record<Sort, "ascending" | "descending">> = {
  worst: "ascending",
  name: "ascending",
  pending: "descending",
  rung: "descending",
  latency: "descending",
  drains: "descending",
};
