/** `prism history`: past signals of one address, read again. Changes nothing. */
import { limits } from "../domain/limits.ts";
import { QUOTED } from "../domain/tool-text.ts";
import { SIGNAL_STATES } from "../domain/verbs.ts";
import { table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags } from "./hub-target.ts";
import { choice, line, whole } from "./kinds.ts";
import { inkFor } from "./layout.ts";
import { keptToken } from "./persona-token.ts";
import { projectNamed } from "./project.ts";
import { writeJson } from "./runtime.ts";
import { json, needed, settings } from "./settings.ts";
import { readingText, signalsText } from "./signals-text.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "history",
  about: [
    "Newest first, waiting signals among them, each with its text. Reading drains nothing. Drained and expired signals stay until the hub's retention ends, seven days unless set otherwise.",
  ],
  arguments: [],
  flags: {
    persona: needed(settings.persona),
    project: needed(settings.project),
    limit: {
      kind: whole({ min: 1, max: limits.historySignalsMax }),
      about: "the most signals to read",
      otherwise: "20",
    },
    before: {
      kind: line("ID", limits.keyBytesMax),
      about: "only what came before this signal: the next page",
    },
    state: { kind: choice(SIGNAL_STATES), about: "only signals in this state" },
    ...hubFlags,
    ...json,
  },
  examples: [
    { line: "prism history --persona reviewer --project shop", about: "the latest 20" },
    {
      line: "prism history --persona reviewer --project . --state expired",
      about: "what nobody took in time",
    },
  ],
});

export const history = verb(
  definition,
  async ({ flags }, runtime) => {
    const project = projectNamed(flags.project, runtime.cwd);
    const answer = await askHub(flags, runtime, {
      verb: "history",
      params: {
        persona: flags.persona,
        project,
        limit: flags.limit ?? limits.drainSignalsDefault,
        ...(flags.before === undefined ? {} : { before: flags.before }),
        ...(flags.state === undefined ? {} : { state: flags.state }),
      },
    });
    if (flags.json) {
      writeJson(runtime.out, answer);
      return EXIT.ok;
    }
    const ink = inkFor(runtime.out);
    if (answer.signals.length === 0) runtime.out.write(`${ink.dim("no signals")}\n`);
    else runtime.out.write(readingText([QUOTED], runtime) + signalsText(answer.signals, runtime));
    if (answer.next !== null) runtime.out.write(`\n${ink.dim(`older ones: add --before ${answer.next}`)}\n`);
    return EXIT.ok;
  },
  {
    async keptOf({ flags }, runtime) {
      const address = { persona: flags.persona, project: projectNamed(flags.project, runtime.cwd) };
      return keptToken(address, undefined, runtime);
    },
  },
);
