/**
 * The fake's screen: what Codex shows in a pane, drawn anew at each change. It talks to the app-server as any other
 * client does, be it the daemon's or one inside this process.
 */
import type { CodexHome, Json } from "./home.ts";
import { type FoundHook, trustOf } from "./hooks.ts";

/** The app-server, seen from the screen. */
export interface Link {
  // biome-ignore lint/suspicious/noExplicitAny: the app-server's answers, of which each place knows its own
  ask(method: string, params: Json): Promise<any>;
  hears(listener: (note: { method: string; params: Json; id?: number }) => void): void;
  reply(id: number, result: Json): void;
}

export interface Screen {
  readonly home: CodexHome;
  readonly link: Link;
  readonly cwd: string;
  /** Resumes this thread instead of beginning one. */
  readonly threadId: string | undefined;
  readonly approvalPolicy: string;
}

interface Dialog {
  readonly rows: readonly string[];
  /** What each number chooses; Enter chooses the first. */
  readonly choices: readonly (() => void)[];
  readonly escape: () => void;
}

const PASTE = /\u001b\[200~([\s\S]*?)\u001b\[201~|([\s\S])/gu;
/** So long after the first Ctrl-C the second one ends the program. */
const QUIT_MS = 2000;

/** Settles when the person quits. */
export async function runScreen(screen: Screen): Promise<void> {
  const { home, link, cwd } = screen;
  let dialog: Dialog | undefined;
  let line = "";
  let history: string[] = [];
  let steers: string[] = [];
  let working = false;
  let turnId = "";
  let threadId = "";
  let quitAskedMs = Number.NEGATIVE_INFINITY;
  let quit = () => {};

  const draw = () => {
    const width = process.stdout.columns;
    const model = String(home.config()["model"] ?? "");
    const waiting = steers.flatMap((text) => [`  ↳ ${text}`]);
    const rows =
      dialog === undefined
        ? [
            "  >_ OpenAI Codex (v0.169.0)",
            `     ${cwd}`,
            "",
            ...history,
            ...(working ? ["", "• Working (0s • esc to interrupt)"] : []),
            ...(waiting.length > 0
              ? ["", "• Messages to be submitted after next tool call (press esc to interrupt)", ...waiting]
              : []),
            "",
            line === ""
              ? "\u001b[1m›\u001b[0m \u001b[2mAsk Codex to do anything\u001b[22m"
              : `\u001b[1m›\u001b[0m ${line.replaceAll("\n", "\r\n  ")}`,
            "",
            `  ${model} default · ${cwd}`.slice(0, width),
            line === "" ? "  ← for agents · ? for shortcuts" : working ? "  tab to queue message" : "",
          ]
        : ["", ...dialog.rows];
    const shown = rows.slice(-process.stdout.rows);
    const up = dialog === undefined ? `\u001b[3A\r\u001b[${2 + (line.split("\n").at(-1) ?? "").length}C` : "";
    process.stdout.write(`\u001b[H\u001b[2J${shown.join("\r\n")}${up}`);
  };

  const ask = (rows: readonly string[], options: readonly string[]) =>
    new Promise<number>((resolve) => {
      const choose = (chosen: number) => () => {
        dialog = undefined;
        draw();
        resolve(chosen);
      };
      const listed = options.map((option, i) => `${i === 0 ? "›" : " "} ${i + 1}. ${option}`);
      const hint = "  enter confirm · esc skip";
      dialog = {
        rows: [...rows, "", ...listed, "", hint],
        choices: options.map((_, i) => choose(i)),
        escape: choose(options.length - 1),
      };
      draw();
    });

  const submit = (text: string) => {
    if (working) steers.push(text);
    void link.ask("turn/start", { threadId, input: [{ type: "text", text }] });
    draw();
  };

  const hear = (text: string) => {
    if (dialog !== undefined) return hearDialog(dialog, text);
    // Keys that come as fast as a paste are one: their Enter is a new line, and sends nothing.
    const burst = !text.includes("\u001b[200~") && text.length > 2 && /[^\r]\r/.test(text);
    for (const [, pasted, key] of text.matchAll(PASTE)) {
      if (pasted !== undefined) line += pasted;
      else if (key === "\u0003") interruptOrQuit();
      else if (key === "\u001b") {
        if (working) void link.ask("turn/interrupt", { threadId, turnId });
      } else if (key === "\r" && !burst) {
        const said = line.trim();
        line = "";
        if (said !== "") submit(said);
      } else if (key === "\r") line += "\n";
      else if (key === "\u007f") line = line.slice(0, -1);
      else if (key !== undefined && key >= " ") line += key;
    }
    draw();
  };

  const interruptOrQuit = () => {
    const now = performance.now();
    if (now - quitAskedMs < QUIT_MS) return quit();
    quitAskedMs = now;
    line = "";
    if (working) void link.ask("turn/interrupt", { threadId, turnId });
  };

  const told = ({ method, params, id }: { method: string; params: Json; id?: number }) => {
    if (params["threadId"] !== threadId) return;
    if (method === "turn/started") {
      working = true;
      turnId = String((params["turn"] as Json)["id"]);
    }
    if (method === "turn/completed") {
      working = false;
      steers = [];
      const { status } = params["turn"] as Json;
      if (status === "interrupted") history.push("", "■ Conversation interrupted");
      else history.push("", "  Worked for <1s • 12:00");
    }
    if (method === "item/completed") show(params["item"] as Json);
    if (id !== undefined) void approve(id, params);
    draw();
  };

  const show = (item: Json) => {
    if (item["type"] === "userMessage") {
      const text = (item["content"] as readonly { readonly text: string }[])
        .map((part) => part.text)
        .join("\n");
      steers = steers.filter((steer) => steer !== text);
      history.push("", `\u001b[1m›\u001b[0m ${text}`);
      void askTitle(text);
    } else if (item["type"] === "agentMessage") history.push("", `• ${item["text"]}`);
    else if (item["type"] === "commandExecution") history.push("", `• Ran ${item["command"]}`);
    else if (item["type"] === "mcpToolCall") history.push("", `• Called ${item["server"]}.${item["tool"]}`);
    history = history.slice(-100);
  };

  /** Like Codex the screen asks the model for a title of what was said, in a thread that nobody sees. */
  const askTitle = async (text: string) => {
    const { thread } = await link.ask("thread/start", { cwd, threadSource: "thread_title" });
    const prompt = `Generate a concise, single-line task title of at most 36 characters.\n\nUser prompt:\n${text}`;
    await link.ask("turn/start", { threadId: thread.id, input: [{ type: "text", text: prompt }] });
    await link.ask("thread/unsubscribe", { threadId: thread.id });
  };

  const approve = async (id: number, { reason, command, message }: Json) => {
    if (message !== undefined) {
      const options = ["Allow", "Allow for this session", "Always allow", "Cancel"];
      const chosen = await ask(["  Field 1/1", `  ${message}`], options);
      link.reply(id, { action: chosen < 3 ? "accept" : "cancel", content: null });
      return;
    }
    const question = [
      "  Would you like to run the following command?",
      `  Reason: ${reason}`,
      `  $ ${command}`,
    ];
    const options = ["Yes, proceed (y)", "No, and tell Codex what to do differently (esc)"];
    link.reply(id, { decision: (await ask(question, options)) === 0 ? "accept" : "cancel" });
  };

  const done = new Promise<void>((resolve) => {
    quit = resolve;
  });
  process.stdin.setRawMode(true);
  process.stdin.on("data", (chunk) => hear(chunk.toString("utf8")));
  process.stdout.write("\u001b[?1049h\u001b[?2004h");
  if (!trusted(home, cwd)) {
    const words = [
      "  Folder access",
      `  ${cwd}`,
      "  Trust this folder? Codex can read, edit, and run files here.",
    ];
    await ask(words, ["Trust and continue", "Back to Agent Command Center"]);
    home.addConfig(`\n[projects.${JSON.stringify(cwd)}]\ntrust_level = "trusted"\n`);
  }
  const hooks = (await link.ask("hooks/list", { cwds: [cwd] })).data[0].hooks as readonly FoundHook[];
  const fresh = hooks.filter(({ trustStatus }) => trustStatus !== "trusted");
  if (fresh.length > 0) {
    const words = ["  Hooks need review", `  ${fresh.length} hooks are new or changed.`];
    const options = ["Review hooks", "Trust all and continue", "Continue without trusting (hooks won't run)"];
    if ((await ask(words, options)) === 1) home.addConfig(trustOf(fresh));
  }
  link.hears(told);
  const { approvalPolicy } = screen;
  const opened = await (screen.threadId === undefined
    ? link.ask("thread/start", { cwd, approvalPolicy, threadSource: "user" })
    : link.ask("thread/resume", { threadId: screen.threadId, approvalPolicy }));
  threadId = opened.thread.id;
  draw();
  await done;
  process.stdout.write("\u001b[?2004l\u001b[?1049l");
}

function hearDialog({ choices, ...dialog }: Dialog, key: string): void {
  if (key === "\u001b") dialog.escape();
  else if (key === "\r" || key === "y") choices[0]?.();
  else choices[Number(key) - 1]?.();
}

function trusted(home: CodexHome, cwd: string): boolean {
  const projects = home.config()["projects"] as { readonly [path: string]: Json } | undefined;
  return projects?.[cwd]?.["trust_level"] === "trusted";
}
