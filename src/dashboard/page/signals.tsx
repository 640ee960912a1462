/** The latest signals of one persona, without their texts: each one's way can be opened. */
import { useEffect, useMemo } from "preact/hooks";
import type { SignalStatusAnswer } from "../../domain/verbs.ts";
import { readSignals } from "./panel-data.ts";
import { Part, Shown } from "./panel-part.tsx";
import { Ago } from "./parts/moving-time.tsx";
import { senderText } from "./persona-cells.tsx";
import { go } from "./session.ts";

export function Signals({ persona }: { readonly persona: string }) {
  const reading = useMemo(() => readSignals(persona), [persona]);
  useEffect(() => reading.stop, [reading]);
  return (
    <Part title="Recent signals">
      <Shown read={reading.value.value}>
        {({ signals }) =>
          signals.length === 0 ? (
            <p class="nothing">None was sent to it.</p>
          ) : (
            <ul class="signals">
              {signals.map((signal) => (
                <SignalLine key={signal.id} signal={signal} />
              ))}
            </ul>
          )
        }
      </Shown>
    </Part>
  );
}

function SignalLine({
  signal: { id, from, urgency, state, acceptedAtMs },
}: {
  readonly signal: SignalStatusAnswer;
}) {
  return (
    <li>
      <button type="button" onClick={() => go({ signal: id })} title={id}>
        <span class={`signal-state is-${state}`}>{state}</span>
        <span class="signal-from">
          {senderText(from ?? "")}
          {urgency === "urgent" && <span class="urgent">urgent</span>}
        </span>
        <span class="aside">
          <Ago atMs={acceptedAtMs} />
        </span>
      </button>
    </li>
  );
}
