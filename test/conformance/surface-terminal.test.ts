import { describe, expect, it } from "vitest";
import type { SurfaceOutput } from "../../src/surfaces/surface.ts";
import { bellOf } from "../support/ipc-stage.ts";
import { hasTerminals, type PseudoTerminal, pseudoTerminal } from "../support/pseudo-terminal.ts";
import { contextWith, keptOutput, openSurface } from "../support/surface-context.ts";
import { type SurfaceOnStage, surfaceContract } from "./surface-contract.ts";

async function onOutput(output: SurfaceOutput & { readonly texts?: string[] }): Promise<SurfaceOnStage> {
  const surface = await openSurface("terminal", {}, contextWith({ output }));
  return { surface, rung: () => output.texts ?? [] };
}

const onDevice = async (tty: string): Promise<SurfaceOnStage> => ({
  surface: await openSurface("terminal", { tty }, contextWith()),
  rung: () => [],
});

surfaceContract("terminal", {
  taking: () => onOutput(keptOutput()),
  failing: {
    "the output is closed": {
      make: () => onOutput(keptOutput({ write: (_text, written) => written(new Error("EPIPE")) })),
      reason: /^standard output is closed$/,
    },
    "the output throws": {
      make: () =>
        onOutput(
          keptOutput({
            write() {
              throw new Error("destroyed");
            },
          }),
        ),
      reason: /^standard output is closed$/,
    },
    "no such device": {
      make: () => onDevice("/dev/pts/999999"),
      reason: /^the terminal "\/dev\/pts\/999999" is gone$/,
    },
    "a device that is no terminal": {
      make: () => onDevice("/dev/null"),
      reason: /^"\/dev\/null" is not a terminal$/,
    },
    "a folder": { make: () => onDevice("/"), reason: /is not a terminal$/ },
  },
  async stuck() {
    const begun = Promise.withResolvers<void>();
    const output = keptOutput({ write: () => begun.resolve() });
    return { ...(await onOutput(output)), begun: () => begun.promise };
  },
});

describe.runIf(hasTerminals)("on a real terminal, the same contract", () => {
  surfaceContract("terminal", {
    async taking() {
      const terminal = await pseudoTerminal();
      const { surface } = await onDevice(terminal.path);
      // What is written has been shown by the time it is looked at, or soon: a mark tells.
      return {
        surface: {
          name: surface.name,
          close: () => surface.close(),
          async ring(bell, cancelled) {
            const before = terminal.shown().length;
            const outcome = await surface.ring(bell, cancelled);
            if (outcome.kind === "taken") await shownAfter(terminal, before);
            return outcome;
          },
        },
        rung: () => terminal.shown().split("\u0007").slice(1),
      };
    },
    failing: {
      "the terminal hung up": {
        async make() {
          const terminal = await pseudoTerminal();
          const stage = await onDevice(terminal.path);
          await terminal.hangUp();
          return stage;
        },
        reason: /is gone$/,
      },
    },
    async stuck() {
      const terminal = await pseudoTerminal();
      await terminal.hold();
      const { surface } = await onDevice(terminal.path);
      return { surface, rung: () => [], begun: async () => {} };
    },
  });
});

/** The line's end, as the terminal shows it: it turns a line feed into its own line end. */
const END = "--project /\r\r\n";

async function shownAfter(terminal: PseudoTerminal, before: number): Promise<void> {
  while (!terminal.shown().slice(before).includes(END)) await new Promise(setImmediate);
}

it("opening changes nothing", async () => {
  const output = keptOutput();
  const surface = await openSurface("terminal", {}, contextWith({ output }));
  await surface.close();
  expect(output.texts).toEqual([]);
  expect(await surface.ring(bellOf(1), new AbortController().signal)).toMatchObject({ kind: "failed" });
});
