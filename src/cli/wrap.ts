/** `prism wrap`: ends a session in order, or all of one address, which then takes no more signals. */
import { formatAddress } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { WrapAnswer, WrapParams } from "../domain/verbs.ts";
import { type InputOf, table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags } from "./hub-target.ts";
import { line } from "./kinds.ts";
import { counted, inkFor } from "./layout.ts";
import { keptToken } from "./persona-token.ts";
import { projectNamed } from "./project.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json, settings } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "wrap",
  about: [
    "A wrapped persona takes no more signals in that project: senders are told so. Its daemon ends in order. Nothing that was drained is lost: history still shows it. A persona that starts again is on duty again.",
  ],
  arguments: [],
  flags: {
    persona: settings.persona,
    project: settings.project,
    session: { kind: line("ID", limits.keyBytesMax), about: "only this session" },
    ...hubFlags,
    ...json,
  },
  apart: [
    ["session", "persona"],
    ["session", "project"],
  ],
  examples: [
    { line: "prism wrap --persona reviewer --project ~/shop", about: "off duty, with everything it started" },
    {
      line: "prism wrap --session d54beaff-a600-45ad-a456-6ecbe418467f",
      about: 'one session, as "prism status" names it',
    },
  ],
});

export const wrap = verb(
  definition,
  async (input, runtime) => {
    const asked = whatToEnd(input, runtime);
    const answer = await askHub(input.flags, runtime, { verb: "wrap", params: asked });
    if (input.flags.json) writeJson(runtime.out, answer);
    else runtime.out.write(wrappedText(answer, asked, runtime));
    return EXIT.ok;
  },
  {
    async keptOf({ flags: { session, persona, project } }, runtime) {
      if (session !== undefined || persona === undefined || project === undefined) return undefined;
      return keptToken({ persona, project: projectNamed(project, runtime.cwd) }, undefined, runtime);
    },
  },
);

/** Of an address it is said also if no session was left: from now on it takes no signals. */
function wrappedText({ wrapped }: WrapAnswer, asked: WrapParams, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const { persona, project } = asked;
  const ended = `${counted(wrapped.length, "session")}: ${wrapped.join(", ")}`;
  if (persona !== undefined && project !== undefined) {
    const address = formatAddress({ persona, project });
    const told = wrapped.length === 0 ? "no session was left to end" : `ended ${ended}`;
    return `${ink.green("wrapped")} ${address}; ${told}\n`;
  }
  if (wrapped.length === 0) return `${ink.dim("that session had ended already")}\n`;
  return `${ink.green("wrapped")} ${ended}\n`;
}

/** A session that is typed wins over a persona from the environment, which did not mean this call. */
function whatToEnd({ flags }: InputOf<typeof definition>, runtime: Runtime): WrapParams {
  if (flags.session !== undefined) return { session: flags.session };
  if (flags.persona === undefined || flags.project === undefined) {
    throw new PrismError("invalid_argument", "wrap needs --persona and --project, or --session ID", {
      hint: '"prism status" lists what there is to end',
    });
  }
  return { persona: flags.persona, project: projectNamed(flags.project, runtime.cwd) };
}
