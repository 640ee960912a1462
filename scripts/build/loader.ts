/**
 * The executable's own script: loads parts by name from the executable, and Node's modules by theirs. Kept as
 * text, because it runs before anything that esbuild made. A part is ASCII, so its bytes are its characters;
 * it carries a name of its own in stack traces, and not the folder that it was built in.
 *
 * With a part may lie its code as V8 compiled it in the warm-up (see warm-up.ts). V8 checks that it fits the
 * part, its own version and its flags, and compiles afresh if not: it can be missing or stale without harm.
 */
export const FIRST_PART = "./main.js";

/** What both loaders do with a part. They must agree to the letter: V8 knows a cache by its source. */
const WRAP = `const wrap = (text) => "(function (exports, require, module) {" + text + "\\n})";`;

const LOAD = `
const fromNode = require;
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
`;

/** @param cached names of the parts whose compiled code lies beside them, as the asset `NAME.code` */
export function loaderText(cached: readonly string[]): string {
  return `"use strict";
${LOAD}
const sea = fromNode("node:sea");
const { Script } = fromNode("node:vm");
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

/** The same for the warm-up: parts come from its own folder, and at the end it leaves their code there. */
export const WARM_UP_LOADER = `"use strict";
${LOAD}
const fs = fromNode("node:fs");
const { Script } = fromNode("node:vm");
const scripts = new Map();
function scriptOf(name) {
  const text = wrap(fs.readFileSync(__dirname + name.slice(1), "latin1"));
  const script = new Script(text, { filename: "prism" + name.slice(1) });
  scripts.set(name, script);
  return script;
}
process.once("exit", () => {
  for (const [name, script] of scripts) {
    fs.writeFileSync(__dirname + name.slice(1) + ".code", script.createCachedData());
  }
});
load("${FIRST_PART}");
`;
