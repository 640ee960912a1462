/**
 * A hook's words as `prism surface add` writes them, read without the tables of the command line: those cost more
 * than all that a hook does. Anything else about them is left to the verb itself, which then says what is wrong.
 */
import { isName } from "../../domain/address.ts";
import { homeAt } from "../../host/home.ts";
import { HOOK_EVENTS, type HookEvent } from "../../ipc/hook.ts";
import { projectNamed } from "../project.ts";
import type { Hook } from "./run.ts";

const FLAGS = ["--client", "--persona", "--project", "--home", "--tenant"] as const;
type Given = { [F in (typeof FLAGS)[number]]?: string };

/**
 * @param words what stands after `hook`
 * @returns null if they are of any other form
 * @throws PrismError if the project's folder or the home can't be found
 */
export function plainHook(
  words: readonly string[],
  world: { readonly env: { readonly [name: string]: string | undefined }; readonly cwd: string },
): Hook | null {
  const [event, ...rest] = words;
  if (!isEvent(event)) return null;
  const given: Given = {};
  for (let i = 0; i < rest.length; i += 2) {
    const flag = FLAGS.find((known) => known === rest[i]);
    const value = rest[i + 1];
    if (flag === undefined || value === undefined || given[flag] !== undefined) return null;
    given[flag] = value;
  }
  const { "--client": client, "--persona": persona, "--project": project, "--tenant": tenant } = given;
  if (client === undefined || persona === undefined || project === undefined) return null;
  if (!isName(client) || !isName(persona) || (tenant !== undefined && !isName(tenant))) return null;
  return {
    ...{ event, client },
    address: { persona, project: projectNamed(project, world.cwd) },
    tenant: tenant ?? world.env["PRISM_TENANT"] ?? "local",
    home: homeAt(given["--home"] ?? world.env["PRISM_HOME"]),
  };
}

function isEvent(word: string | undefined): word is HookEvent {
  return HOOK_EVENTS.some((event) => event === word);
}
