/**
 * Lets through only lines that are JSON: the MCP transport behind it drops any other without a word, and a
 * client whose line was cut or mixed with a print would wait for its answer. Knows nothing of what a line means.
 */
import { Transform, type TransformCallback } from "node:stream";

const LINE_END = 0x0a;

/**
 * @param bytesMax a line longer than this goes on unread: the transport refuses it by its length
 * @param refused called for each line that is not JSON, which goes no further; blank ones go without a word
 */
export function jsonLines(bytesMax: number, refused: () => void): Transform {
  let parts: Buffer[] = [];
  let bytes = 0;
  const keep = (part: Buffer): void => {
    parts.push(part);
    bytes += part.length;
  };
  const take = (): Buffer => {
    const line = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [];
    bytes = 0;
    return line;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, start)) {
        keep(chunk.subarray(start, end + 1));
        start = end + 1;
        const line = take();
        const text = line.length > bytesMax ? "{}" : line.toString("utf8").trim();
        if (isJson(text)) this.push(line);
        else if (text !== "") refused();
      }
      keep(chunk.subarray(start));
      if (bytes > bytesMax) this.push(take());
      done();
    },
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
