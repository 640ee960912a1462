/**
 * Server-Sent Events out of text as it arrives, in any pieces. Written here and not left to the browser's own
 * `EventSource`, which hides the status and the words of a refusal and when it will try again: both must be shown.
 *
 * Source: HTML, section 9.2.6. Comments, `retry` and unknown fields are passed over.
 */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
  /** Of this event or the last before it that had one; "" before the first. */
  readonly id: string;
}

/** A line longer than this is no event of ours; an overview of five hundred personas has about 500 kB. */
const LINE_CHARS_MAX = 8_000_000;

/** @returns a function that takes the next piece of text and gives the events that it completed */
export function createEventReader(): (text: string) => StreamEvent[] {
  let rest = "";
  let name = "";
  let data: string[] = [];
  let id = "";
  return (text) => {
    const events: StreamEvent[] = [];
    const lines = (rest + text).split(/\r\n|\n|\r(?=.)/s);
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARS_MAX) throw new Error("a line of the stream does not end");
    for (const line of lines) {
      if (line !== "") {
        const [field, value] = fieldOf(line);
        if (field === "event") name = value;
        else if (field === "data") data.push(value);
        else if (field === "id") id = value;
        continue;
      }
      if (data.length > 0) events.push({ name: name === "" ? "message" : name, data: data.join("\n"), id });
      name = "";
      data = [];
    }
    return events;
  };
}

function fieldOf(line: string): [field: string, value: string] {
  const colon = line.indexOf(":");
  if (colon === -1) return [line, ""];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(" ") ? value.slice(1) : value];
}
