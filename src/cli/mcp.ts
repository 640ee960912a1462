/** `prism mcp`: the MCP server that an agent loads. Its stdout is the protocol's; all else goes to stderr. */
import { runShim } from "../shim/shim.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, hubTarget, mustBeUsable } from "./hub-target.ts";
import { hostName, logFlags, openLog } from "./lasting.ts";
import { keptToken } from "./persona-token.ts";
import { projectAt } from "./project.ts";
import { needed, settings, TENANT_DEFAULT } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "mcp",
  about: [
    "Registers the agent that loads it as PERSONA in the project, and gives it the verbs as tools: prism_signal, prism_drain, prism_status and the others. When the daemon of the same persona rings, the agent's next tool answer says first that signals wait.",
    "An agent's program starts it by itself, from its configuration; by hand it waits for MCP on standard input, and ends with it.",
  ],
  arguments: [],
  flags: {
    persona: needed(settings.persona),
    project: { ...needed(settings.project), about: "the project's folder" },
    surface: { ...settings.surface, otherwise: "as the agent's program calls itself" },
    claudeChannel: settings.claudeChannel,
    host: settings.host,
    tenant: settings.tenant,
    ...hubFlags,
    ...logFlags,
    json: { kind: "switch", about: "print a failure as one line of JSON, on stderr" },
  },
  examples: [
    { line: "claude mcp add prism -- prism mcp --persona reviewer --project .", about: "in Claude Code" },
    {
      line: "codex mcp add prism -- prism mcp --persona builder --project .",
      about: "in Codex",
    },
    { line: "prism mcp --persona reviewer --project ~/shop", about: "what they start" },
  ],
});

export const mcp = verb(
  definition,
  async ({ flags }, runtime) => {
    const project = projectAt(flags.project, runtime.cwd);
    const hub = () => hubTarget(flags, runtime);
    mustBeUsable(hub);
    const tenant = flags.tenant ?? TENANT_DEFAULT;
    const owner = { tenant, persona: flags.persona, project: project.name };
    await runShim({
      home: runtime.home,
      tenant,
      host: flags.host ?? hostName(),
      persona: flags.persona,
      project: project.name,
      root: project.root,
      ...(flags.surface === undefined ? {} : { surface: flags.surface }),
      hub,
      isChannel: flags.claudeChannel === "on",
      env: runtime.env,
      version: runtime.version,
      log: await openLog("mcp", flags, runtime, owner),
      ...runtime.streams(),
      stopped: runtime.stopped,
    });
    return EXIT.ok;
  },
  {
    lasting: true,
    async keptOf({ flags }, runtime) {
      const address = { persona: flags.persona, project: projectAt(flags.project, runtime.cwd).name };
      return keptToken(address, flags.tenant, runtime);
    },
  },
);
