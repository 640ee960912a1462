/** `prism hook`: what an agent's client runs at each event of a session. People set it up by `prism surface add`. */

import { homeAt } from "../host/home.ts";
import { HOOK_EVENTS } from "../ipc/hook.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { runHook } from "./hook/run.ts";
import { choice, path } from "./kinds.ts";
import { projectNamed } from "./project.ts";
import { needed, settings, TENANT_DEFAULT } from "./settings.ts";
import { type Verb, verb } from "./verb.ts";

const definition = table({
  name: "hook",
  about: [
    "Agents' clients run this at the events of a session, with the event as JSON on standard input. It tells the daemon, and hands to the agent what the daemon has to say: session-start makes the session known, user-prompt-submit is the receipt of a doorbell, post-tool-use and stop bring in what waits at a turn's boundary, session-end ends the watch over the session, and wait blocks until there is something to wake an idle session for.",
    "It never breaks or slows an agent: without a daemon, or whatever else goes wrong, it ends at once with status 0 and a line in the log. Only wait ends with 2, by which the client wakes its session.",
  ],
  arguments: [{ word: "EVENT", about: HOOK_EVENTS.join(", "), kind: choice([...HOOK_EVENTS]) }],
  flags: {
    client: needed({ kind: settings.surface.kind, about: "the client that runs it: claude-code or codex" }),
    // No settings: what a client's files say must not be changed by the agent's own environment.
    persona: needed({ kind: settings.persona.kind, about: "the agent's persona" }),
    project: needed({ kind: settings.project.kind, about: "the project's folder, or its name" }),
    home: { kind: path("DIR"), about: "Prism's home folder", otherwise: "PRISM_HOME, or ~/.prism" },
    tenant: settings.tenant,
  },
  examples: [
    {
      line: "prism hook stop --client claude-code --persona reviewer --project ~/shop",
      about: "as it stands in a client's settings",
    },
  ],
});

const answered = verb(definition, async (input, runtime) => {
  const { flags } = input;
  const [event] = input.arguments;
  const hook = {
    event,
    client: flags.client,
    address: { persona: flags.persona, project: projectNamed(flags.project, runtime.cwd) },
    tenant: flags.tenant ?? TENANT_DEFAULT,
    home: flags.home === undefined ? runtime.home : homeAt(flags.home),
  };
  const { env, version } = runtime;
  const status = await runHook(hook, { env, version, parent: process.ppid });
  return status === 0 ? EXIT.ok : EXIT.wake;
});

/** In a client's hands a fault of the command line must not block a prompt or a tool either. */
export const hook: Verb = {
  ...answered,
  async run(words, runtime) {
    try {
      return await answered.run(words, runtime);
    } catch (error) {
      if (runtime.input.isTerminal) throw error;
      runtime.err.write(`prism: ${error instanceof Error ? error.message : String(error)}\n`);
      return EXIT.ok;
    }
  },
};
