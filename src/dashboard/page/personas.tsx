/** All personas that pass the filters: as rows of a table or as tiles. */

import type { Sort } from "../../domain/overview/selection.ts";
import { hasFilters, NoMatch } from "./conditions.tsx";
import { PersonaRow } from "./persona-row.tsx";
import { PersonaTile } from "./persona-tile.tsx";
import { shownLayout } from "./room.ts";
import { fleet, go, place, shown } from "./session.ts";

export function Personas() {
  const keys = shown.value;
  return (
    <section class="personas" aria-label="Personas">
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

const COLUMNS: readonly { readonly name: string; readonly of: string; readonly sort?: Sort }[] = [
  { name: "Standing", of: "standing", sort: "worst" },
  { name: "Persona", of: "persona", sort: "name" },
  { name: "Daemon", of: "daemon" },
  { name: "Surface", of: "surface" },
  { name: "Waits", of: "waits", sort: "pending" },
  { name: "From", of: "from" },
  { name: "Last ring", of: "rung", sort: "rung" },
  { name: "Next", of: "next" },
  { name: "Latency", of: "latency", sort: "latency" },
  { name: "Drains", of: "drains", sort: "drains" },
];

function Table({ keys }: Keys) {
  const { sort } = place.value;
  return (
    <table>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th
              key={column.of}
              scope="col"
              class={`of-${column.of}`}
              aria-sort={
                column.sort === sort
                  ? sort === "name" || sort === "worst"
                    ? "ascending"
                    : "descending"
                  : undefined
              }
            >
              {column.sort === undefined ? (
                column.name
              ) : (
                <button type="button" onClick={() => go({ sort: column.sort ?? "worst" })}>
                  {column.name}
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
