/** The page when it has nothing to show, and says why: first moments, an empty host, a filter that lets nobody pass, a lost or refused connection. */
import type { ComponentChildren } from "preact";
import type { Place } from "./model/place.ts";
import { Command } from "./parts/command.tsx";
import { Since, Until } from "./parts/moving-time.tsx";
import { StandingMark } from "./parts/standing-mark.tsx";
import { fleet, go, link, place, retryNow } from "./session.ts";

/** Rows that will be there: the page does not jump when they come. */
const SKELETON_ROWS = 12;

export function Loading() {
  return (
    <section class="loading" aria-label="Loading" aria-busy="true">
      <div class="bones" aria-hidden="true">
        <i class="bone is-headline" />
        <div>
          {Array.from({ length: 5 }, (_, index) => (
            <i key={index} class="bone is-chip" />
          ))}
        </div>
        {Array.from({ length: SKELETON_ROWS }, (_, index) => (
          <i key={index} class="bone is-row" />
        ))}
      </div>
      <p role="status" class="asking">
        Asking the daemons of this host&hellip;
      </p>
    </section>
  );
}

export function Empty() {
  return (
    <Condition title="Nobody lives here yet">
      <p>
        A persona is an agent with a name in a project, and a daemon that stands watch for it. Set one up in
        the program it lives in, then start its daemon:
      </p>
      <p class="steps">
        <Command text="prism surface add claude-code --persona reviewer --project ." />
        <Command text="prism daemon --persona reviewer --project ." />
      </p>
      <p class="aside">It shows up here by itself, within a second.</p>
    </Condition>
  );
}

export function NoMatch() {
  const { search, standings } = place.value;
  return (
    <Condition title="Nobody matches">
      <p>
        {fleet.views.value.length} personas are here; none{" "}
        {standings.length > 0 && <>is {standings.join(" or ")}</>}
        {standings.length > 0 && search !== "" && " and "}
        {search !== "" && <>has &ldquo;{search}&rdquo; in its row</>}.
      </p>
      <button type="button" class="button" onClick={() => go({ standings: [], search: "" })}>
        Show all
      </button>
    </Condition>
  );
}

export function hasFilters({ search, standings }: Place): boolean {
  return search.trim() !== "" || standings.length > 0;
}

/** Over what was last known, which stays readable below. */
export function LostBanner() {
  const now = link.value;
  if (now.kind !== "lost" || !now.hadOnce) return null;
  return (
    <section class="banner" aria-label="Connection">
      {/* Said once: the line that is seen counts seconds, and would be read out at each. */}
      <p class="unseen" role="alert">
        The connection is lost: {now.reason}
      </p>
      <StandingMark standing="deaf" />
      <p>
        <b>The connection is lost.</b> What you see is as it was <Since atMs={now.sinceMs} /> ago:{" "}
        {now.reason}.
      </p>
      <Retry retryAtMs={now.retryAtMs} />
    </section>
  );
}

export function NeverThere() {
  const now = link.value;
  if (now.kind !== "lost") return null;
  return (
    <Condition title="The dashboard does not answer">
      <p role="alert">Its program has ended, or is still starting: {now.reason}.</p>
      <p class="steps">
        <Command text="prism dashboard" />
      </p>
      <Retry retryAtMs={now.retryAtMs} />
    </Condition>
  );
}

export function Refused() {
  const now = link.value;
  if (now.kind !== "refused") return null;
  return (
    <Condition title="This link has been used">
      <p role="alert">
        A link opens the page once, in one browser, and only while its program runs
        {now.report === null ? "." : `: ${now.report.message}.`} Ask for a new one:
      </p>
      <p class="steps">
        <Command text="prism dashboard" />
      </p>
    </Condition>
  );
}

function Retry({ retryAtMs }: { readonly retryAtMs: number | null }) {
  return (
    <p class="retry">
      {retryAtMs === null ? (
        <span class="aside">trying now</span>
      ) : (
        <span class="aside">
          next try <Until atMs={retryAtMs} />
        </span>
      )}
      <button type="button" class="button" disabled={retryAtMs === null} onClick={retryNow}>
        Try now
      </button>
    </p>
  );
}

export function Condition({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="condition">
      <h1>{title}</h1>
      {children}
    </section>
  );
}
