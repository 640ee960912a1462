/** The fake's side of the Responses API: one streamed request, read to its last event. */
import type { CodexHome, Json } from "./home.ts";

/** What the model said or wants done, in the form in which the next request repeats it. */
export interface ModelItem extends Json {
  readonly type: "message" | "function_call";
  readonly id: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly call_id?: string;
  readonly arguments?: string;
  readonly content?: readonly { readonly text: string }[];
}

export interface ModelAsk {
  readonly home: CodexHome;
  readonly items: readonly Json[];
  readonly tools: readonly Json[];
  readonly cancelled: AbortSignal;
}

export async function askModel({ home, items, tools, cancelled }: ModelAsk): Promise<readonly ModelItem[]> {
  const config = home.config();
  const name = String(config["model_provider"] ?? "openai");
  const provider = (config["model_providers"] as { [name: string]: Json } | undefined)?.[name];
  if (provider === undefined) throw new Error(`config.toml has no model provider ${name}`);
  const key = home.env[String(provider["env_key"])] ?? "";
  const reply = await fetch(`${provider["base_url"]}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: config["model"], input: items, tools, stream: true }),
    signal: cancelled,
  });
  if (!reply.ok) throw new Error(`the model answered ${reply.status}`);
  const events = (await reply.text()).split("\n").filter((line) => line.startsWith("data: "));
  return events
    .map((line) => JSON.parse(line.slice("data: ".length)) as { type: string; item: ModelItem })
    .filter(({ type }) => type === "response.output_item.done")
    .map(({ item }) => item);
}
