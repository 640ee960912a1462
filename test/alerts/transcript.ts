/** What Prometheus was asked and what it answered, word by word, for people. Written where the environment says. */
import { writeFileSync } from "node:fs";
import type { Prometheus } from "../support/prometheus.ts";

export interface Transcript {
  note(line: string): void;
  /** Asks, and keeps question and answer. */
  ask(prometheus: Prometheus, path: string): Promise<void>;
  write(): void;
}

const ANSWER_CHARS_MAX = 900;

export function openTranscript(file = process.env["PRISM_ALERTS_TRANSCRIPT"]): Transcript {
  const startedAtMs = performance.now();
  const lines: string[] = [];
  const at = (): string => `${((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(4)} s`;
  return {
    note(line) {
      lines.push(`${at()}  ${line}`);
    },
    async ask(prometheus, path) {
      const answer = await prometheus.raw(path);
      const shown =
        answer.length > ANSWER_CHARS_MAX
          ? `${answer.slice(0, ANSWER_CHARS_MAX)} (and ${answer.length - ANSWER_CHARS_MAX} more)`
          : answer;
      lines.push(`${at()}  GET ${decodeURIComponent(path)}`, `        ${shown.trimEnd()}`);
    },
    write() {
      if (file) writeFileSync(file, `${lines.join("\n")}\n`);
    },
  };
}
