/** When a persona's token begins and ends to act: with what is durable, in the order in which it was asked. */
import { describe, expect, it } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import type { Caller } from "../../../src/hub/service.ts";
import { EngineBench, TENANT } from "../../support/engine-bench.ts";

const REVIEWER = { persona: "reviewer", project: "shop" };
const OLD = "a".repeat(64);
const YOUNG = "b".repeat(64);

function holderOf(tokenSha256: string): Caller {
  return { tenant: TENANT, scope: { address: "reviewer@shop", tokenSha256 }, session: null };
}

/** A hub with the persona `reviewer@shop`, its daemon, and an edge that hears of tokens that end. */
function bench(): EngineBench {
  const made = new EngineBench();
  made.settled(() => made.ask("create", "persona_create", { ...REVIEWER, tokenSha256: OLD }));
  made.startDaemon();
  made.hub.watchTokens((tokens) => made.told.push(`ended ${[...tokens].map((token) => token[0]).join(" ")}`));
  return made;
}

describe("a token that is destroyed", () => {
  it("acts no more for whoever asked in the same turn behind it, and did for whoever asked before", () => {
    const made = bench();
    made.settled(() => {
      made.ask("before", "signal", { to: "reviewer@shop", text: "x" }, holderOf(OLD));
      made.ask("destroy", "persona_destroy", REVIEWER);
      made.ask("behind", "drain", REVIEWER, holderOf(OLD));
    });
    expect(made.told).toEqual([
      "before ok",
      "destroy ok",
      "behind unauthorized",
      "daemon hears wrapped",
      "ended a",
    ]);
    expect(made.store.commits).toHaveLength(1);
  });

  it("ends nothing before that is durable, and acts for nobody meanwhile", () => {
    const made = bench();
    made.store.holding = true;
    made.settled(() => made.ask("destroy", "persona_destroy", REVIEWER));
    made.settled(() => made.ask("meanwhile", "drain", REVIEWER, holderOf(OLD)));
    expect(made.told).toEqual([]);
    made.store.holding = false;
    made.settled(() => made.store.release());
    expect(made.told).toEqual(["destroy ok", "daemon hears wrapped", "ended a", "meanwhile unauthorized"]);
  });

  it("goes on acting if that could not be written", () => {
    const made = bench();
    made.disk.failing = new PrismError("storage_full", "the disk is full");
    made.settled(() => made.ask("destroy", "persona_destroy", REVIEWER));
    made.disk.failing = null;
    made.scheduler.advance(10_000);
    made.settled(() => made.ask("after", "drain", REVIEWER, holderOf(OLD)));
    expect(made.told).toEqual(["destroy storage_full", "after ok"]);
    expect(made.hub.bearerOf(OLD)).toEqual({ tenant: TENANT, scope: holderOf(OLD).scope });
  });
});

describe("a token that takes another's place", () => {
  it("acts from then on, and the old one no more; the daemon's session stays", () => {
    const made = bench();
    made.settled(() => {
      made.ask("replace", "persona_create", { ...REVIEWER, tokenSha256: YOUNG });
      made.ask("old", "drain", REVIEWER, holderOf(OLD));
      made.ask("young", "drain", REVIEWER, holderOf(YOUNG));
    });
    expect(made.told).toEqual(["replace ok", "old unauthorized", "young ok", "ended a"]);
    expect(made.hub.bearerOf(OLD)).toBeUndefined();
    made.settled(() => made.signal("signal"));
    expect(made.told.slice(4)).toEqual(["signal ok", "daemon hears mailbox open=1"]);
  });

  it("is asked for again after a lost answer, and ends nothing", () => {
    const made = bench();
    made.settled(() => made.ask("again", "persona_create", { ...REVIEWER, tokenSha256: OLD.toUpperCase() }));
    expect(made.told).toEqual(["again ok"]);
  });
});
