/** One persona in full: why it is as it is, its day, who waits for it, its signals. */
import { useComputed } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { countOf, countText } from "../../domain/overview/figures.ts";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import type { PersonaView } from "../../domain/overview.ts";
import { DayCharts } from "./day-charts.tsx";
import { closePanel } from "./keyboard.ts";
import { readHistory } from "./panel-data.ts";
import { Part, Shown } from "./panel-part.tsx";
import { Remedy } from "./parts/command.tsx";
import { Icon } from "./parts/icons.tsx";
import { Ago, Since } from "./parts/moving-time.tsx";
import { StandingMark } from "./parts/standing-mark.tsx";
import { Daemon, LastRing, latencyText, NextRing, Surface, senderText } from "./persona-cells.tsx";
import { fleet, hasOtherHosts, hasTenants, place } from "./session.ts";
import { SignalWay } from "./signal-way.tsx";
import { Signals } from "./signals.tsx";
import { Happenings } from "./stream.tsx";
import { Fact, UNKNOWN } from "./summary.tsx";

interface Of {
  readonly persona: string;
}

export function Panel({ persona }: Of) {
  const panel = useRef<HTMLElement>(null);
  // The signal follows the views: one that is gone and comes back is another signal.
  const view = useComputed(() => {
    void fleet.views.value;
    return fleet.persona(persona)?.value ?? null;
  }).value;
  useEffect(() => {
    panel.current?.scrollTo({ top: 0 });
  }, [place.value.signal]);
  return (
    <aside ref={panel} class="panel" aria-label={`Persona ${persona}`}>
      {view === null ? <Gone persona={persona} /> : <Whole view={view} />}
    </aside>
  );
}

function CloseButton() {
  return (
    <button type="button" class="tool" aria-label="Close" title="Close (Esc)" onClick={closePanel}>
      <Icon name="close" />
    </button>
  );
}

function Gone({ persona }: Of) {
  return (
    <>
      <header class="panel-head">
        <h2>{persona}</h2>
        <CloseButton />
      </header>
      <p class="nothing">Neither this host nor its hub knows it any more.</p>
    </>
  );
}

function Whole({ view }: { readonly view: PersonaView }) {
  const { key, persona, project, tenant, host, standing, reason, remedy, isLocal } = view;
  const { signal } = place.value;
  return (
    <>
      <header class="panel-head">
        <StandingMark standing={standing} />
        <h2>
          {persona}
          <span class="project">@{project}</span>
        </h2>
        <span class={`standing is-${standing}`}>{STANDING_WORDS[standing].word}</span>
        {(hasTenants.value || (hasOtherHosts.value && !isLocal)) && (
          <span class="aside">
            {tenant} on {host}
          </span>
        )}
        <CloseButton />
      </header>
      {reason !== null && (
        <div class={`verdict is-${standing}`}>
          <p class="reason">{reason}</p>
          {remedy !== null && <Remedy text={remedy} />}
        </div>
      )}
      {signal === null ? <PersonaParts view={view} /> : <SignalWay key={signal} persona={key} id={signal} />}
    </>
  );
}

function PersonaParts({ view }: { readonly view: PersonaView }) {
  return (
    <>
      <State view={view} />
      <Waiting view={view} />
      {view.isLocal && <History persona={view.key} />}
      <Signals persona={view.key} />
      <Part title="Since its daemon began">
        <Counters view={view} />
      </Part>
      <Part title="Happenings">
        <Happenings of={view.key} />
      </Part>
    </>
  );
}

function State({ view }: { readonly view: PersonaView }) {
  const { lastDrainAtMs, startedAtMs, pid, version, root } = view;
  return (
    <dl class="facts is-panel">
      <Fact name="Daemon">
        <Daemon view={view} />
      </Fact>
      <Fact name="Surface">
        <Surface view={view} />
      </Fact>
      <Fact name="Last ring">
        <LastRing view={view} /> <NextRing view={view} />
      </Fact>
      <Fact name="Latency">{latencyText(view) || UNKNOWN}</Fact>
      <Fact name="Last drain">{lastDrainAtMs === null ? UNKNOWN : <Ago atMs={lastDrainAtMs} />}</Fact>
      <Fact name="Running for">{startedAtMs === null ? UNKNOWN : <Since atMs={startedAtMs} />}</Fact>
      <Fact name="Process">{pid ?? UNKNOWN}</Fact>
      <Fact name="Version">{version ?? UNKNOWN}</Fact>
      {root !== null && (
        <div class="is-wide">
          <dt>Folder</dt>
          <dd class="path">{root}</dd>
        </div>
      )}
    </dl>
  );
}

function Waiting({ view: { pending, urgent, oldestAtMs, senders } }: { readonly view: PersonaView }) {
  if (pending === 0) return null;
  const named = senders.reduce((sum, { count }) => sum + count, 0);
  const others = Math.max(0, pending - named);
  return (
    <Part title="Waits for it">
      <p class="waits-line">
        <b>{countOf(pending, "signal")}</b>
        {urgent > 0 && <span class="urgent">{countText(urgent)} urgent</span>}
        {oldestAtMs !== null && (
          <span class="aside">
            the oldest for <Since atMs={oldestAtMs} />
          </span>
        )}
      </p>
      <ul class="bars">
        {senders.map(({ from, count }) => (
          <Bar key={from} from={from} count={count} share={count / pending} />
        ))}
        {senders.length > 0 && others > 0 && <Bar from="others" count={others} share={others / pending} />}
      </ul>
    </Part>
  );
}

function Bar({
  from,
  count,
  share,
}: {
  readonly from: string;
  readonly count: number;
  readonly share: number;
}) {
  return (
    <li>
      <span class="bar-name">{senderText(from)}</span>
      <span class="bar" aria-hidden="true">
        <i style={{ width: `${Math.max(1, 100 * share)}%` }} />
      </span>
      <b>{countText(count)}</b>
    </li>
  );
}

function History({ persona }: Of) {
  const reading = useMemo(() => readHistory(persona), [persona]);
  useEffect(() => reading.stop, [reading]);
  const read = reading.value.value;
  return <Shown read={read}>{(history) => <DayCharts history={history} />}</Shown>;
}

function Counters({ view: { counters } }: { readonly view: PersonaView }) {
  return (
    <dl class="counters">
      {COUNTERS.map(({ of, name, means }) => (
        <div key={of} title={means} data-none={counters[of] === 0 ? "" : undefined}>
          <dt>{name}</dt>
          <dd>{countText(counters[of])}</dd>
        </div>
      ))}
    </dl>
  );
}

const COUNTERS: readonly {
  readonly of: keyof PersonaView["counters"];
  readonly name: string;
  readonly means: string;
}[] = [
  { of: "rung", name: "rung", means: "rings that the agent's side took" },
  { of: "drains", name: "drains", means: "drains that were heard of" },
  { of: "coalesced", name: "coalesced", means: "signals that came while a ring stood unanswered" },
  { of: "suppressed", name: "suppressed", means: "rings that were not needed any more" },
  { of: "failed", name: "failed", means: "rings that nobody took" },
  { of: "reconnects", name: "reconnects", means: "connections to the hub that were made again" },
  { of: "errors", name: "errors", means: "failures of every class" },
];
