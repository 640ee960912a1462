import { expect, it } from "vitest";
import { complete } from "../../../../src/hub/core/reply.ts";

it("a key that is quoted in a failure stays on its line", () => {
  const wanted = {
    key: "k\n\u001b[2J",
    to: "a@b",
    text: "t",
    urgent: false,
    ttlMs: 1,
    replyTo: null,
    final: false,
  };
  const names = { tag: "k7qd", address: () => undefined };
  const finish = { verb: "signal", wanted } as const;
  const stored = {
    position: 1,
    address: 1,
    previous: 0,
    from: null,
    urgent: false,
    acceptedAtMs: 0,
    expiresAtMs: 1,
    replyTo: null,
    final: false,
    session: null,
    textBytes: 1,
    traceparent: null,
    text: "another",
    state: "pending",
    pushedAtMs: null,
    deliveredAtMs: null,
    endedAtMs: null,
  } as const;
  for (const signals of [[], [stored]])
    expect(complete(names, finish, { signals, next: null })).toMatchObject({
      error: { message: expect.stringContaining('"k\\u000a\\u001b[2J"') },
    });
});
