/**
 * Whether Codex runs Prism's hooks in a project. It passes over those that nobody has trusted without a word, so it
 * has to be asked. Changes nothing.
 * Source: `hooks/list` of codex 0.169.0, which reads its files anew at each call.
 */
import { type AppServer, listAt, memberAt, textAt } from "./app-server.ts";

/** @returns why Prism's hooks don't run, as one sentence; null if they do; undefined if Codex can't say */
export async function hookFault(
  server: AppServer,
  { persona, root }: { readonly persona: string; readonly root: string },
  cancelled: AbortSignal,
): Promise<string | null | undefined> {
  const answer = await server.ask("hooks/list", { cwds: [root] }, cancelled);
  if (!answer.ok) return undefined;
  const hooks = listAt(answer.result, "data").flatMap((place) => listAt(place, "hooks"));
  // As `prism surface add` writes them; a name needs no quotation marks in any shell.
  const words = ` --client codex --persona ${persona} `;
  const ours = hooks.filter((hook) => textAt(hook, "command")?.includes(words));
  if (ours.length === 0) {
    return "Codex knows no hook of Prism's here: prism surface add codex writes them, and Codex must trust the project";
  }
  const shy = ours.filter((hook) => !["trusted", "managed"].includes(textAt(hook, "trustStatus") ?? ""));
  if (shy.length > 0) {
    return 'Codex passes over Prism\'s hooks until they are trusted: start codex in the project and choose "Trust all and continue"';
  }
  if (ours.some((hook) => memberAt(hook, "enabled") === false)) {
    return "Prism's hooks are switched off in Codex: switch them on with /hooks";
  }
  return null;
}
