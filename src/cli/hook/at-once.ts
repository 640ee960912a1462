/**
 * The short way of `prism hook`, from the composition root straight to the daemon's socket. An agent's client starts
 * a process for each event and waits for its end, so what a hook loads is what an agent loses: Node's own start is
 * most of it, and must stay so. The build packs this file and all below it as one part (scripts/build/bundle.ts).
 */
import { VERSION } from "../version.ts";
import { plainHook } from "./input.ts";
import { type Hook, type HookProcess, runHook } from "./run.ts";

/**
 * @param words what stands after `hook`
 * @returns the exit status, with all output written; null if the words are not those that `prism surface add`
 *   writes, with nothing read or written: then the verb of `cli/hook.ts` says what is wrong with them
 */
export async function hookAtOnce(
  words: readonly string[],
  world: Omit<HookProcess, "version"> & { readonly cwd: string },
): Promise<number | null> {
  let hook: Hook | null;
  try {
    hook = plainHook(words, world);
  } catch {
    return null;
  }
  return hook === null ? null : runHook(hook, { ...world, version: VERSION });
}
