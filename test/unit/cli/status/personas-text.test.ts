import { describe, expect, it } from "vitest";
import { personasText } from "../../../../src/cli/status/personas-text.ts";
import type { PersonaView } from "../../../../src/domain/overview.ts";
import { hubViewOf, overviewOf, viewOf } from "../../../support/overview-samples.ts";

const NOW = 1_000_000_000;
const DEAF: PersonaView = viewOf({
  ...{ key: "local/builder@billing", persona: "builder", project: "billing", standing: "deaf" },
  ...{ state: "silent", stateSinceMs: NOW - 12_000, reason: "it runs and does not answer" },
  remedy: "see what holds process 26085 up (stopped, or swapped out?), or end it and start it again",
});
const STUCK = viewOf({
  ...{ standing: "stuck", pending: 7, urgent: 1, oldestAtMs: NOW - 41 * 60_000, stateSinceMs: NOW - 60_000 },
  ...{ reason: "it was rung 3 times and does not drain", remedy: "look at its agent" },
});

function text(personas: readonly PersonaView[], columns = 100, hub = hubViewOf()): string {
  const context = { nowMs: NOW, columns, isColoured: false, env: { LANG: "C.UTF-8" }, hours: new Map() };
  return personasText(overviewOf(personas, hub), context);
}

describe("the personas of prism status", () => {
  it("begin with the host in one sentence, and end with what helps", () => {
    expect(text([DEAF, STUCK])).toBe(
      [
        "1 persona is deaf, 1 is stuck. 7 signals wait, the oldest for 41 min",
        "",
        "Personas on laptop",
        "  Standing↑  Persona             Daemon               Surface           Waits              Last ring",
        "  ⊘ Deaf     builder@billing     no answer 12 s       terminal          0                  never",
        "  ▲ Stuck    reviewer@shop       connected 1 min      terminal          7 !1 41 min        never",
        "  ⊘ builder@billing: it runs and does not answer",
        "  → see what holds process 26085 up (stopped, or swapped out?), or end it and start it again",
        "  ▲ reviewer@shop: it was rung 3 times and does not drain",
        "  → look at its agent",
        "",
      ].join("\n"),
    );
  });

  it("wrap on a narrow terminal", () => {
    for (const line of text([DEAF, STUCK], 44).split("\n")) expect(line.length).toBeLessThanOrEqual(44);
  });

  it("are a sentence alone where nobody lives", () => {
    expect(text([])).toBe("Nobody lives here yet. nothing waits\n");
  });

  it("say once that the hub is gone, and not at each", () => {
    const hub = hubViewOf({ answers: false, reason: "nobody answers", remedy: "start it: prism hub" });
    const lost = viewOf({
      standing: "deaf",
      state: "disconnected",
      reason: "it has no hub",
      remedy: "start",
    });
    expect(text([lost], 100, hub)).toContain("The hub does not answer: 1 persona is deaf. nothing waits\n");
    expect(text([lost], 100, hub)).not.toContain("it has no hub");
  });

  it("neutralise what others say of themselves", () => {
    const posing = viewOf({ surface: { name: "x\u001b[2Jy", path: "a\nb", agent: null } });
    expect(text([posing], 160)).toContain("x\\u001b[2Jy");
    expect(text([posing], 160)).not.toContain("\u001b");
  });
});
