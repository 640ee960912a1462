/** `-p`: one turn and its answer, or a worker that takes messages on standard input until that ends. */
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { type Input, type Session, VERSION } from "./session.ts";

interface HeadlessOptions {
  readonly words: string;
  readonly out: string;
  /** Standard input holds a message a line, instead of the words of one turn. */
  readonly stream: boolean;
}

export async function runHeadless(
  session: Session,
  { words, out, stream }: HeadlessOptions,
): Promise<number> {
  const emit = (event: object) => {
    const whole = { ...event, session_id: session.id, uuid: randomUUID() };
    if (out === "stream-json") process.stdout.write(`${JSON.stringify(whole)}\n`);
  };
  let answer = "";
  session.viewer = {
    hookRan(event, name, { status, out: stdout, err: stderr }) {
      if (event !== "SessionStart") return;
      const hook = { hook_id: randomUUID(), hook_name: name, hook_event: event };
      emit({ type: "system", subtype: "hook_started", ...hook });
      const outcome = status === 0 ? "success" : "error";
      emit({ type: "system", subtype: "hook_response", ...hook, stdout, stderr, exit_code: status, outcome });
    },
    turnBegan(inputs: readonly Input[]) {
      const own = inputs.every(({ origin }) => origin === "typed");
      if (!own) emit({ type: "command_lifecycle", state: "started" });
      emit({
        ...{ type: "system", subtype: "init", cwd: session.project, tools: session.tools },
        ...{ permissionMode: session.mode, claude_code_version: VERSION },
        messaging_socket_path: session.inbox.path,
      });
    },
    said(text) {
      emit({ type: "assistant", message: { role: "assistant", content: [{ type: "text", text }] } });
    },
    held(message) {
      emit({ type: "system", subtype: "peer_message_hold", state: "held", from: message.from });
    },
    turnEnded(text) {
      answer = text;
      emit({ type: "result", subtype: "success", is_error: false, result: text });
    },
  };
  await session.start();
  if (stream) await takeMessages(session);
  else {
    session.submit(words === "" ? await piped() : words);
    await session.idle();
  }
  if (out === "json") process.stdout.write(`${JSON.stringify({ type: "result", result: answer })}\n`);
  if (out === "text") process.stdout.write(`${answer}\n`);
  await session.end("other");
  return 0;
}

async function takeMessages(session: Session): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    const { message } = JSON.parse(line) as { readonly message?: { readonly content?: unknown } };
    if (typeof message?.content === "string") session.submit(message.content);
  }
  await session.idle();
}

async function piped(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
}
