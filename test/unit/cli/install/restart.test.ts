import { describe, expect, it } from "vitest";
import { type Turnover, turnOver } from "../../../../src/cli/install/restart.ts";
import type { Life, Service } from "../../../../src/cli/install/services.ts";
import { PrismError } from "../../../../src/domain/errors.ts";

const home = "/home/ann/.prism";
const hub: Service = { name: "prism-hub", owner: { kind: "hub", home }, shown: "the hub" };
const daemon = (persona: string): Service => ({
  name: `prism-daemon-local-${persona}`,
  owner: { kind: "daemon", home, tenant: "local", persona, project: "shop" },
  shown: `${persona}@shop`,
});

/** Services that come back on the versions that they can run on; a line for each thing that happens. */
function stage(plan: {
  readonly services: readonly Service[];
  /** Does not come back on these versions: dead, or alive without its hub. */
  readonly broken?: { readonly [shown: string]: { readonly on: string; readonly as: "dead" | "cut" } };
  readonly stopped?: readonly string[];
  readonly cutBefore?: readonly string[];
  readonly unstartable?: string;
  /** An earlier try was cut between its stop and its start. */
  readonly owed?: readonly string[];
}) {
  const lines: string[] = [];
  let installed = "2";
  let lives = 0;
  let nowMs = 0;
  const life = new Map<string, Life>(
    plan.services.map(({ shown }) => [
      shown,
      { life: `${shown} 1`, version: "1", isUp: plan.cutBefore?.includes(shown) !== true, pid: 1 },
    ]),
  );
  const turnover: Turnover = {
    services: {
      list: plan.services,
      isRunning: async ({ shown }) => plan.stopped?.includes(shown) !== true,
      async restart({ shown }) {
        lines.push(`restart ${shown} on ${installed}`);
        if (plan.unstartable === shown && installed === "2")
          throw new PrismError("unsupported", "could not start it");
        const broken = plan.broken?.[shown];
        const fails = broken?.on.includes(installed) === true;
        life.delete(shown);
        // The hub's end cuts off every daemon that is not started anew after it.
        if (shown === "the hub") for (const [who, was] of life) life.set(who, { ...was, isUp: false });
        if (fails && broken.as === "dead") return;
        const isUp = !fails && plan.cutBefore?.includes(shown) !== true;
        life.set(shown, { life: `${shown} ${++lives}+`, version: installed, isUp, pid: lives });
      },
    },
    lifeOf: async ({ shown }) => life.get(shown),
    owed: new Map(plan.owed?.map((name) => [name, true])),
    begins: (due) => void lines.push(`begin with ${due.map(({ service }) => service.shown).join(", ")}`),
    rollBack() {
      lines.push("roll back");
      installed = "1";
    },
    told: ({ shown }, what) => void lines.push(`${shown}: ${what}`),
    upMsMax: 1000,
    monotonicMs: () => nowMs,
    async pause() {
      nowMs += 300;
    },
  };
  return { lines, run: () => turnOver(turnover) };
}

describe("starting all on a new version", () => {
  it("goes one by one, the next once the one before is back; what was stopped stays so", async () => {
    const { lines, run } = stage({
      services: [hub, daemon("ann"), daemon("bob"), daemon("cal")],
      stopped: ["bob@shop"],
    });
    expect((await run()).map(({ shown }) => shown)).toEqual(["the hub", "ann@shop", "cal@shop"]);
    expect(lines).toEqual([
      "begin with the hub, ann@shop, cal@shop",
      ...["the hub: restarting", "restart the hub on 2", "the hub: back"],
      ...["ann@shop: restarting", "restart ann@shop on 2", "ann@shop: back"],
      ...["cal@shop: restarting", "restart cal@shop on 2", "cal@shop: back"],
    ]);
  });

  it.each(["dead", "cut"] as const)(
    "that does not come back (%s) rolls all back that went before",
    async (as) => {
      const { lines, run } = stage({
        services: [hub, daemon("ann"), daemon("bob")],
        broken: { "ann@shop": { on: "2", as } },
      });
      const why = as === "dead" ? "it does not answer" : "it answers, but is not connected";
      await expect(run()).rejects.toMatchObject({
        code: "daemon_unreachable",
        message: `ann@shop did not come back on the new version: ${why} within 1 s; the former version is back, and all run on it`,
      });
      expect(lines).toEqual([
        "begin with the hub, ann@shop, bob@shop",
        ...["the hub: restarting", "restart the hub on 2", "the hub: back"],
        ...["ann@shop: restarting", "restart ann@shop on 2"],
        "roll back",
        ...["restart the hub on 1", "the hub: rolledBack", "restart ann@shop on 1", "ann@shop: rolledBack"],
      ]);
    },
  );

  it("a start that is refused is such a fall too", async () => {
    const { run } = stage({ services: [hub], unstartable: "the hub" });
    await expect(run()).rejects.toMatchObject({
      code: "hub_unreachable",
      message: expect.stringContaining("could not start it; the former version is back"),
    });
  });

  it("says who does not run on the former version either", async () => {
    const { run } = stage({
      services: [hub, daemon("ann")],
      broken: { "ann@shop": { on: "12", as: "dead" } },
    });
    await expect(run()).rejects.toMatchObject({
      message: expect.stringContaining(
        "these do not run on it either: ann@shop (it does not answer within 1 s)",
      ),
    });
  });

  it("starts what an earlier try stopped and did not start again", async () => {
    const { run } = stage({
      services: [daemon("ann"), daemon("bob")],
      stopped: ["ann@shop", "bob@shop"],
      owed: ["prism-daemon-local-bob"],
    });
    expect((await run()).map(({ shown }) => shown)).toEqual(["bob@shop"]);
  });

  it("rolled back, too, it asks no more of one than it was before", async () => {
    const { run } = stage({
      services: [daemon("ann"), daemon("bob")],
      cutBefore: ["ann@shop"],
      broken: { "bob@shop": { on: "2", as: "dead" } },
    });
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/all run on it$/) });
  });

  it("asks no more of one than it was before: with its hub away it need only answer", async () => {
    const { run } = stage({ services: [daemon("ann")], cutBefore: ["ann@shop"] });
    expect(await run()).toHaveLength(1);
  });
});
