import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEventReader } from "../../../../../src/dashboard/page/model/event-stream.ts";

const TEXT =
  'retry: 1000\n\nevent: hub\nid: s.1\ndata: {"a":1}\n\n: note\nevent: beat\ndata:x\ndata: y\r\n\r\ndata\n\n';
const EVENTS = [
  { name: "hub", data: '{"a":1}', id: "s.1" },
  { name: "beat", data: "x\ny", id: "s.1" },
  { name: "message", data: "", id: "s.1" },
];

describe("events", () => {
  test("are read with name, data and the last id", () => {
    expect(createEventReader()(TEXT)).toEqual(EVENTS);
  });

  test("come out the same however the text is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(TEXT.length), { maxLength: 12 }), (cuts) => {
        const read = createEventReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
        const pieces = places.slice(1).map((end, index) => TEXT.slice(places[index], end));
        expect(pieces.flatMap((piece) => read(piece))).toEqual(EVENTS);
      }),
    );
  });

  test("one that is not finished is not told", () => {
    const read = createEventReader();
    expect(read("event: hub\ndata: 1\n")).toEqual([]);
    expect(read("\n")).toHaveLength(1);
  });
});
