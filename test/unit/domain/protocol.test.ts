import { describe, expect, it } from "vitest";
import { agreedProtocol, type Spoken, spoken } from "../../../src/domain/protocol.ts";
import { thrownBy } from "../../support/thrown.ts";

const hub = (speaks: Spoken) => ({ ...speaks, who: "the hub", version: "1.4.0", remedy: "upgrade the hub" });
const daemon = (speaks: Spoken) => ({
  ...speaks,
  who: "this daemon",
  version: "2.0.0",
  remedy: "upgrade here",
});
const agreed = (one: Spoken, other: Spoken) => agreedProtocol("the hub's protocol", hub(one), daemon(other));

describe("two sides of different versions", () => {
  it.each([
    [1, 1, 1, 1, 1],
    [1, 1, 2, 1, 1],
    [3, 2, 2, 1, 2],
    [4, 1, 3, 2, 3],
  ])("%i down to %i meets %i down to %i at %i, whoever calls", (newest, oldest, newer, older, at) => {
    expect(agreed(spoken(newest, oldest), spoken(newer, older))).toBe(at);
    expect(agreed(spoken(newer, older), spoken(newest, oldest))).toBe(at);
  });

  it("with nothing in common are told both, and which one to upgrade", () => {
    expect(thrownBy(() => agreed(spoken(1, 1), spoken(3, 2)))).toMatchObject({
      code: "protocol_mismatch",
      message:
        "the hub (prism 1.4.0) speaks version 1 of the hub's protocol, and this daemon (prism 2.0.0) speaks versions 2 to 3",
      hint: "upgrade the hub",
    });
    expect(thrownBy(() => agreed(spoken(3, 2), spoken(1, 1)))).toMatchObject({ hint: "upgrade here" });
  });

  it("say no oldest where the newest is the only one: whoever was made before that word refuses it", () => {
    expect(spoken(1, 1)).toEqual({ protocol: 1 });
    expect(spoken(2, 1)).toEqual({ protocol: 2, protocolMin: 1 });
  });
});
