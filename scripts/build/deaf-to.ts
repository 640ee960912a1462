/**
 * Makes a Node deaf to environment variables: the name that its own code asks for becomes the empty name, which no
 * environment holds. Nothing else of the file changes, and the variable itself stays for the programs that Prism
 * starts.
 *
 * In the file, because Node asks for all of these before a line of ours could look at them, and has a flag for few.
 */

/** What Node's compiled code may not ask the environment for, and what it would do with the answer. */
export const DEAF_TO: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: "runs compiled code from this folder, and leaves more there",
  NODE_V8_COVERAGE: "writes to this folder which lines were run",
  NODE_REDIRECT_WARNINGS: "writes warnings to this file",
  NODE_REPL_EXTERNAL_MODULE:
    "names a module to load, and does not start at all beside other settings of Prism's",
  NODE_DEBUG_NATIVE: "prints its inner state among what Prism says",
  NODE_ICU_DATA: "maps this file as tables of languages",
  ICU_TIMEZONE_FILES_DIR: "maps files of this folder as tables of time zones",
  NODE_EXTRA_CA_CERTS: "trusts authorities that Prism was not told to trust",
  NODE_USE_SYSTEM_CA: "reads all of the system's certificates at each start",
  NODE_USE_ENV_PROXY: "loads an HTTP client at each start",
  OPENSSL_CONF_INCLUDE: "reads settings from this folder, libraries to load among them",
  OPENSSL_ENGINES: "loads libraries from this folder",
  OPENSSL_MODULES: "loads libraries from this folder",
};

/** Before a name that JavaScript holds, V8 writes its length; a name that compiled code asks for has none. */
const LENGTH_BYTES = 4;

/**
 * @param names of the variables, as compiled code holds them
 * @returns a copy; the input is not changed
 * @throws Error when a name does not stand in the file exactly once: another Node asks otherwise
 */
export function deafTo(names: readonly string[], runtime: Buffer): Buffer {
  const deaf = Buffer.from(runtime);
  for (const name of names) deaf[placeOf(name, runtime)] = 0;
  return deaf;
}

function placeOf(name: string, runtime: Buffer): number {
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
  return at;
}
