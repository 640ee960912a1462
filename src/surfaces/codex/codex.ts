/**
 * Surface `codex`: rings the agent's thread in the Codex that has it loaded, by its queue or by a turn of its own; in
 * a tmux pane, where one is named; and starts or resumes it where nobody is there and the configuration allows it.
 */
import { PrismError } from "../../domain/errors.ts";
import { readShape } from "../../domain/shape.ts";
import { openPaneWay } from "../pane/way.ts";
import type { Surface, SurfaceContext } from "../surface.ts";
import { CodexAgent } from "./agent.ts";
import { config } from "./config.ts";

export const configSchema = config.schema;

/** @throws PrismError `invalid_argument`, `unknown_key`, `too_large` */
export function open(given: unknown, context: SurfaceContext): Surface {
  const settings = readShape(config, given, "the configuration of surface codex");
  const { program = "", home = "", resume } = settings;
  if (/[\u0000-\u001f]/.test(program + home)) {
    throw new PrismError("invalid_argument", "the configuration of surface codex holds a control character");
  }
  const pane = openPaneWay(settings, "codex", context);
  if (resume === "tmux" && pane?.isSession !== true) {
    throw new PrismError("invalid_argument", "surface codex has no tmux session to resume its agent in", {
      hint: "name one that is to be started, as in --tmux-target reviewer",
    });
  }
  return surfaceOver(new CodexAgent(settings, pane, context));
}

export function surfaceOver(agent: CodexAgent): Surface {
  const surface: Surface = {
    name: "codex",
    ringMsMax: agent.ringMsMax,
    ring: (bell, cancelled) => agent.ring(bell, cancelled),
    report: () => agent.report(),
    close: () => agent.close(),
  };
  if (!agent.isResumable) return surface;
  return { ...surface, resume: (bell, cancelled) => agent.resume(bell, cancelled) };
}
