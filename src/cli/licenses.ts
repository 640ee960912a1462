/**
 * `prism licenses`: prints the texts that the build put into the executable. Reads nothing else, writes nothing, and
 * knows no licence by itself.
 */
import { PrismError } from "../domain/errors.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { verb } from "./verb.ts";

/** As scripts/build/package.ts calls it. */
const ASSET = "licenses.txt";

const definition = table({
  name: "licenses",
  about: [
    "Prism's own licence, then that of Node with all of its parts, then those of the packages that this executable holds: the whole texts, as their authors ask.",
  ],
  arguments: [],
  flags: { ...json },
  examples: [{ line: "prism licenses", about: "to read them page by page: prism licenses | less" }],
});

export const licenses = verb(definition, async ({ flags }, runtime) => {
  if (!runtime.engine.packaged) {
    throw new PrismError("unsupported", "only the built executable holds the texts of licences", {
      hint: "among the sources, each package's lies in its folder below node_modules",
    });
  }
  const text = process.getBuiltinModule("node:sea").getAsset(ASSET, "utf8");
  if (flags.json) writeJson(runtime.out, { text });
  else runtime.out.write(text);
  return EXIT.ok;
});
