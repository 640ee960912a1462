/** The version of this build, written in by the bundler; sources that run unbundled have none. */
declare const PRISM_VERSION: string | undefined;

export const VERSION = typeof PRISM_VERSION === "string" ? PRISM_VERSION : "0.0.0-source";
