/** The hot messages are what JSON.stringify would make of them, letter by letter, whatever they hold. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { notificationText, resultText } from "../../../src/domain/rpc.ts";
import {
  type DrainAnswer,
  type MailboxView,
  SIGNAL_STATES,
  type SignalAnswer,
  type SignalRecord,
  URGENCIES,
} from "../../../src/domain/verbs.ts";
import { answerText, pushText } from "../../../src/hub/server/answer-text.ts";

const rpcId = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null));
const anyText = fc.string({ unit: "binary" });
const maybeText = fc.option(anyText, { nil: null });
const signalId = fc.stringMatching(/^[a-z0-9]{4}-[0-9a-z]{1,11}$/);
const count = fc.nat();
const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const maybeTime = fc.option(time, { nil: null });
const state = fc.constantFrom(...SIGNAL_STATES);

/** Every member in the order in which the core makes it: a new one does not compile until it stands here. */
const signalAnswer: fc.Arbitrary<SignalAnswer> = fc.record(
  {
    id: signalId,
    to: anyText,
    state,
    acceptedAtMs: time,
    expiresAtMs: time,
    duplicate: fc.boolean(),
  },
  { noNullPrototype: true },
);

const signalRecord: fc.Arbitrary<SignalRecord> = fc.record(
  {
    id: signalId,
    to: anyText,
    from: maybeText,
    urgency: fc.constantFrom(...URGENCIES),
    state,
    acceptedAtMs: time,
    expiresAtMs: time,
    deliveredAtMs: maybeTime,
    drainedAtMs: maybeTime,
    expiredAtMs: maybeTime,
    replyTo: fc.option(signalId, { nil: null }),
    final: fc.boolean(),
    text: anyText,
  },
  { noNullPrototype: true },
);

const drainAnswer: fc.Arbitrary<DrainAnswer> = fc.record(
  {
    signals: fc.array(signalRecord, { maxLength: 4 }),
    key: anyText,
    remaining: count,
    elsewhere: count,
    repeated: fc.boolean(),
  },
  { noNullPrototype: true },
);

const mailboxView: fc.Arbitrary<MailboxView> = fc.record(
  {
    revision: time,
    through: time,
    open: count,
    urgent: count,
    told: time,
    drains: count,
    oldestAtMs: maybeTime,
    newestAtMs: maybeTime,
    senders: fc.array(fc.record({ from: anyText, count }, { noNullPrototype: true }), { maxLength: 3 }),
    othersOpen: count,
  },
  { noNullPrototype: true },
);

it("answers a signal", () => {
  fc.assert(
    fc.property(rpcId, signalAnswer, (id, answer) => {
      expect(answerText(id, "signal", answer)).toBe(resultText(id, answer));
    }),
  );
});

it("answers a drain", () => {
  fc.assert(
    fc.property(rpcId, drainAnswer, (id, answer) => {
      expect(answerText(id, "drain", answer)).toBe(resultText(id, answer));
    }),
  );
});

it("tells a mailbox's view", () => {
  fc.assert(
    fc.property(mailboxView, (view) => {
      expect(pushText("mailbox", view)).toBe(notificationText("mailbox", view));
    }),
  );
});

it("leaves all else to JSON.stringify", () => {
  expect(answerText(1, "wrap", { wrapped: ["s"] })).toBe(resultText(1, { wrapped: ["s"] }));
  expect(pushText("closing", { reason: '"' })).toBe(notificationText("closing", { reason: '"' }));
});
