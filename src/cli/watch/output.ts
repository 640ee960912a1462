/** Happenings onto standard output: lines for a person, in columns and colours, or JSON for a program. */
import type { Happening, PersonaView } from "../../domain/overview.ts";
import type { Runtime } from "../runtime.ts";
import { type Line, painted, piece, shown } from "../screen/line.ts";
import { HUB_KEY, happeningLine, whoOf } from "../top/happenings.ts";

export interface WatchOutput {
  /** Says whom it follows; on stderr, and to a person alone: a program hears happenings and nothing else. */
  begin(personas: readonly PersonaView[]): void;
  show(happening: Happening): void;
  /** Fires when nobody reads any more. */
  readonly closed: AbortSignal;
}

/** Most names fit; a longer one moves the lines after it. */
const WHO_COLUMNS_MIN = 16;
const WHO_COLUMNS_MAX = 40;

export function openWatchOutput({ out, err, now }: Runtime, isJson: boolean): WatchOutput {
  const closed = new AbortController();
  const today = new Date(now()).toDateString();
  let whoColumns = WHO_COLUMNS_MIN;
  const widened = (key: string): void => {
    whoColumns = Math.min(WHO_COLUMNS_MAX, Math.max(whoColumns, whoOf(key).length));
  };
  const lineOf = (happening: Happening): Line => {
    const isDated = new Date(happening.atMs).toDateString() !== today;
    return happeningLine(happening, { whoColumns, isDated });
  };
  return {
    closed: closed.signal,
    begin(personas) {
      for (const { key } of personas) widened(key);
      if (isJson || !err.isTerminal) return;
      const [one, ...others] = personas;
      const whom =
        one === undefined
          ? "nobody lives here yet: waits for who comes"
          : others.length === 0
            ? `follows ${shown(one.persona)}@${shown(one.project)}`
            : `follows ${personas.length} personas`;
      err.write(`${painted([piece(`${whom}; Ctrl-C ends it`, "dim")], err)}\n`);
    },
    show(happening) {
      if (happening.key !== HUB_KEY) widened(happening.key);
      const text = isJson ? JSON.stringify(happening) : painted(lineOf(happening), out).trimEnd();
      out.write(`${text}\n`, (error) => {
        if (error != null) closed.abort();
      });
    },
  };
}
