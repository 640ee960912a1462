/** What the closed words of an overview are called, on the page and in a terminal. A new word without a row does not compile. */
import type { Happening, HappeningName, PersonaView, Standing, TraceStepName } from "../overview.ts";
import { countOf } from "./figures.ts";

export const STANDING_WORDS: Readonly<Record<Standing, { readonly word: string; readonly means: string }>> = {
  deaf: { word: "Deaf", means: "what comes for it can't be rung" },
  stuck: { word: "Stuck", means: "it was rung and does not drain" },
  waiting: { word: "Waiting", means: "something waits, and all is on its way" },
  well: { word: "Well", means: "nothing waits" },
  off: { word: "Off", means: "archived, wrapped or stopped on purpose" },
};

export const STATE_WORDS: Readonly<Record<PersonaView["state"], string>> = {
  disconnected: "disconnected",
  reconciling: "reconciling",
  connected: "connected",
  emitting: "ringing",
  silent: "no answer",
  down: "down",
};

export const STEP_WORDS: Readonly<Record<TraceStepName, { readonly word: string; readonly means: string }>> =
  {
    accepted: { word: "Accepted", means: "the hub has it on disk" },
    pushed: { word: "Pushed", means: "the hub told the daemon" },
    acknowledged: { word: "Acknowledged", means: "the daemon has taken note" },
    rung: { word: "Rung", means: "the daemon rang the surface" },
    receipt: { word: "Receipt", means: "the agent's side has shown that it took the ring" },
    drained: { word: "Drained", means: "the agent has taken the signal" },
    expired: { word: "Expired", means: "its time to live ended before a drain" },
  };

/** How loud a happening is: most are murmur. */
export type Tone = "good" | "bad" | "plain" | "news";

export const HAPPENING_WORDS: Readonly<
  Record<HappeningName, { readonly tone: Tone; readonly text: (happening: Happening) => string }>
> = {
  state: { tone: "plain", text: ({ detail }) => stateWord(detail) },
  waits: { tone: "news", text: ({ count }) => (count === null ? "waits" : waitText(count)) },
  rung: { tone: "plain", text: ({ detail }) => (detail === "" ? "rung" : `rung via ${detail}`) },
  ringFailed: {
    tone: "bad",
    text: ({ detail }) => (detail === "" ? "ring failed" : `ring failed: ${detail}`),
  },
  drained: {
    tone: "good",
    text: ({ count }) =>
      count === null || count === 0 ? "drained" : `drained, ${countOf(count, "signal")} left`,
  },
  agent: { tone: "plain", text: ({ detail }) => (detail === "" ? "agent" : `agent ${detail}`) },
  up: { tone: "good", text: () => "daemon answers" },
  down: { tone: "bad", text: ({ detail }) => (detail === "" ? "daemon ended" : `daemon ended: ${detail}`) },
  silent: { tone: "bad", text: () => "daemon does not answer" },
};

function stateWord(detail: string): string {
  return Object.hasOwn(STATE_WORDS, detail) ? STATE_WORDS[detail as PersonaView["state"]] : detail;
}

function waitText(count: number): string {
  return count === 1 ? "1 signal waits" : `${countOf(count, "signal")} wait`;
}
