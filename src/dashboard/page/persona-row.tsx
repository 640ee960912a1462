/** One persona in the table, and beneath it why it is deaf or stuck and what to do about it. */
import { isHubsFault } from "../../domain/overview/verdict.ts";
import { Remedy } from "./parts/command.tsx";
import { fleet, go, place } from "./session.ts";
import { columns } from "./table-columns.tsx";

export function PersonaRow({ persona }: { readonly persona: string }) {
  const view = fleet.persona(persona)?.value;
  if (view === undefined) return null;
  const { key, standing, reason, remedy } = view;
  const isOpen = place.value.persona === key;
  const isBad = standing === "deaf" || standing === "stuck";
  const needsHelp = isBad && !isHubsFault(view, fleet.hub.value);
  return (
    // The link inside is what the keyboard uses; that the whole row can be clicked is for the mouse alone.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <tbody
      class={needsHelp ? `is-${standing} is-bad` : `is-${standing}`}
      data-open={isOpen ? "" : undefined}
      onClick={() => go({ persona: key, signal: null })}
    >
      <tr>
        {columns.value.map(({ of, cell }) =>
          of === "persona" ? (
            <th key={of} scope="row" class={`of-${of}`}>
              {cell(view)}
            </th>
          ) : (
            <td key={of} class={`of-${of}`}>
              {cell(view)}
            </td>
          ),
        )}
      </tr>
      {needsHelp && reason !== null && (
        <tr class="help-row">
          <td />
          <td colSpan={columns.value.length - 1}>
            <span class="reason">{reason}</span>
            {remedy !== null && <Remedy text={remedy} />}
          </td>
        </tr>
      )}
    </tbody>
  );
}
