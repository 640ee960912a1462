/**
 * One standard stream as the verbs see it. A reader that went away (a pipe to `head`) is quiet; a disk that
 * is full is not. The stream itself is opened when first written to: a daemon that prints nothing never
 * loads what a terminal needs.
 */
import { errnoOf, fsErrorOf } from "../host/fs-error.ts";
import type { Output } from "./runtime.ts";

const COLUMNS_DEFAULT = 80;

interface Stream extends NodeJS.EventEmitter {
  readonly columns?: number;
  write(text: string, done?: (error?: Error | null) => void): boolean;
}

export interface OutputFacts {
  /** Asked when somebody wants to know: finding out costs a start more than most outputs do. */
  readonly isTerminal: () => boolean;
  readonly env: { readonly [name: string]: string | undefined };
}

export function openOutput(open: () => Stream, facts: OutputFacts): Output {
  let stream: Stream | undefined;
  let failure: unknown;
  const opened = (): Stream => {
    if (stream === undefined) {
      stream = open();
      stream.on("error", (error) => {
        failure ??= error;
      });
    }
    return stream;
  };
  const isGone = (): boolean => errnoOf(failure) === "EPIPE";
  let known: boolean | undefined;
  const isTerminal = (): boolean => {
    known ??= facts.isTerminal();
    return known;
  };
  return {
    get isTerminal() {
      return isTerminal();
    },
    get isColoured() {
      // https://no-color.org: any value but an empty one.
      return !facts.env["NO_COLOR"] && facts.env["TERM"] !== "dumb" && isTerminal();
    },
    get columns() {
      return (isTerminal() ? opened().columns : undefined) ?? COLUMNS_DEFAULT;
    },
    write(text, written) {
      if (failure === undefined) {
        try {
          opened().write(text, written);
          return;
        } catch (error) {
          failure = error;
        }
      }
      written?.(failure instanceof Error ? failure : new Error(String(failure)));
    },
    async flush() {
      if (stream === undefined) return "written";
      if (failure === undefined) {
        await new Promise<void>((resolve) => {
          opened().write("", (error) => {
            failure ??= error ?? undefined;
            resolve();
          });
        });
      }
      if (failure === undefined) return "written";
      if (isGone()) return "closed";
      throw fsErrorOf("write to", "standard output", failure);
    },
  };
}
