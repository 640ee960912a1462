/** What two seconds are enough for: the host in one sentence, how many of each standing, and whether the hub is there. */
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { aheadText, countText } from "../../domain/overview/figures.ts";
import { countByStanding, toggled } from "../../domain/overview/selection.ts";
import { measuredText } from "../../domain/overview/times.ts";
import { headlineText, titleOf, verdictOn, waitingText } from "../../domain/overview/verdict.ts";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import { STANDINGS } from "../../domain/overview.ts";
import { now } from "./clock.ts";
import { Remedy } from "./parts/command.tsx";
import { Ago, Since } from "./parts/moving-time.tsx";
import { StandingMark } from "./parts/standing-mark.tsx";
import { fleet, go, place } from "./session.ts";

export function Summary() {
  return (
    <section class="summary" aria-label="Summary">
      <Headline />
      <Standings />
      <Hub />
      <HubTrouble />
    </section>
  );
}

/** The hub alone: where nobody lives there is nothing else to sum up. */
export function HubSummary() {
  return (
    <section class="summary" aria-label="Summary">
      <Hub />
      <HubTrouble />
    </section>
  );
}

function Headline() {
  const verdict = useComputed(() => verdictOn(fleet.views.value, fleet.hub.value));
  const waiting = useComputed(() => waitingText(verdict.value, now.value));
  useSignalEffect(() => {
    document.title = titleOf(fleet.views.value, fleet.head.value?.host ?? "");
  });
  return (
    <h1 class="headline">
      {verdict.value.headline.map(({ text, tone }) =>
        tone === null ? text : <em class={`is-${tone}`}>{text}</em>,
      )}
      {". "}
      <span class="waits">{waiting}</span>
    </h1>
  );
}

/** Says to a screen reader what the headline has become, at most every ten seconds. */
export function Announcer() {
  const said = useSignal("");
  const headline = useComputed(() => headlineText(verdictOn(fleet.views.value, fleet.hub.value).headline));
  const due = useSignal(0);
  useSignalEffect(() => {
    const nowMs = now.value;
    if (fleet.head.value === null || headline.value === said.peek() || nowMs < due.peek()) return;
    due.value = nowMs + SAID_EVERY_MS;
    said.value = headline.value;
  });
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}

const SAID_EVERY_MS = 10_000;

function Standings() {
  const counts = countByStanding(fleet.views.value);
  const { standings } = place.value;
  return (
    <fieldset class="chips" aria-label="Only these standings">
      {STANDINGS.map((standing, index) => (
        <button
          type="button"
          key={standing}
          class={`chip is-${standing}`}
          data-none={counts[standing] === 0 ? "" : undefined}
          aria-pressed={standings.includes(standing)}
          aria-keyshortcuts={String(index + 1)}
          title={`${STANDING_WORDS[standing].means} (${index + 1})`}
          onClick={() => go({ standings: toggled(standings, standing) })}
        >
          <StandingMark standing={standing} />
          <span>{STANDING_WORDS[standing].word}</span>
          <b>{countText(counts[standing])}</b>
        </button>
      ))}
    </fieldset>
  );
}

function Hub() {
  const hub = fleet.hub.value;
  if (hub === null) return null;
  const { answers, sinceMs, latencyMs, clockAheadMs, version, startedAtMs, agents, daemons, url } = hub;
  return (
    <dl class="facts hub" aria-label="Hub">
      <Fact name="Hub">
        <span class={answers ? "answers" : "answers is-not"} title={url}>
          <StandingMark standing={answers ? "well" : "deaf"} />
          {answers ? "answers" : "no answer"}
        </span>
      </Fact>
      {answers ? (
        <>
          <Fact name="Latency">{latencyMs === null ? UNKNOWN : measuredText(latencyMs)}</Fact>
          <Fact name="Clock">{clockAheadMs === null ? UNKNOWN : aheadText(clockAheadMs)}</Fact>
          <Fact name="Up">{startedAtMs === null ? UNKNOWN : <Since atMs={startedAtMs} />}</Fact>
          <Fact name="Version">{version ?? UNKNOWN}</Fact>
          <Fact name="Agents">{countText(agents)}</Fact>
          <Fact name="Daemons">{countText(daemons)}</Fact>
        </>
      ) : (
        <Fact name="Since">
          <Ago atMs={sinceMs} />
        </Fact>
      )}
    </dl>
  );
}

/** What is wrong at the hub concerns everybody, and is said before everybody. */
function HubTrouble() {
  const hub = fleet.hub.value;
  if (hub === null) return null;
  const { answers, reason, remedy, url, loops } = hub;
  return (
    <>
      {!answers && (
        <div class="verdict is-deaf">
          <p class="reason">{reason ?? `nobody answers at ${url}`}</p>
          {remedy !== null && <Remedy text={remedy} />}
        </div>
      )}
      {loops.map(([one, other]) => (
        <div key={`${one} ${other}`} class="verdict is-stuck">
          <p class="reason">
            {one} and {other} only answered each other: their next answers are refused for a while
          </p>
        </div>
      ))}
    </>
  );
}

export const UNKNOWN = "\u2013";

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
