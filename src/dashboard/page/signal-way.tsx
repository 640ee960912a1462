/** One signal's way, drawn in time: each step where it happened, the gap before it, and what nobody knows as such. */
import { useEffect, useMemo } from "preact/hooks";
import { exactText, measuredText, momentText } from "../../domain/overview/times.ts";
import { STEP_WORDS } from "../../domain/overview/words.ts";
import type { SignalTrace } from "../../domain/overview.ts";
import { ticksOf, type Way, type WayMark, wayOf } from "./model/way.ts";
import { readTrace } from "./panel-data.ts";
import { Shown } from "./panel-part.tsx";
import { Icon } from "./parts/icons.tsx";
import { Since } from "./parts/moving-time.tsx";
import { senderText } from "./persona-cells.tsx";
import { go } from "./session.ts";
import { Fact } from "./summary.tsx";

export function SignalWay({ persona, id }: { readonly persona: string; readonly id: string }) {
  const reading = useMemo(() => readTrace(persona, id), [persona, id]);
  useEffect(() => reading.stop, [reading]);
  return (
    <section class="part signal-way" aria-label="One signal's way">
      <button type="button" class="plain back" onClick={() => go({ signal: null })}>
        <Icon name="back" /> Back to the persona
      </button>
      <Shown read={reading.value.value}>{(trace) => <Drawn trace={trace} />}</Shown>
    </section>
  );
}

function Drawn({ trace }: { readonly trace: SignalTrace }) {
  const { signal, traceparent } = trace;
  const way = wayOf(trace);
  return (
    <>
      <h3>Signal</h3>
      <p class="signal-id">{signal.id}</p>
      <dl class="facts is-panel">
        <Fact name="From">{senderText(signal.from ?? "")}</Fact>
        <Fact name="State">
          <span class={`signal-state is-${signal.state}`}>{signal.state}</span>
        </Fact>
        <Fact name={way.isOver ? "From end to end" : "Open for"}>
          {way.isOver ? measuredText(way.totalMs) : <Since atMs={signal.acceptedAtMs} />}
        </Fact>
        <Fact name="Urgency">{signal.urgency}</Fact>
        <Fact name="Accepted">{momentText(signal.acceptedAtMs)}</Fact>
        <Fact name={signal.state === "expired" ? "Expired" : "Expires"}>
          {momentText(signal.expiresAtMs)}
        </Fact>
        {signal.replyTo !== null && (
          <div class="is-wide">
            <dt>Answers</dt>
            <dd class="path">
              <button type="button" class="plain" onClick={() => go({ signal: signal.replyTo })}>
                {signal.replyTo}
              </button>
            </dd>
          </div>
        )}
        {traceparent !== null && (
          <div class="is-wide">
            <dt>Trace context</dt>
            <dd class="path">{traceparent}</dd>
          </div>
        )}
      </dl>
      <h3>Its way</h3>
      <Ruler way={way} />
      <ol class="way">
        {way.marks.map((mark, index) => (
          <Mark key={`${index} ${mark.kind}`} mark={mark} />
        ))}
      </ol>
    </>
  );
}

/** Time since the acceptance on a logarithmic scale; the list below has the figures. */
function Ruler({ way }: { readonly way: Way }) {
  if (way.totalMs <= 0) return null;
  const percent = (position: number) => `${(100 * position).toFixed(2)}%`;
  const known = way.marks.filter((mark) => mark.kind === "known");
  return (
    <div class="ruler" aria-hidden="true">
      <div class="track">
        {ticksOf(way.totalMs).map(({ atMs, position }) => (
          <i key={atMs} class="tick" style={{ left: percent(position) }}>
            <span>{measuredText(atMs)}</span>
          </i>
        ))}
        {known.map(({ step, position }, index) => (
          <i
            key={`${index} ${step.name}`}
            class={`dot is-${step.name}`}
            style={{ left: percent(position) }}
          />
        ))}
      </div>
    </div>
  );
}

function Mark({ mark }: { readonly mark: WayMark }) {
  if (mark.kind !== "known") {
    const { word } = STEP_WORDS[mark.name];
    return (
      <li class={`step is-${mark.kind}`}>
        <span class="gap" />
        <i class="knot" />
        <b>{word}</b>
        <span class="what">{mark.kind === "unknown" ? "unknown: nobody told when" : "not yet"}</span>
      </li>
    );
  }
  const { step, gapMs } = mark;
  return (
    <li class={`step is-${step.name}`}>
      <span class="gap">{gapMs === null ? "" : `${gapMs < 0 ? "" : "+"}${measuredText(gapMs)}`}</span>
      <i class="knot" />
      <b>{STEP_WORDS[step.name].word}</b>
      <span class="what">
        {step.detail === "" ? STEP_WORDS[step.name].means : step.detail}
        {step.host !== null && <span class="aside"> on {step.host}</span>}
      </span>
      <time>{exactText(step.atMs)}</time>
    </li>
  );
}
