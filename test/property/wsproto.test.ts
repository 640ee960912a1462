/** The sans-I/O WebSocket client under every split of the bytes, every message, and garbage. */

import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WsEvent } from "../../src/wsproto.ts";
import { deflatingClient, newClient, openedClient, type TestClient } from "../support/opened-client.ts";
import {
  answerTo,
  ClientFrameReader,
  close,
  frameOf,
  type ServerFrame,
  TEXT,
} from "../support/server-frames.ts";

/** Bytes cut at the given places, each a share of the whole. */
function cut(bytes: Uint8Array, shares: readonly number[]): Uint8Array[] {
  const places = [
    0,
    ...shares.map((share) => Math.floor(share * bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const anyText = fc.string({ unit: "binary", maxLength: 300 });
const anyBytes = fc.uint8Array({ maxLength: 300 });

/** Well-formed most of the time, wrong in one way or another the rest of it. */
const anyFrame: fc.Arbitrary<ServerFrame> = fc.record(
  {
    opcode: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(0, 1, 2, 9, 10) },
      { weight: 1, arbitrary: fc.nat(15) },
    ),
    payload: fc.oneof(anyText, anyBytes),
    fin: fc.boolean(),
    reserved: fc.oneof(
      { weight: 9, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(0x10, 0x40) },
    ),
    lengthForm: fc.constantFrom<16 | 64>(16, 64),
  },
  { requiredKeys: ["opcode", "payload"] },
);
const rightMessages = fc.array(
  fc.record({ text: anyText, cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }) }),
  { maxLength: 6 },
);

function comparable(events: readonly WsEvent[]): unknown[] {
  return events.map((event) =>
    "bytes" in event
      ? { ...event, bytes: Buffer.from(event.bytes).toString("hex") }
      : "payload" in event
        ? { ...event, payload: Buffer.from(event.payload).toString("hex") }
        : event,
  );
}

function played(test: TestClient, chunks: readonly Uint8Array[]): unknown {
  const events = comparable(test.receive(...chunks));
  const sent = test.sent().map((frame) => [frame.opcode, frame.payload.toString("hex")]);
  return { events, sent, phase: test.client.phase, closed: test.client.closeInfo() };
}

