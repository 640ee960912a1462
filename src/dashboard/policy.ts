/**
 * What a browser may do with the page: run and show what stands in it, ask this server, and nothing else. Scripts and
 * styles are named by their hashes, so that nothing that gets into the page by mistake is run.
 * Source: Content Security Policy Level 3, sections 6.1 and 6.6.2.
 */
import { createHash } from "node:crypto";

/** @param page a whole document; its scripts and styles stand in it, none has a source */
export function policyFor(page: string): string {
  const scripts = hashesOf(page, /<script\b[^>]*>([\s\S]*?)<\/script>/g);
  const styles = hashesOf(page, /<style\b[^>]*>([\s\S]*?)<\/style>/g);
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    `style-src ${styles}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function hashesOf(page: string, pattern: RegExp): string {
  const hashes = [...page.matchAll(pattern)].map(
    ([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
  );
  return hashes.length === 0 ? "'none'" : hashes.join(" ");
}
