import { describe, expect, it } from "vitest";
import { chosenWays } from "../../../src/surfaces/chosen-ways.ts";
import { thrownBy } from "../../support/thrown.ts";

const known = ["inbox", "wake", "tmux"];
const ways = [{ name: "inbox" }, { name: "wake" }];
const chosen = (ringBy: string | undefined) => chosenWays("claude-code", ringBy, { ways, known });

describe("the ways that may be used", () => {
  it("are all, or those that are named, in that order", () => {
    expect(chosen(undefined)).toBe(ways);
    expect(chosen("wake, inbox").map(({ name }) => name)).toEqual(["wake", "inbox"]);
    expect(chosen("wake")).toEqual([{ name: "wake" }]);
  });

  it.each([
    ["wkae", /no way "wkae" to ring$/, 'did you mean "wake"?'],
    ["", /no way "" to ring$/, "known are inbox, wake, tmux"],
    ["inbox,inbox", /names "inbox" twice$/, undefined],
    ["tmux", /is to ring by tmux, which is not open$/, "name the pane, as in --tmux-target reviewer"],
  ])("are refused as %j", (ringBy, message, hint) => {
    const error = thrownBy(() => chosen(ringBy));
    expect(error).toMatchObject({ code: "invalid_argument", message: expect.stringMatching(message) });
    expect(error).toHaveProperty("hint", hint);
  });
});
