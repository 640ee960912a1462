/** What the driver tells of the mailbox to who speaks to the agent; all else of it the simulation plays. */
import { describe, expect, it } from "vitest";
import { Chronicle } from "../../../src/daemon/chronicle.ts";
import { Driver, type DriverWorld } from "../../../src/daemon/driver.ts";
import type { MailboxView } from "../../../src/domain/verbs.ts";
import { DOORBELL_SCHEDULE } from "../../../src/fsm/doorbell.ts";
import { RETRY_PLAN } from "../../../src/fsm/retry.ts";
import { begin } from "../../../src/fsm.ts";
import { PersonaMetrics } from "../../../src/metrics.ts";
import { NO_SIGNALS } from "../../support/lifecycle-script.ts";

function driven() {
  const viewed: { readonly revision: number; readonly before: number | null }[] = [];
  const nowMs = 1_000_000;
  const world: DriverWorld = {
    ...{ persona: "reviewer", project: "shop" },
    clock: { nowMs: () => nowMs, catchUp: () => false },
    alarm: () => () => {},
    random: () => 0,
    hub: { open() {}, start() {}, acknowledge() {}, ping() {}, close() {} },
    ringer: { ring() {}, cancel() {} },
    save() {},
    viewed: ({ revision }, before) => viewed.push({ revision, before: before?.revision ?? null }),
    tellAttached() {},
    rang() {},
    metrics: new PersonaMetrics({ tenant: "local", host: "laptop", persona: "reviewer", project: "shop" }),
    chronicle: new Chronicle({ nowMs: () => nowMs, inform() {}, book: null }),
    log() {},
    ended() {},
  };
  const driver = new Driver(
    world,
    begin({ plan: RETRY_PLAN, schedule: DOORBELL_SCHEDULE, position: null, nowMs }),
  );
  driver.begin();
  const mailboxOf = (more: Partial<MailboxView>): MailboxView => ({ ...NO_SIGNALS, ...more });
  const settle = (hubId: string, more: Partial<MailboxView>): void => {
    driver.feed({ on: "socketOpened" });
    const mailbox = mailboxOf(more);
    driver.feed({ on: "startAnswered", hubId, session: "s", mailbox, hubNowMs: nowMs });
  };
  const lose = (): void =>
    driver.feed({ on: "socketClosed", failure: { code: "hub_unreachable", message: "gone" } });
  return { driver, viewed, settle, lose };
}

describe("what waits, for who speaks to the agent beside a ring", () => {
  it("is nothing while the hub's word is not known: it may be drained by now", () => {
    const { driver, settle, lose } = driven();
    expect(driver.waiting()).toMatchObject({ bell: { open: 0 }, through: 0 });
    settle("hub-1", { revision: 3, through: 2, open: 2 });
    expect(driver.waiting()).toMatchObject({ bell: { open: 2 }, through: 2 });
    lose();
    expect(driver.waiting()).toMatchObject({ bell: { open: 0 } });
    settle("hub-1", { revision: 3, through: 2, open: 2 });
    expect(driver.waiting()).toMatchObject({ bell: { open: 2 }, through: 2 });
  });

  it("replaces what was seen before only of the same hub, in the same state", () => {
    const { viewed, settle, lose } = driven();
    settle("hub-1", { revision: 3 });
    lose();
    settle("hub-1", { revision: 5 });
    lose();
    settle("hub-2", { revision: 9 });
    lose();
    settle("hub-2", { revision: 8 });
    expect(viewed).toEqual([
      { revision: 3, before: null },
      { revision: 5, before: 3 },
      { revision: 9, before: null },
      { revision: 8, before: null },
    ]);
  });
});
