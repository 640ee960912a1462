/**
 * Whatever a sender writes stays behind its bars, in every text that a model or a person reads; and what stands on
 * Prism's own lines can only be a name, an id, a time or a count.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signalsText } from "../../src/cli/signals-text.ts";
import { isAddress } from "../../src/domain/address.ts";
import { sentenceOf } from "../../src/domain/doorbell.ts";
import { quoteText } from "../../src/domain/quote.ts";
import { answerText } from "../../src/domain/tool-text.ts";
import type { SignalRecord, StatusAnswer } from "../../src/domain/verbs.ts";
import { fakeRuntime } from "../support/fake-runtime.ts";
import { hostileText, linesOf, SYSTEM_TAGS, UNSHOWN } from "../support/hostile-text.ts";
import { HubDriver } from "../support/hub-driver.ts";
import { bellOf } from "../support/ipc-stage.ts";

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

const drained = (texts: readonly string[]) =>
  answerText("drain", {
    signals: texts.map((text) => ({ ...plain, text })),
    key: "k",
    remaining: 0,
    elsewhere: 0,
    repeated: false,
  });
const read = (texts: readonly string[]) =>
  answerText("history", { signals: texts.map((text) => ({ ...plain, text })), next: null });
const onTerminal = (texts: readonly string[]) =>
  signalsText(
    texts.map((text) => ({ ...plain, text })),
    fakeRuntime({ terminal: true }),
  );
const throughPipe = (texts: readonly string[]) =>
  signalsText(
    texts.map((text) => ({ ...plain, text })),
    fakeRuntime(),
  );

const own = (text: string) => linesOf(text).filter((line) => !line.startsWith("| ") && line !== "|");

describe.each([
  ["a drain for a model", drained],
  ["a history for a model", read],
  ["signals on a terminal", onTerminal],
  ["signals through a pipe", throughPipe],
])("%s", (_name, render) => {
  it("has on lines without a bar what it has there for harmless texts, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(hostileText, { minLength: 1, maxLength: 3 }), (texts) => {
        const shown = render(texts);
        expect(own(shown)).toEqual(own(render(texts.map(() => "harmless"))));
        expect(shown).not.toMatch(UNSHOWN);
        for (const tag of SYSTEM_TAGS) expect(shown.toLowerCase()).not.toContain(tag.toLowerCase());
      }),
    );
  });
});

it("no line of a sender is folded by the terminal itself", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      // Whatever a terminal holds for wide: no character beyond the first alphabets takes more than two columns.
      const columns = (line: string) =>
        [...line].reduce((sum, char) => sum + ((char.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2), 0);
      for (const line of onTerminal([text])
        .split("\n")
        .filter((shown) => shown.startsWith("|"))) {
        // A tab takes eight columns at most.
        const tabs = line.split("\t").length - 1;
        expect(columns(line.replaceAll("\t", ""))).toBeLessThanOrEqual(80 - tabs);
      }
    }),
  );
});

it("a quotation keeps every word of honest text, code and scripts", () => {
  const honest = fc.stringMatching(
    /^[ -;=-~\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03c9\u05d0-\u05ea\u4e00-\u9fff]*$/,
  );
  fc.assert(
    fc.property(honest, (text) => {
      expect(quoteText(text)).toBe(`| ${text}`);
    }),
  );
  for (const code of [
    "if (a < b && c > d)",
    "Vec<u8>",
    "<div class='x'></div>",
    "a <= b",
    "std::vector<std::string>",
  ])
    expect(quoteText(code)).toBe(`| ${code}`);
});

it("a sender's address is a name at the hub, or is refused", () => {
  const driver = new HubDriver(() => "n1");
  const caller = { tenant: "local", scope: "home", session: null } as const;
  const params = { kind: "agent", persona: "reviewer", project: "shop", protocol: 1, version: "1" } as const;
  driver.decide({ verb: "start", caller, connected: true, params });
  const addressed = fc.oneof(
    hostileText,
    fc.tuple(hostileText, hostileText).map(([persona, project]) => `${persona}@${project}`),
    fc.stringMatching(/^[A-Za-z0-9._-]{1,20}@[A-Za-z0-9._-]{1,20}$/),
  );
  fc.assert(
    fc.property(addressed, (from) => {
      const { outcome } = driver.decide({
        verb: "signal",
        caller,
        params: { to: "reviewer@shop", from, text: "t" },
        textBytes: 1,
      });
      if ("error" in outcome) {
        expect(["invalid_argument", "mailbox_full"]).toContain(outcome.error.code);
        return;
      }
      const status = driver.decide({
        verb: "signal_status",
        caller,
        params: { id: (outcome.ok as { id: string }).id },
      }).outcome as { readonly ok: { readonly from: string } };
      expect(isAddress(status.ok.from)).toBe(true);
    }),
  );
});

it("a doorbell's sentence names addresses and counts, whatever the hub says", () => {
  fc.assert(
    fc.property(fc.array(hostileText, { maxLength: 4 }), (names) => {
      const senders = names.map((from) => ({ from, count: 1 }));
      expect(sentenceOf(bellOf(1, { open: 5, senders }))).toMatch(/^[a-z0-9 .,@()_-]+$/);
    }),
  );
});

it("what a session says of itself stays one quoted thing on its line", () => {
  const statusWith = (host: string): StatusAnswer => ({
    hub: { id: "h", version: "1", protocol: 1, nowMs: 0, startedAtMs: 0 },
    tenant: "local",
    agents: [
      {
        ...{ session: "a1", kind: "agent", address: "reviewer@shop", surface: host, host, root: null },
        ...{
          version: "1",
          liveness: "alive",
          connected: true,
          master: true,
          startedAtMs: 0,
          lastHeardAtMs: 0,
        },
      },
    ],
    daemons: [],
    waiting: [],
  });
  fc.assert(
    fc.property(hostileText, (host) => {
      const shown = answerText("status", statusWith(host));
      expect(linesOf(shown)).toHaveLength(linesOf(answerText("status", statusWith("anvil"))).length);
      expect(shown).not.toMatch(UNSHOWN);
      for (const tag of SYSTEM_TAGS) expect(shown.toLowerCase()).not.toContain(tag.toLowerCase());
      expect(shown.split('"')).toHaveLength(/^[a-z0-9][a-z0-9._-]*$/.test(host) ? 1 : 5);
    }),
  );
});
