/** Which of a surface's ways may be used, and in which order, where the configuration says so. Knows no way. */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { maybe, nearest, text } from "../domain/shape.ts";

/** A member for the configuration of a surface that has several ways to ring. */
export const wayMembers = {
  ringBy: maybe(
    text({
      bytesMax: 200,
      about: "the ways that may be used, in this order, as in wake,tmux; by default all",
    }),
  ),
};

/**
 * @param ways all that this configuration opens, in the surface's own order
 * @param known the names of all that there are, also of those that it does not open
 * @throws PrismError `invalid_argument` for a name that is no way's, that is not open, or that is there twice
 */
export function chosenWays<W extends { readonly name: string }>(
  surface: string,
  ringBy: string | undefined,
  { ways, known }: { readonly ways: readonly W[]; readonly known: readonly string[] },
): readonly W[] {
  if (ringBy === undefined) return ways;
  const names = ringBy.split(",").map((name) => name.trim());
  return names.map((name, at) => {
    const way = ways.find((one) => one.name === name);
    if (way !== undefined && names.indexOf(name) === at) return way;
    const shown = printable(name, 40);
    if (way !== undefined) {
      throw new PrismError("invalid_argument", `"ringBy" of surface ${surface} names "${shown}" twice`);
    }
    if (known.includes(name)) {
      throw new PrismError(
        "invalid_argument",
        `surface ${surface} is to ring by ${shown}, which is not open`,
        {
          hint: name === "tmux" ? "name the pane, as in --tmux-target reviewer" : `switch ${shown} on`,
        },
      );
    }
    const near = nearest(name, known);
    throw new PrismError("invalid_argument", `surface ${surface} has no way "${shown}" to ring`, {
      hint: near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`,
    });
  });
}
