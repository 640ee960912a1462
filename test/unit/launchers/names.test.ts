import { describe, expect, it } from "vitest";
import { hashOf } from "../../../src/host/home.ts";
import { nameFor } from "../../../src/launchers/names.ts";
import type { Owner } from "../../../src/launchers/spec.ts";

const home = "/home/ann/.prism";
const daemon = (tenant: string, persona: string, project: string): Owner => ({
  kind: "daemon",
  home,
  tenant,
  persona,
  project,
});
const named = (owner: Owner, taken: { readonly [name: string]: Owner | "stranger" } = {}): string =>
  nameFor(owner, (name) => taken[name], hashOf);

describe("what a service is called", () => {
  const shop = daemon("local", "reviewer", "shop");

  it("by tenant and persona where nobody else is called so", () => {
    expect(named(shop)).toBe("prism-daemon-local-reviewer");
    expect(named({ kind: "hub", home })).toBe("prism-hub");
  });

  it("and by project where two would clash", () => {
    const taken = { "prism-daemon-local-reviewer": daemon("local", "reviewer", "blog") };
    expect(named(shop, taken)).toBe("prism-daemon-local-reviewer-shop");
  });

  it("keeps the name that it has, also when the shorter one becomes free", () => {
    expect(named(shop, { "prism-daemon-local-reviewer-shop": shop })).toBe(
      "prism-daemon-local-reviewer-shop",
    );
    expect(named(shop, { "prism-daemon-local-reviewer": shop })).toBe("prism-daemon-local-reviewer");
  });

  it("takes nothing from a stranger, nor from another home", () => {
    const taken = { "prism-hub": { kind: "hub", home: "/srv/prism" } } as const;
    expect(named({ kind: "hub", home }, taken)).toMatch(/^prism-hub-[0-9a-z]{13}$/);
    expect(named({ kind: "hub", home }, { "prism-hub": "stranger" })).toMatch(/^prism-hub-[0-9a-z]{13}$/);
  });

  it("tells apart what dashes make alike", () => {
    const [ab, a] = [daemon("a-b", "c", "d"), daemon("a", "b-c", "d")];
    const taken = { "prism-daemon-a-b-c": ab, "prism-daemon-a-b-c-d": daemon("a", "b-c-d", "x") };
    expect(named(a, taken)).toMatch(/^prism-daemon-a-b-c-[0-9a-z]{13}$/);
    expect(named(ab, taken)).toBe("prism-daemon-a-b-c");
  });
});
