/** Reads a request's body as JSON, bounded in bytes; its time is bounded by the server. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { PrismError } from "../../domain/errors.ts";

/** @throws PrismError `malformed`, with the status 415 in mind: the caller maps it */
export function checkContentType(request: IncomingMessage): void {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  throw new PrismError("malformed", `the body's type is ${type === "" ? "not given" : "not JSON"}`, {
    hint: 'send the header "Content-Type: application/json"',
  });
}

/**
 * @returns the parsed body; an empty one is `{}`, because some verbs need no parameter
 * @throws PrismError `too_large`, `malformed`
 */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const bytes = await readBytes(request, bytesMax);
  if (!isUtf8(bytes)) throw new PrismError("malformed", "the body is not UTF-8");
  const text = bytes.toString("utf8");
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new PrismError("malformed", "the body is not JSON", { hint: "send one JSON object" });
  }
}

function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = () =>
    new PrismError("too_large", `the body is longer than ${bytesMax} bytes`, {
      hint: "shorten the text, or put it in a file and name the file",
    });
  // Refused by its own word before a byte of it is read.
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      request.removeAllListeners("data");
      reject(tooLarge());
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => reject(new PrismError("malformed", "the body ended before it was complete")));
    request.on("close", () => reject(new PrismError("malformed", "the body ended before it was complete")));
  });
}
