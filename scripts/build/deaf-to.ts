/**
 * Makes a Node deaf to one environment variable for which it has no flag: the name that its own code asks for
 * becomes the empty name, which no environment holds. Nothing else of the file changes.
 *
 * NODE_COMPILE_CACHE names a folder from which Node takes compiled code, its own script's too, before a line of
 * ours could look at it: whoever sets it would run code inside Prism.
 */

/** Before a name that JavaScript holds, V8 writes its length; a name that compiled code asks for has none. */
const LENGTH_BYTES = 4;

/**
 * @param name of the variable, as compiled code holds it
 * @returns a copy; the input is not changed
 * @throws Error when the name does not stand in the file exactly once
 */
export function deafTo(name: string, runtime: Buffer): Buffer {
  const wanted = Buffer.from(`\0${name}\0`);
  const found: number[] = [];
  for (let at = runtime.indexOf(wanted); at !== -1; at = runtime.indexOf(wanted, at + 1)) {
    // The last byte of a small length is the zero that stands before the name.
    const isOfJavaScript = runtime.readUInt32LE(at + 1 - LENGTH_BYTES) === name.length;
    if (!isOfJavaScript) found.push(at + 1);
  }
  const [at] = found;
  if (at === undefined || found.length > 1) {
    throw new Error(`the runtime asks for ${name} in ${found.length} places instead of one`);
  }
  const deaf = Buffer.from(runtime);
  deaf[at] = 0;
  return deaf;
}
