/**
 * Whom a TLS connection trusts and who it says it is: the bundled and the system's authorities, an extra CA
 * file, a client certificate. Loads node:tls on first use.
 */
import { readFileSync, statSync } from "node:fs";
import type { SecureContext } from "node:tls";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";

export interface TlsFiles {
  /** PEM: authorities trusted beside the system's. */
  readonly caFile?: string;
  /** PEM: the certificate this side shows, with its chain; and its key. Both or neither. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** The last one made: it holds some 150 parsed certificates, and a daemon that reconnects needs the same again. */
let cached: { readonly stamp: string; readonly context: SecureContext } | null = null;

/**
 * Reads the files again whenever they changed, so that a renewed certificate serves the next connection.
 *
 * @throws PrismError `not_found`, `permission_denied` or `invalid_argument`, naming the file
 */
export function trustOf(files: TlsFiles): SecureContext {
  const stamp = [files.caFile, files.certFile, files.keyFile].map(stampOf).join("|");
  if (cached?.stamp === stamp) return cached.context;
  const context = makeContext(files);
  cached = { stamp, context };
  return context;
}

function makeContext(files: TlsFiles): SecureContext {
  const tls = process.getBuiltinModule("node:tls");
  if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
    throw new PrismError("invalid_argument", "a client certificate needs both its file and its key's file");
  }
  const authorities = new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")]);
  if (files.caFile !== undefined) {
    const pem = readPem(files.caFile, "CERTIFICATE");
    authorities.add(pem);
  }
  const own =
    files.certFile === undefined || files.keyFile === undefined
      ? {}
      : { cert: readPem(files.certFile, "CERTIFICATE"), key: readPem(files.keyFile, "PRIVATE KEY") };
  try {
    return tls.createSecureContext({ ca: [...authorities], ...own });
  } catch (cause) {
    const named = [files.caFile, files.certFile, files.keyFile].filter((file) => file !== undefined);
    throw new PrismError(
      "invalid_argument",
      `the TLS files can't be used together: ${named.map((file) => `"${printable(file)}"`).join(", ")}`,
      { cause, hint: "check that they are PEM, and that the key belongs to the certificate" },
    );
  }
}

function stampOf(file: string | undefined): string {
  if (file === undefined) return "";
  const stat = statSync(file, { throwIfNoEntry: false });
  return `${file}:${stat?.mtimeMs ?? 0}:${stat?.size ?? 0}:${stat?.ino ?? 0}`;
}

function readPem(file: string, kind: "CERTIFICATE" | "PRIVATE KEY"): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const denied = cause instanceof Error && "code" in cause && /^(?:EACCES|EPERM)$/.test(String(cause.code));
    throw new PrismError(
      denied ? "permission_denied" : "not_found",
      `the TLS file "${printable(file)}" can't be read`,
      { cause, hint: "check the path and who may read it" },
    );
  }
  // Node takes a CA text without a certificate in it, and would trust nothing more for it.
  if (new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(text)) return text;
  throw new PrismError(
    "invalid_argument",
    `the TLS file "${printable(file)}" holds no ${kind.toLowerCase()} in PEM`,
  );
}
