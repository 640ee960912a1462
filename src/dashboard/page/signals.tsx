/** The latest signals of one persona, without their texts: each one's way can be opened. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { SignalStatusAnswer } from "../../domain/verbs.ts";
import type { RecentSignals } from "../api.ts";
import { askServer } from "./ask-server.ts";
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
      <Shown read={reading.value.value}>{(newest) => <SignalList newest={newest} />}</Shown>
    </Part>
  );
}

/** The newest, which are read again and again, and older ones, which are read on asking. */
function SignalList({ newest }: { readonly newest: RecentSignals }) {
  const older = useSignal<readonly SignalStatusAnswer[]>([]);
  const next = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const all = new Map([...newest.signals, ...older.value].map((signal) => [signal.id, signal]));
  if (all.size === 0) return <p class="nothing">None was sent to it.</p>;
  const before = older.value.length === 0 ? newest.next : next.value;
  const readOn = async () => {
    isAsking.value = true;
    const asked = await askServer<RecentSignals>(
      `/api/signals?key=${encodeURIComponent(newest.key)}&before=${encodeURIComponent(before ?? "")}`,
    );
    isAsking.value = false;
    if (!asked.ok) return;
    older.value = [...older.value, ...asked.value.signals];
    next.value = asked.value.next;
  };
  return (
    <>
      <ul class="signals">
        {[...all.values()].map((signal) => (
          <SignalLine key={signal.id} signal={signal} />
        ))}
      </ul>
      {before !== null && (
        <button type="button" class="plain" disabled={isAsking.value} onClick={readOn}>
          Show older
        </button>
      )}
    </>
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
