/** The model's side of a turn: one request with the whole conversation, one reply. */

export interface Turn {
  readonly role: "user" | "assistant";
  readonly content: readonly Part[];
}

export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: ToolInput }
  | { readonly type: "tool_result"; readonly tool_use_id: string; readonly content: string };

export interface ToolInput {
  readonly command?: string;
  readonly [key: string]: unknown;
}

export const text = (words: string): Part => ({ type: "text", text: words });

const MODEL = "claude-opus-5-5";

export async function askModel(
  messages: readonly Turn[],
  tools: readonly string[],
): Promise<{ readonly parts: readonly Part[]; readonly stop: string }> {
  const url = `${process.env["ANTHROPIC_BASE_URL"] ?? "http://127.0.0.1"}/v1/messages?beta=true`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": process.env["ANTHROPIC_API_KEY"] ?? "" },
    body: JSON.stringify({ model: MODEL, messages, tools: tools.map((name) => ({ name })) }),
  });
  const reply = (await answer.json()) as { readonly content: readonly Part[]; readonly stop_reason: string };
  return { parts: reply.content, stop: reply.stop_reason };
}
