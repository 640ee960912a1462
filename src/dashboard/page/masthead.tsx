/** The top line: whose host, the search, and how the page is shown. */
import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isHelpOpen } from "./help.tsx";
import { Icon } from "./parts/icons.tsx";
import { LAYOUTS, layout, nextOf, THEMES, theme } from "./preferences.ts";
import { hasStream, toggleStream } from "./room.ts";
import { fleet, go, place } from "./session.ts";

const LAYOUT_WORDS = { rows: "Rows", tiles: "Tiles" } as const;
const THEME_WORDS = { system: "as the system", light: "light", dark: "dark" } as const;

export function Masthead() {
  const head = fleet.head.value;
  return (
    <header class="masthead">
      <div class="brand">
        <svg class="logo" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M10 2.4 18 16.6H2Z" />
          <path class="ray" d="M.5 11.4 6.6 9.6M13.4 9.6l6.1-2.2M13.8 10.6l5.7 1" />
        </svg>
        <b>Prism</b>
        {head !== null && (
          <span class="host">
            {head.host} <span class="aside">{head.version}</span>
          </span>
        )}
      </div>
      <Search />
      <nav class="views" aria-label="How it is shown">
        <fieldset class="segments" aria-label="Layout">
          {LAYOUTS.map((one) => (
            <button
              type="button"
              key={one}
              class="segment"
              aria-pressed={layout.value === one}
              title={`${LAYOUT_WORDS[one]} (v)`}
              aria-label={LAYOUT_WORDS[one]}
              onClick={() => {
                layout.value = one;
              }}
            >
              <Icon name={one} />
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          class="tool"
          aria-pressed={hasStream.value}
          aria-label="Stream of happenings"
          title="Stream of happenings (s)"
          onClick={toggleStream}
        >
          <Icon name="stream" />
        </button>
        <button
          type="button"
          class="tool"
          aria-label={`Theme: ${THEME_WORDS[theme.value]}`}
          title={`Theme: ${THEME_WORDS[theme.value]} (t)`}
          onClick={() => {
            theme.value = nextOf(THEMES, theme.value);
          }}
        >
          <Icon name={theme.value} />
        </button>
        <button
          type="button"
          class="tool"
          aria-label="Keys and meanings"
          title="Keys and meanings (?)"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          <Icon name="help" />
        </button>
      </nav>
    </header>
  );
}

export const SEARCH_ID = "search";

function Search() {
  const field = useRef<HTMLInputElement>(null);
  // Not bound as a value: a field that is redrawn while somebody types loses the caret.
  useSignalEffect(() => {
    const { search } = place.value;
    if (field.current !== null && field.current.value !== search) field.current.value = search;
  });
  return (
    <search class="search">
      <Icon name="search" />
      <input
        ref={field}
        id={SEARCH_ID}
        type="search"
        placeholder="Search"
        aria-label="Search personas, projects, surfaces, senders"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => go({ search: event.currentTarget.value })}
      />
      <span class="keycap" aria-hidden="true">
        /
      </span>
    </search>
  );
}
