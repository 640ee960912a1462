/** `prism man`: prints the manual. Reads nothing, writes nothing. */
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { manualText } from "./man/page.ts";
import { writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { type Verb, type VerbEntryGroup, verb } from "./verb.ts";

const definition = table({
  name: "man",
  about: [
    "One page with every verb, made from the same tables as prism help. prism install puts it where man looks, so that man prism shows it.",
  ],
  arguments: [],
  flags: { ...json },
  examples: [{ line: "prism man", about: "to read it without installing it: prism man | man -l -" }],
});

/** @param groups all verbs; handed in, because this is one of them */
export function manOf(groups: readonly VerbEntryGroup[]): Verb {
  return verb(definition, async ({ flags }, runtime) => {
    const text = await manualText(groups, runtime.version);
    if (flags.json) writeJson(runtime.out, { text });
    else runtime.out.write(text);
    return EXIT.ok;
  });
}
