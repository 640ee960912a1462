/** `prism signal-status`: what became of one signal. Reads only. */
import { limits } from "../domain/limits.ts";
import type { SignalStatusAnswer } from "../domain/verbs.ts";
import { table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags } from "./hub-target.ts";
import { line } from "./kinds.ts";
import { described, type Ink, inkFor, momentText, spanText } from "./layout.ts";
import { writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { traceText } from "./trace-text.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "signal-status",
  about: [
    "A signal is pending (at the hub), delivered (its daemon knows), then drained (handed to the agent), or expired. It only goes forward, and each step is on disk before anyone is told.",
  ],
  arguments: [{ word: "ID", about: 'the id that "prism signal" gave', kind: line("ID", limits.keyBytesMax) }],
  flags: {
    trace: {
      kind: "switch",
      about: "its way step by step, with times and hosts",
    },
    ...hubFlags,
    ...json,
  },
  examples: [
    { line: "prism signal-status d801-1", about: "its state, and when it came there" },
    {
      line: "prism signal-status d801-1 --trace",
      about: "accepted, pushed, acknowledged, rung, receipt, drained",
    },
    { line: "prism signal-status d801-1 --json", about: 'as data: {"id": ..., "state": "drained", ...}' },
  ],
});

export const signalStatus = verb(definition, async (input, runtime) => {
  const [id] = input.arguments;
  if (input.flags.trace) {
    const trace = await askHub(input.flags, runtime, { verb: "signal_trace", params: { id } });
    if (input.flags.json) writeJson(runtime.out, trace);
    else runtime.out.write(traceText(trace, inkFor(runtime.out)));
    return EXIT.ok;
  }
  const answer = await askHub(input.flags, runtime, { verb: "signal_status", params: { id } });
  if (input.flags.json) writeJson(runtime.out, answer);
  else runtime.out.write(statusText(answer, inkFor(runtime.out)));
  return EXIT.ok;
});

function statusText(answer: SignalStatusAnswer, ink: Ink): string {
  const since = (atMs: number): string => {
    const tookMs = atMs - answer.acceptedAtMs;
    return `${momentText(atMs)}, ${tookMs < 1000 ? "at once" : `after ${spanText(tookMs)}`}`;
  };
  const draw = { pending: ink.yellow, delivered: ink.cyan, drained: ink.green, expired: ink.red }[
    answer.state
  ];
  const rows: [string, string][] = [
    ["to", answer.to],
    ["from", answer.from ?? "nobody named"],
    ["urgency", answer.urgency],
  ];
  if (answer.replyTo !== null) rows.push(["reply to", answer.replyTo]);
  if (answer.final) rows.push(["final", "no answer wanted"]);
  rows.push(["accepted", momentText(answer.acceptedAtMs)]);
  if (answer.deliveredAtMs !== null) rows.push(["delivered", since(answer.deliveredAtMs)]);
  if (answer.drainedAtMs !== null) rows.push(["drained", since(answer.drainedAtMs)]);
  if (answer.expiredAtMs !== null) rows.push(["expired", since(answer.expiredAtMs)]);
  if (answer.drainedAtMs === null && answer.expiredAtMs === null) {
    rows.push(["kept until", momentText(answer.expiresAtMs)]);
  }
  return `${answer.id}  ${draw(answer.state)}\n${described(rows, { columns: 80, termColumns: 10 })}\n`;
}
