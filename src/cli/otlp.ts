/**
 * The flags for pushing metrics and spans to a collector, and what they come to. Secrets stand in a file of their
 * owner's, never in an argument list: whoever lists processes would read them there.
 */
import { resolve } from "node:path";
import { PrismError } from "../domain/errors.ts";
import { readPrivateFile } from "../host/private-file.ts";
import type { OtlpTarget } from "../net/otlp.ts";
import { ConfigError } from "./exit-status.ts";
import type { Runtime } from "./runtime.ts";
import { settings } from "./settings.ts";

export const otlpFlags = {
  otlpEndpoint: settings.otlpEndpoint,
  otlpHeaders: settings.otlpHeaders,
  otlpInterval: settings.otlpInterval,
} as const;

interface OtlpFlags {
  readonly otlpEndpoint: string | undefined;
  readonly otlpHeaders: string | undefined;
  readonly otlpInterval: number | undefined;
  readonly tlsCa?: string | undefined;
}

const INTERVAL_MS_DEFAULT = 60_000;
const HEADERS_BYTES_MAX = 16 * 1024;
const CA_BYTES_MAX = 1024 * 1024;
/** RFC 9110 section 5: a token, and a value of visible characters, blanks and tabs within. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?[ \t]*$/;

/** @throws ConfigError for a file that can't be used */
export function otlpTarget(flags: OtlpFlags, runtime: Runtime): { readonly otlp?: OtlpTarget } {
  const { otlpEndpoint: endpoint, otlpHeaders, otlpInterval, tlsCa } = flags;
  if (endpoint === undefined) return {};
  try {
    const at = (path: string): string => resolve(runtime.cwd, path);
    const headers = otlpHeaders === undefined ? {} : headersIn(at(otlpHeaders));
    const ca = tlsCa === undefined ? {} : { ca: certificatesIn(at(tlsCa)) };
    return { otlp: { endpoint, headers, intervalMs: otlpInterval ?? INTERVAL_MS_DEFAULT, ...ca } };
  } catch (error) {
    throw error instanceof PrismError ? new ConfigError(error) : error;
  }
}

function headersIn(path: string): Record<string, string> {
  const text = readPrivateFile(path, { what: "file of headers", bytesMax: HEADERS_BYTES_MAX });
  const headers: Record<string, string> = {};
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const [, name, value = ""] = HEADER.exec(line) ?? [];
    // The line itself is a secret: only its number is told.
    if (name === undefined) {
      throw new PrismError("malformed", `line ${at + 1} of the file of headers is no header`, {
        hint: "write NAME: VALUE on each line, as in Authorization: Bearer ...",
      });
    }
    headers[name] = value;
  }
  return headers;
}

function certificatesIn(path: string): string {
  return readPrivateFile(path, { what: "file of certificates", bytesMax: CA_BYTES_MAX, shared: true });
}
