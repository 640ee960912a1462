/** What rows, tiles and the panel say of a persona in the same words. */

import { countText } from "../../domain/overview/figures.ts";
import { measuredText } from "../../domain/overview/times.ts";
import { STATE_WORDS } from "../../domain/overview/words.ts";
import type { PersonaView } from "../../domain/overview.ts";
import { Icon } from "./parts/icons.tsx";
import { Ago, Since, Until } from "./parts/moving-time.tsx";
import { go, hasOtherHosts, hasTenants, place } from "./session.ts";

interface Of {
  readonly view: PersonaView;
}

/** The name, and the link that opens the panel: where the keyboard goes from persona to persona. */
export function PersonaLink({ view }: Of) {
  const { key, persona, project, tenant, host, isLocal } = view;
  const isOpen = place.value.persona === key;
  return (
    <a
      class="persona"
      href={`#persona=${encodeURIComponent(key)}`}
      data-persona={key}
      aria-current={isOpen ? "true" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        event.stopPropagation();
        go({ persona: key, signal: null });
      }}
    >
      <b>{persona}</b>
      <span class="project">@{project}</span>
      {hasTenants.value && <span class="note">{tenant}</span>}
      {hasOtherHosts.value && !isLocal && <span class="note">on {host}</span>}
    </a>
  );
}

/** @param isShort says since when only of what should not last */
export function Daemon({
  view: { state, stateSinceMs },
  isShort = false,
}: Of & { readonly isShort?: boolean }) {
  return (
    <span class={`daemon is-${state}`}>
      {STATE_WORDS[state]}
      {stateSinceMs !== null && !(isShort && state === "connected") && (
        <span class="aside">
          <Since atMs={stateSinceMs} />
        </span>
      )}
    </span>
  );
}

export function Surface({ view: { surface }, hasAgent = true }: Of & { readonly hasAgent?: boolean }) {
  if (surface === null) return <span class="aside">unknown</span>;
  return (
    <span class="surface">
      {surface.name}
      {surface.path !== null && surface.path !== surface.name && (
        <span class="aside">via {surface.path}</span>
      )}
      {hasAgent && surface.agent !== null && (
        <span class={`agent is-${surface.agent}`}>{AGENT_WORDS[surface.agent]}</span>
      )}
    </span>
  );
}

const AGENT_WORDS = { idle: "idle", busy: "busy", none: "no agent" } as const;

/** How many wait, how many of them can't, and how long the first has. */
export function Waits({ view: { pending, urgent, oldestAtMs } }: Of) {
  if (pending === 0) return <span class="none">0</span>;
  return (
    <span class="waits-for">
      <b>{countText(pending)}</b>
      {urgent > 0 && <span class="urgent">{countText(urgent)} urgent</span>}
      {oldestAtMs !== null && (
        <span class="aside">
          <Ago atMs={oldestAtMs} />
        </span>
      )}
    </span>
  );
}

/** Whose signals wait: the one with the most by name, the others as a number. */
export function Senders({ view: { senders, project } }: Of) {
  const [first, ...others] = senders;
  if (first === undefined) return null;
  return (
    <span
      class="senders"
      title={senders.map(({ from, count }) => `${senderText(from)}: ${count}`).join("\n")}
    >
      {nearText(first.from, project)}
      {others.length > 0 && <span class="aside">+{others.length}</span>}
    </span>
  );
}

export function senderText(from: string): string {
  return from === "" ? "nobody named" : from;
}

/** Within one project its name says nothing. */
function nearText(from: string, project: string): string {
  return from.endsWith(`@${project}`) ? from.slice(0, -project.length - 1) : senderText(from);
}

export function LastRing({ view: { lastRingAtMs, lastRungAtMs, lastOutcome } }: Of) {
  const atMs = lastRingAtMs ?? lastRungAtMs;
  if (atMs === null) return <span class="aside">never rung</span>;
  return (
    <span class={`ring ${lastOutcome === null ? "" : `is-${lastOutcome}`}`}>
      {lastOutcome !== null && <Icon name={lastOutcome === "taken" ? "done" : "close"} />}
      <Ago atMs={atMs} />
      <span class={lastOutcome === "failed" ? "failed" : "unseen"}>{lastOutcome ?? ""}</span>
    </span>
  );
}

/** How often it was rung for what stands unanswered, and when it is rung again. */
export function NextRing({ view: { attempts, nextRingAtMs, pending } }: Of) {
  if (pending === 0 || (attempts === 0 && nextRingAtMs === null)) return null;
  return (
    <span class="next">
      {attempts > 0 && (
        <span title={`rung ${attempts} times for what waits`}>{countText(attempts)}&times;</span>
      )}
      {nextRingAtMs !== null && (
        <span class="aside">
          <Until atMs={nextRingAtMs} />
        </span>
      )}
    </span>
  );
}

export function latencyText({ lastLatencyMs }: PersonaView): string {
  if (lastLatencyMs === null) return "";
  // It is told in whole milliseconds.
  return lastLatencyMs < 1 ? "<\u202f1\u202fms" : measuredText(lastLatencyMs);
}
