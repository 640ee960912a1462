/** `prism signal`: sends one signal, and says so only once the hub has it on disk. */
import { randomUUID } from "node:crypto";
import { formatAddress, parseAddress } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { TRACEPARENT_CHARS_MAX, traceparentGiven } from "../domain/traceparent.ts";
import type { SignalAnswer } from "../domain/verbs.ts";
import { type InputOf, table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags } from "./hub-target.ts";
import { duration, line, prose, target } from "./kinds.ts";
import { inkFor, momentText } from "./layout.ts";
import { keptToken } from "./persona-token.ts";
import { addressTyped, projectNamed } from "./project.ts";
import { type Runtime, writeJson } from "./runtime.ts";
import { json } from "./settings.ts";
import { readText } from "./stdin.ts";
import { verb } from "./verb.ts";

const text = prose(limits.signalTextBytesMax);

const definition = table({
  name: "signal",
  about: [
    "The hub writes the signal to its disk before it answers, so what was accepted is not lost. The persona's daemon then rings its surface, and the agent drains when it wakes.",
    "Two agents that only answer each other are stopped after a while: prism says how long, and what to do instead.",
    'PROJECT is a project\'s name, or a folder if it holds a "/" or is ".". A target that was never registered, has been wrapped, or was not heard from within its lease takes no signal: prism says so, and nothing is queued.',
  ],
  arguments: [
    { word: "PERSONA@PROJECT", about: "whom to signal; session:ID means one live session", kind: target },
    { word: "TEXT", about: 'what to tell them, up to 64 KiB; "-" reads standard input', kind: text },
  ],
  flags: {
    from: {
      kind: { ...line("P[@PROJECT]", 256) },
      about: "who sends; without a project, of this folder's",
      otherwise: "PRISM_PERSONA, if set",
    },
    urgent: { kind: "switch", about: "for what cannot wait for their next turn" },
    ttl: {
      kind: duration({ msMin: limits.signalTtlMsMin, msMax: limits.signalTtlMsMax }),
      about: "expires undrained after this long",
      otherwise: "1d",
    },
    key: {
      kind: line("KEY", limits.keyBytesMax),
      about: "idempotency key: the same key and content again is the same signal",
      otherwise: "a new one",
    },
    replyTo: { kind: line("ID", limits.keyBytesMax), about: "the signal that this one answers" },
    traceparent: {
      kind: line("HEADER", TRACEPARENT_CHARS_MAX),
      about: "the trace it belongs to, as W3C Trace Context writes it; told with the drain",
    },
    final: { kind: "switch", about: "no answer is wanted: a reply to it is refused" },
    ...hubFlags,
    ...json,
  },
  examples: [
    {
      line: 'prism signal reviewer@shop "Branch login is ready" --from builder@shop',
      about: "one persona to another",
    },
    { line: 'prism signal reviewer@. "Stop, main is broken" --urgent', about: "in this folder's project" },
    {
      line: "git diff --stat | prism signal reviewer@shop - --ttl 2h",
      about: "from a pipe; worth nothing after two hours",
    },
    {
      line: 'prism signal builder@shop "Merged" --reply-to k7qd-1f --final',
      about: "an answer that ends the matter",
    },
    {
      line: 'prism signal ci@shop "Nightly run is due" --key nightly-42 --json',
      about: "from a script, safe to repeat",
    },
  ],
});

export const signal = verb(
  definition,
  async (input, runtime) => {
    const params = await paramsOf(input, runtime);
    const answer = await askHub(input.flags, runtime, {
      verb: "signal",
      params,
      again: { key: params.key, does: "it is sent once" },
    });
    if (input.flags.json) writeJson(runtime.out, answer);
    else runtime.out.write(receiptText(answer, runtime));
    return EXIT.ok;
  },
  {
    // A sender that has a token of its own is nobody else.
    async keptOf({ flags }, runtime) {
      const from = senderOf(flags.from, runtime);
      return from === undefined ? undefined : keptToken(parseAddress(from), undefined, runtime);
    },
  },
);

async function paramsOf(input: InputOf<typeof definition>, runtime: Runtime) {
  const { flags } = input;
  const [to, typedText] = input.arguments;
  const from = senderOf(flags.from, runtime);
  const words = typedText === "-" ? await textPiped(runtime) : typedText;
  return {
    to: to.startsWith("session:") ? to : formatAddress(addressTyped(to, runtime.cwd)),
    text: words,
    urgency: flags.urgent ? ("urgent" as const) : ("normal" as const),
    // Its own key, so that asking again after a lost answer can't make two of one.
    key: flags.key ?? randomUUID(),
    ...(from === undefined ? {} : { from }),
    ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
    ...(flags.replyTo === undefined ? {} : { replyTo: flags.replyTo }),
    ...(flags.final ? { final: true } : {}),
    ...(flags.traceparent === undefined ? {} : { traceparent: traceparentGiven(flags.traceparent) }),
  };
}

/** What an agent's environment says of itself serves as the sender, so that it need not say so each time. */
function senderOf(typed: string | undefined, runtime: Runtime): string | undefined {
  const { env, cwd } = runtime;
  const from = typed ?? env["PRISM_PERSONA"];
  if (from === undefined || from === "") return undefined;
  if (from.includes("@")) return formatAddress(addressTyped(from, cwd));
  const project = projectNamed(env["PRISM_PROJECT"] || ".", cwd);
  return formatAddress(addressTyped(`${from}@${project}`, cwd));
}

async function textPiped(runtime: Runtime): Promise<string> {
  if (runtime.input.isTerminal) {
    throw new PrismError("invalid_argument", 'TEXT is "-", but standard input is a terminal', {
      hint: "pipe a text in, or write it in quotes",
    });
  }
  const what = "the text on standard input";
  return text.read((await readText(runtime.input, limits.signalTextBytesMax, what)).trimEnd(), what);
}

function receiptText(answer: SignalAnswer, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const again = answer.duplicate ? "this key was sent before: " : "";
  const isOpen = answer.state === "pending" || answer.state === "delivered";
  const until = isOpen ? `, kept until ${momentText(answer.expiresAtMs)}` : "";
  return (
    `${ink.green("accepted")} ${answer.id} for ${answer.to}\n` +
    `  ${ink.dim(`${again}${answer.state}${until}`)}\n`
  );
}
