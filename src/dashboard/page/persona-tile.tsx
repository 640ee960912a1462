/** One persona as a tile: for phones, and for those who know their fleet by its shape. */
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

export function PersonaTile({ persona }: { readonly persona: string }) {
  const view = fleet.persona(persona)?.value;
  if (view === undefined) return null;
  const { key, standing, reason, remedy, pending } = view;
  const isOpen = place.value.persona === key;
  const isBad = standing === "deaf" || standing === "stuck";
  const needsHelp = isBad && !isHubsFault(view, fleet.hub.value);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the link inside is what the keyboard uses
    <li
      class={needsHelp ? `tile is-${standing} is-bad` : `tile is-${standing}`}
      data-open={isOpen ? "" : undefined}
      onClick={() => go({ persona: key, signal: null })}
    >
      <div class="tile-head">
        <PersonaLink view={view} />
        <span class={`standing is-${standing}`}>
          <StandingMark standing={standing} />
          {STANDING_WORDS[standing].word}
        </span>
      </div>
      <div class="tile-line">
        <Surface view={view} />
        <Daemon view={view} />
      </div>
      {pending > 0 && (
        <div class="tile-line is-waiting">
          <Waits view={view} />
          <Senders view={view} />
        </div>
      )}
      {needsHelp && reason !== null && (
        <p class="tile-help">
          <span class="reason">{reason}</span>
          {remedy !== null && <Remedy text={remedy} />}
        </p>
      )}
      <div class="tile-line is-foot">
        <span class="foot-ring">
          <LastRing view={view} />
          <NextRing view={view} />
        </span>
        <span class="foot-spark">
          <LatencySpark persona={key} />
          {latencyText(view)}
        </span>
        <span class="foot-spark">
          <DrainSpark persona={key} />
          <DrainRate persona={key} />
        </span>
      </div>
    </li>
  );
}
