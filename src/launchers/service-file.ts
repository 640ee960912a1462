/** A service's file as text, whatever its system writes it in. Knows no format. */
import { readFileSync } from "node:fs";
import { errnoOf, fsErrorOf } from "../host/fs-error.ts";

/**
 * @returns null if there is none
 * @throws PrismError `permission_denied`, `storage_failed`
 */
export function readServiceFile(path: string): string | null {
  try {
    const bytes = readFileSync(path);
    const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
    return isUtf16 ? bytes.subarray(2).toString("utf16le") : bytes.toString("utf8");
  } catch (error) {
    // A link to nowhere is how systemd masks a unit, to /dev/null: that one reads as empty.
    if (errnoOf(error) === "ENOENT") return null;
    throw fsErrorOf("read the service's file", path, error);
  }
}