describe("any split of the bytes gives the same outputs", () => {
  test("of frames, right and wrong, up to the end", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.boolean(), shares, (frames, closes, places) => {
        const bytes = Buffer.concat([...frames.map(frameOf), ...(closes ? [close(1000, "end")] : [])]);
        const limits = { frameBytesMax: 250, messageBytesMax: 400, fragmentsMax: 4 };
        const whole = played(openedClient({ limits }), [bytes]);
        expect(played(openedClient({ limits }), cut(bytes, places))).toEqual(whole);
        expect(
          played(
            openedClient({ limits }),
            [...bytes].map((byte) => Buffer.of(byte)),
          ),
        ).toEqual(whole);
      }),
      { numRuns: 400 },
    );
  });

  test("of compressed frames", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyText, fc.boolean(), shares), { maxLength: 5 }),
        shares,
        (messages, places) => {
          const bytes = Buffer.concat(
            messages.flatMap(([text, broken, pieces]) => {
              const payload = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
                0,
                broken ? -6 : -4,
              );
              return cut(payload, pieces).map((piece, index, all) =>
                frameOf({
                  opcode: index === 0 ? TEXT : 0,
                  reserved: index === 0 ? 0x40 : 0,
                  payload: piece,
                  fin: index === all.length - 1,
                }),
              );
            }),
          );
          const whole = played(deflatingClient(), [bytes]);
          expect(played(deflatingClient(), cut(bytes, places))).toEqual(whole);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("of the handshake's answer, with frames behind it", () => {
    const fields = fc.dictionary(
      fc.string({ unit: fc.constantFrom("X", "-", "a"), minLength: 1, maxLength: 5 }),
      anyText,
      { maxKeys: 3 },
    );
    fc.assert(
      fc.property(fields, fc.boolean(), shares, (extra, right, places) => {
        const { request } = newClient();
        const answer = answerTo(request, { ...extra, ...(right ? {} : { Upgrade: "no" }) });
        const bytes = Buffer.concat([
          Buffer.from(answer, "latin1"),
          frameOf({ opcode: TEXT, payload: "first" }),
        ]);
        const whole = played(newClient(), [bytes]);
        expect(played(newClient(), cut(bytes, places))).toEqual(whole);
        expect(
          played(
            newClient(),
            [...bytes].map((byte) => Buffer.of(byte)),
          ),
        ).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });
});

describe("decoding after encoding is the identity", () => {
  test("of what is sent", () => {
    const message = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 400 }),
      fc.uint8Array({ maxLength: 400 }),
    );
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.boolean(),
        fc.nat(300),
        (messages, deflates, deflateBytesMin) => {
          const sender = deflates ? deflatingClient("", { limits: { deflateBytesMin } }) : openedClient();
          const receiver = deflatingClient();
          for (const content of messages) {
            if (typeof content === "string") sender.client.sendText(content);
            else sender.client.sendBinary(content);
          }
          // Both directions are the same but for the mask.
          const frames = new ClientFrameReader().feed(sender.client.take());
          expect(frames.every((frame) => frame.maskKey !== null && frame.shortest && frame.fin)).toBe(true);
          const events = receiver.receive(
            ...frames.map(({ opcode, reserved, payload }) => frameOf({ opcode, reserved, payload })),
          );
          expect(
            events.map((event) =>
              "text" in event ? event.text : "bytes" in event ? new Uint8Array(event.bytes) : null,
            ),
          ).toEqual(messages);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("of fragmented texts with pings anywhere between", () => {
    fc.assert(
      fc.property(rightMessages, shares, (messages, places) => {
        const bytes = Buffer.concat(
          messages.flatMap(({ text, cuts }) =>
            cut(Buffer.from(text), cuts).flatMap((payload, index, all) => [
              frameOf({ opcode: index === 0 ? TEXT : 0, payload, fin: index === all.length - 1 }),
              frameOf({ opcode: 9, payload: "p" }),
            ]),
          ),
        );
        const { receive } = openedClient();
        const texts = receive(...cut(bytes, places)).flatMap((event) =>
          event.kind === "text" ? [event.text] : [],
        );
        // A lone surrogate has no UTF-8: what the server encoded is what must come out.
        expect(texts).toEqual(messages.map(({ text }) => Buffer.from(text).toString()));
      }),
      { numRuns: 200 },
    );
  });
});

describe("garbage", () => {
  test("never throws, and after the end nothing comes", () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 10 });
    fc.assert(
      fc.property(chunks, fc.constantFrom("new", "opened", "deflating", "closing"), (garbage, state) => {
        const test =
          state === "new" ? newClient() : state === "deflating" ? deflatingClient() : openedClient();
        if (state === "closing") test.client.close();
        const events = test.receive(...garbage);
        const end = events.findIndex((event) => ["failed", "refused", "closing"].includes(event.kind));
        expect(end === -1 || end === events.length - 1).toBe(true);
        if (end !== -1) expect(test.client.phase).toBe("ended");
      }),
      { numRuns: 2000 },
    );
  });

  test("a text is taken exactly if it is UTF-8", () => {
    const almost = fc.tuple(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: "binary", maxLength: 30 }),
    );
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(almost, shares, ([before, middle, after], places) => {
        const payload = Buffer.concat([Buffer.from(before), middle, Buffer.from(after)]);
        let expected: unknown = { kind: "failed", code: 1007 };
        try {
          expected = { kind: "text", text: strict.decode(payload) };
        } catch {}
        expect(openedClient().receive(...cut(frameOf({ opcode: TEXT, payload }), places))).toMatchObject([
          expected,
        ]);
      }),
      { numRuns: 2000 },
    );
  });
});
