/**
 * The executable's own script: loads parts by name from the executable, and Node's modules by theirs. Kept as
 * text, because it runs before anything that esbuild made. A part is ASCII, so its bytes are its characters;
 * it carries a name of its own in stack traces, and not the folder that it was built in.
 *
 * With a part may lie its code as V8 compiled it ahead (see compile-ahead.ts). V8 checks that it fits the part,
 * its own version and its flags, and compiles afresh if not: it can be missing or stale without harm.
 */
export const FIRST_PART = "./main.js";

/** A part as V8 is given it, ahead and at a start: to the letter the same, since V8 knows a cache by its source. */
const WRAP = `const wrap = (text) => "(function (exports, require, module) {" + text + "\\n})";`;

/** @param cached names of the parts whose compiled code lies beside them, as the asset `NAME.code` */
export function loaderText(cached: readonly string[]): string {
  return `"use strict";
const fromNode = require;
const sea = fromNode("node:sea");
const { Script } = fromNode("node:vm");
const loaded = new Map();
${WRAP}
function load(name) {
  if (name[0] !== ".") return fromNode(name);
  let part = loaded.get(name);
  if (part === undefined) {
    loaded.set(name, (part = { exports: {} }));
    scriptOf(name).runInThisContext()(part.exports, load, part);
  }
  return part.exports;
}
const cached = new Set(${JSON.stringify(cached)});
function scriptOf(name) {
  const text = wrap(Buffer.from(sea.getRawAsset(name)).latin1Slice());
  const filename = "prism" + name.slice(1);
  if (!cached.has(name)) return new Script(text, { filename });
  return new Script(text, { filename, cachedData: new Uint8Array(sea.getRawAsset(name + ".code")) });
}
load("${FIRST_PART}");
`;
}

/**
 * Leaves the compiled code of each part beside it. The flag is back before the code is written, because V8 takes
 * code only under the flags that it was written under.
 */
export const COMPILE_AHEAD = `"use strict";
const fs = require("node:fs");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");
${WRAP}
for (const [name, file] of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
  const text = wrap(fs.readFileSync(file, "latin1"));
  setFlagsFromString("--no-lazy");
  const script = new Script(text, { filename: "prism" + name.slice(1) });
  setFlagsFromString("--lazy");
  const code = script.createCachedData();
  if (new Script(text, { cachedData: code }).cachedDataRejected) throw new Error("V8 does not take back " + name);
  fs.writeFileSync(file + ".code", code);
}
`;
