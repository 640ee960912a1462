/** One persona in the table, and beneath it why it is deaf or stuck and what to do about it. */
import { isHubsFault } from "../../domain/overview/verdict.ts";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import { Remedy } from "./parts/command.tsx";
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
import { fleet, go, place } from "./session.ts";

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
        <td class="of-standing">
          <span class={`standing is-${standing}`}>
            <StandingMark standing={standing} />
            {STANDING_WORDS[standing].word}
          </span>
        </td>
        <th scope="row" class="of-persona">
          <PersonaLink view={view} />
        </th>
        <td class="of-daemon">
          <Daemon view={view} isShort />
        </td>
        <td class="of-surface">
          <Surface view={view} />
        </td>
        <td class="of-waits">
          <Waits view={view} />
        </td>
        <td class="of-from">
          <Senders view={view} />
        </td>
        <td class="of-rung">
          <LastRing view={view} />
        </td>
        <td class="of-next">
          <NextRing view={view} />
        </td>
        <td class="of-latency">
          <LatencySpark persona={key} />
          <span>{latencyText(view)}</span>
        </td>
        <td class="of-drains">
          <DrainSpark persona={key} />
          <DrainRate persona={key} />
        </td>
      </tr>
      {needsHelp && reason !== null && (
        <tr class="help-row">
          <td class="of-standing" />
          <td colSpan={9}>
            <span class="reason">{reason}</span>
            {remedy !== null && <Remedy text={remedy} />}
          </td>
        </tr>
      )}
    </tbody>
  );
}
