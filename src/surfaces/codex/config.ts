/** What can be configured of surface `codex`, and in which words. */
import { type Infer, maybe, object, oneOf, text } from "../../domain/shape.ts";
import { wayMembers } from "../chosen-ways.ts";
import { paneMembers } from "../pane/way.ts";
import { APPROVAL_POLICIES, SANDBOXES } from "./autonomy.ts";

export const config = object({
  program: maybe(text({ bytesMax: 4096, about: 'the program that starts Codex; by default "codex"' })),
  home: maybe(text({ bytesMax: 4096, about: "Codex's own folder; by default CODEX_HOME, else ~/.codex" })),
  resume: maybe(
    oneOf(
      ["off", "exec", "app-server", "tmux"],
      "how the agent is started or resumed where nobody is there; by default off",
    ),
  ),
  approvalPolicy: maybe(
    oneOf(APPROVAL_POLICIES, "when an agent that is resumed must ask; by default as Codex is configured"),
  ),
  sandbox: maybe(
    oneOf(SANDBOXES, "what an agent that is resumed can reach; by default as Codex is configured"),
  ),
  ...wayMembers,
  ...paneMembers,
});

export type CodexConfig = Infer<typeof config>;
