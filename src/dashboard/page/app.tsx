/** The page: which of its conditions it is in, and what stands where. */
import { Component, type ComponentChildren } from "preact";
import { Condition, Empty, Loading, LostBanner, NeverThere, Refused } from "./conditions.tsx";
import { Help } from "./help.tsx";
import { Masthead } from "./masthead.tsx";
import { Panel } from "./panel.tsx";
import { Personas } from "./personas.tsx";
import { hasStream } from "./room.ts";
import { fleet, link, place } from "./session.ts";
import { Stream } from "./stream.tsx";
import { Announcer, HubSummary, Summary } from "./summary.tsx";

export function App() {
  return (
    <Guard>
      <Masthead />
      <Announcer />
      <LostBanner />
      <Body />
      <Help />
    </Guard>
  );
}

function Body() {
  const { kind } = link.value;
  if (kind === "refused")
    return (
      <main>
        <Refused />
      </main>
    );
  if (fleet.head.value === null) return <main>{kind === "lost" ? <NeverThere /> : <Loading />}</main>;
  const isEmpty = fleet.views.value.length === 0;
  const { persona } = place.value;
  return (
    <div
      class="columns"
      data-stale={kind === "lost" ? "" : undefined}
      data-panel={persona === null ? undefined : ""}
    >
      <main>
        {isEmpty ? (
          <EmptyHost />
        ) : (
          <>
            <Summary />
            <Personas />
          </>
        )}
      </main>
      {persona === null ? (
        hasStream.value &&
        !isEmpty && (
          <aside class="side" aria-label="Happenings">
            <Stream />
          </aside>
        )
      ) : (
        <Panel key={persona} persona={persona} />
      )}
    </div>
  );
}

function EmptyHost() {
  return (
    <>
      <HubSummary />
      <Empty />
    </>
  );
}

interface GuardState {
  readonly failure: string | null;
}

/** A bug in the page must not look like a quiet fleet. */
class Guard extends Component<{ readonly children: ComponentChildren }, GuardState> {
  override state: GuardState = { failure: null };

  static override getDerivedStateFromError(error: unknown): GuardState {
    return { failure: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.failure === null) return this.props.children;
    return (
      <main>
        <Condition title="This page has broken">
          <p role="alert">
            A bug of the page itself: {this.state.failure}. What it watches is not touched by it.
          </p>
          <button type="button" class="button" onClick={() => location.reload()}>
            Load it again
          </button>
        </Condition>
      </main>
    );
  }
}
