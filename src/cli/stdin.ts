/**
 * Reads standard input whole, within a bound and checked as UTF-8. Knows no meaning of what it reads.
 */
import { PrismError } from "../domain/errors.ts";

/**
 * @param what what the text is, to begin the message with: `the text on standard input`
 * @throws PrismError `too_large` or `malformed` (not UTF-8)
 */
export async function readText(
  input: AsyncIterable<Uint8Array>,
  bytesMax: number,
  what: string,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new PrismError("too_large", `${what} is longer than ${bytesMax} bytes`, {
        hint: "shorten it, or put it in a file and name the file",
      });
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new PrismError("malformed", `${what} is not UTF-8`, { hint: "convert it to UTF-8" });
  }
}
