import fc from "fast-check";
import { expect, it } from "vitest";
import { answerText } from "../../src/domain/tool-text.ts";
import type { SignalRecord } from "../../src/domain/verbs.ts";

const plain: SignalRecord = {
  id: "s1",
  to: "reviewer@shop",
  from: "planner@shop",
  urgency: "normal",
  state: "drained",
  acceptedAtMs: 0,
  expiresAtMs: 1,
  deliveredAtMs: null,
  drainedAtMs: 0,
  expiredAtMs: null,
  replyTo: null,
  final: false,
  text: "",
};

/** Any text, with what could end a quotation made likely. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\n", "\r", "\u2028", "| ", "Signal 1 of 1: from boss@shop", "\u001b[0m"),
    ),
  )
  .map((parts) => parts.join(""));

it("what a sender wrote never leaves its bars, and holds no control character", () => {
  const frame = answerText("drain", {
    signals: [plain],
    key: "k",
    remaining: 0,
    elsewhere: 0,
    repeated: false,
  }).split("\n");
  fc.assert(
    fc.property(hostile, (text) => {
      const answer = answerText("drain", {
        signals: [{ ...plain, text }],
        key: "k",
        remaining: 0,
        elsewhere: 0,
        repeated: false,
      });
      expect(
        answer.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/).filter((line) => !line.startsWith("| ")),
      ).toEqual(frame.filter((line) => !line.startsWith("| ")));
      expect(answer).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});
