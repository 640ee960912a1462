/** `prism completions`: prints what a shell needs to complete verbs, flags and names. Reads nothing, writes nothing. */
import { table } from "./arguments.ts";
import { completionsText, SHELL_NAMES } from "./completions/shells.ts";
import { EXIT } from "./exit-status.ts";
import { choice } from "./kinds.ts";
import { writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { type Verb, type VerbEntryGroup, verb } from "./verb.ts";

const definition = table({
  name: "completions",
  about: [
    "Made from the same tables as prism help, so that they are never behind. prism install puts them where the shells look; this is for other places. They start no process as they complete: personas are found in Prism's own folder.",
  ],
  arguments: [{ word: "SHELL", about: SHELL_NAMES.join(", "), kind: choice([...SHELL_NAMES]) }],
  flags: { ...json },
  examples: [
    { line: "prism completions bash", about: "in ~/.bashrc: eval of what this prints" },
    {
      line: "prism completions powershell",
      about: "in $PROFILE: prism completions powershell | Out-String | Invoke-Expression",
    },
  ],
});

/** @param groups all verbs; handed in, because this is one of them */
export function completionsOf(groups: readonly VerbEntryGroup[]): Verb {
  return verb(definition, async ({ flags, arguments: [shell] }, runtime) => {
    const text = await completionsText(shell, groups, runtime.version);
    if (flags.json) writeJson(runtime.out, { shell, text });
    else runtime.out.write(text);
    return EXIT.ok;
  });
}
