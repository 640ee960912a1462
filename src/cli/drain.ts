/** `prism drain`: takes the signals that wait. Safe to repeat with its key (invariant 8). */
import { randomUUID } from "node:crypto";
import { PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { ANSWERS, QUOTED } from "../domain/tool-text.ts";
import type { DrainAnswer } from "../domain/verbs.ts";
import { table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags } from "./hub-target.ts";
import { line, whole } from "./kinds.ts";
import { counted, inkFor } from "./layout.ts";
import { keptToken } from "./persona-token.ts";
import { projectNamed } from "./project.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json, needed, settings } from "./settings.ts";
import { readingText, signalsText } from "./signals-text.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "drain",
  about: [
    "What is handed over is marked drained: the next drain gives what came after. If the answer gets lost on the way, prism asks again by itself; if it has to give up it prints a key, and the same drain asked with that key gives the same signals.",
  ],
  arguments: [],
  flags: {
    persona: needed(settings.persona),
    project: needed(settings.project),
    limit: {
      kind: whole({ min: 1, max: limits.drainSignalsMax }),
      about: "the most signals to take",
      otherwise: String(limits.drainSignalsDefault),
    },
    key: {
      kind: line("KEY", limits.keyBytesMax),
      about: "name of this drain, to ask for it again",
      otherwise: "a new one",
    },
    ...hubFlags,
    ...json,
  },
  examples: [
    { line: "prism drain --persona reviewer --project ~/shop", about: "take what waits, and read it" },
    { line: "prism drain --persona reviewer --project shop --limit 1 --json", about: "one, as data" },
    { line: "PRISM_PERSONA=reviewer PRISM_PROJECT=. prism drain", about: "as an agent's hook would" },
  ],
});

export const drain = verb(
  definition,
  async ({ flags }, runtime) => {
    const key = flags.key ?? randomUUID();
    const params = {
      persona: flags.persona,
      project: projectNamed(flags.project, runtime.cwd),
      key,
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    };
    const answer = await askHub(flags, runtime, {
      verb: "drain",
      params,
      again: { key, does: "what it took is given again" },
    });
    if (flags.json) writeJson(runtime.out, answer);
    else runtime.out.write(drainText(answer, runtime));
    await confirmRead(answer, runtime);
    return EXIT.ok;
  },
  {
    async keptOf({ flags }, runtime) {
      const address = { persona: flags.persona, project: projectNamed(flags.project, runtime.cwd) };
      return keptToken(address, undefined, runtime);
    },
  },
);

/** The hub holds these for drained now: if nobody read them here, say how to see them again. */
async function confirmRead(answer: DrainAnswer, runtime: Runtime): Promise<void> {
  const again = `--key ${answer.key} gives the same signals again`;
  try {
    if ((await runtime.out.flush()) === "written" || answer.signals.length === 0) return;
  } catch (error) {
    if (!(error instanceof PrismError) || answer.signals.length === 0) throw error;
    throw new PrismError(error.code, error.message, { hint: again, key: answer.key, cause: error });
  }
  runtime.err.write(`prism: the reader went away before the signals were written\n  hint: ${again}\n`);
}

function drainText(answer: DrainAnswer, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  // An older hub does not say.
  const count = answer.elsewhere ?? 0;
  const elsewhere = count === 0 ? "" : `; ${counted(count, "signal")} for another live session alone`;
  if (answer.signals.length === 0 && answer.remaining === 0)
    return `${ink.dim(`nothing waits${elsewhere}`)}\n`;
  const rest =
    answer.remaining === 0
      ? `nothing more waits${elsewhere}`
      : `${counted(answer.remaining, "signal")} more: drain again${elsewhere}`;
  const head = answer.repeated ? `${ink.dim("the same as before, by its key")}\n\n` : "";
  const wantsAnswer = answer.signals.some((signal) => !signal.final);
  const reading = readingText(wantsAnswer ? [QUOTED, ANSWERS] : [QUOTED], runtime);
  return `${head}${reading}${signalsText(answer.signals, runtime)}\n${ink.dim(rest)}\n`;
}
