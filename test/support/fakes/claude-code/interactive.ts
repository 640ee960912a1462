/** A session in a terminal: a log, an input line between two rules, and dialogs that take its place. */
import type { PeerMessage } from "./inbox.ts";
import type { Input, Session } from "./session.ts";

interface Dialog {
  readonly rows: readonly string[];
  readonly options: readonly string[];
  chosen: number;
  readonly answer: (chosen: number) => void;
}

/** Keys that come as one piece of input. */
const KEYS = /(\u001b\[200~[\s\S]*?\u001b\[201~|\u001b\[[A-D]|\u001b|[\s\S])/gu;
const LOG_ROWS_MAX = 30;

export async function runInteractive(session: Session, words: string): Promise<number> {
  const terminal = new Terminal(session);
  if (!session.trusted && !(await terminal.trust())) return 1;
  if (session.mode === "bypassPermissions" && !(await terminal.accept())) return 1;
  await session.start();
  terminal.open();
  if (words !== "") session.submit(words);
  const reason = await terminal.closed;
  await session.end(reason);
  terminal.restore();
  return 0;
}

class Terminal {
  readonly closed: Promise<string>;
  readonly #session: Session;
  readonly #dialogs: Dialog[] = [];
  #close: (reason: string) => void = () => {};
  #log: string[] = [];
  #line = "";
  #busy = false;
  #open = false;
  #interrupts = 0;

  constructor(session: Session) {
    this.#session = session;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    session.viewer = {
      turnBegan: (inputs) => this.#began(inputs),
      messageCame: (input) => this.#show(input),
      said: (text) => text !== "" && this.#write(`● ${text}`),
      toolRan: (name) => this.#write(name === "Bash" ? "  Ran 1 shell command" : "  Called prism"),
      turnEnded: () => this.#ended(),
      hookFailed: (event, { err }) => this.#write(`  ⎿  ${event} hook failed`, `     ${err.trim()}`),
      held: ({ from }) => this.#write(`● Held peer message — from ${from} — not delivered to Claude`),
      permits: (tool, input) => this.#permits(tool, input.command ?? ""),
      admits: (message) => this.#admits(message),
    };
    process.stdin.setRawMode?.(true);
    process.stdin.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    process.stdout.write("\u001b[?2004h");
  }

  open(): void {
    this.#open = true;
    this.#draw();
  }

  restore(): void {
    process.stdin.setRawMode?.(false);
    process.stdout.write("\u001b[?2004l\u001b[?25h\r\n");
  }

  async trust(): Promise<boolean> {
    const rows = [" Accessing workspace:", "", ` ${this.#session.project}`, "", " Quick safety check:", ""];
    return (await this.#ask(rows, ["No, exit", "Yes, I trust this folder"])) === 1;
  }

  async accept(): Promise<boolean> {
    const rows = ["  WARNING: Claude Code running in Bypass Permissions mode", ""];
    return (await this.#ask(rows, ["No, exit", "Yes, I accept"])) === 1;
  }

  async #permits(tool: string, command: string): Promise<boolean> {
    const rows = [` ${tool} command`, ` ${command}`, " Do you want to proceed?"];
    return (await this.#ask(rows, ["1. Yes", "2. No"])) === 0;
  }

  async #admits({ text }: PeerMessage): Promise<boolean> {
    const rows = [" Held message from another session", ` ${text.split("\n")[1] ?? text}`];
    const options = ["Deny — drop it and tell the sender it was declined", "Deliver this message to Claude"];
    return (await this.#ask(rows, options)) === 1;
  }

  #ask(rows: readonly string[], options: readonly string[]): Promise<number> {
    return new Promise((answer) => {
      this.#dialogs.push({ rows, options, chosen: 0, answer });
      this.#draw();
    });
  }

  #began(inputs: readonly Input[]): void {
    this.#busy = true;
    for (const input of inputs) this.#show(input);
  }

  #ended(): void {
    this.#busy = false;
    this.#write("✻ Worked for 0s");
  }

  #show({ text, origin }: Input): void {
    const body = text.split("\n")[1] ?? text;
    if (origin === "typed") this.#write(`❯ ${text.split("\n")[0]}`);
    else if (origin === "rewake") this.#write("● Stop hook feedback");
    else {
      const sender = /^<cross-session-message [^>]*from-name="([^"]*)"/.exec(text)?.[1] ?? "peer";
      this.#write(`› Message from @${sender}: ${body} (ctrl+o to expand)`);
    }
  }

  #write(...rows: readonly string[]): void {
    this.#log = [...this.#log, ...rows, ""].slice(-LOG_ROWS_MAX);
    this.#draw();
  }

  #hear(text: string): void {
    for (const [keys] of text.matchAll(KEYS)) this.#key(keys);
    this.#draw();
  }

  #key(keys: string): void {
    const dialog = this.#dialogs[0];
    if (keys === "\u0003") this.#interrupt();
    else if (dialog !== undefined) this.#choose(dialog, keys);
    else if (keys === "\r") this.#enter();
    else if (keys === "\u007f") this.#line = this.#line.slice(0, -1);
    else if (keys.startsWith("\u001b[200~")) this.#line += keys.slice(6, -6);
    else if (keys === "\n" || keys >= " ") this.#line += keys;
  }

  #interrupt(): void {
    this.#interrupts += 1;
    this.#line = "";
    if (this.#interrupts === 2) this.#close("prompt_input_exit");
  }

  #choose(dialog: Dialog, keys: string): void {
    const last = dialog.options.length - 1;
    if (keys === "\u001b[B") dialog.chosen = Math.min(last, dialog.chosen + 1);
    else if (keys === "\u001b[A") dialog.chosen = Math.max(0, dialog.chosen - 1);
    else if (keys === "\r") {
      this.#dialogs.shift();
      dialog.answer(dialog.chosen);
    }
  }

  #enter(): void {
    const words = this.#line.trim();
    this.#line = "";
    this.#interrupts = 0;
    if (words === "/exit") this.#close("prompt_input_exit");
    else if (words !== "") this.#session.submit(words);
  }

  #draw(): void {
    const dialog = this.#dialogs[0];
    if (!this.#open && dialog === undefined) return;
    const rule = "─".repeat(process.stdout.columns ?? 80);
    const below =
      dialog === undefined
        ? [...(this.#busy ? ["· Working… (0s)"] : []), rule, ...this.#input(), rule, this.#footer()]
        : [
            ...[rule, ...dialog.rows],
            ...dialog.options.map((option, i) => ` ${i === dialog.chosen ? "❯" : " "} ${option}`),
            ...["", " Enter to confirm · Esc to cancel"],
          ];
    const room = Math.max(0, (process.stdout.rows ?? 24) - below.length);
    const rows = [...this.#log.slice(-room), ...below].map((row) =>
      row.slice(0, process.stdout.columns ?? 80),
    );
    process.stdout.write(`\u001b[?25l\u001b[H\u001b[2J${rows.join("\r\n")}`);
  }

  /** The prompt is followed by a no-break space; what does not fit goes on below, as far in as it began. */
  #input(): readonly string[] {
    const width = (process.stdout.columns ?? 80) - 3;
    const rows = this.#line
      .split("\n")
      .flatMap((row) => row.match(new RegExp(`.{1,${width}}`, "gu")) ?? [""]);
    return rows.map((row, i) => `${i === 0 ? "❯\u00a0" : "  "}${row}`);
  }

  #footer(): string {
    return `  ⏵⏵ ${this.#session.mode} mode on (shift+tab to cycle)${this.#busy ? " · esc to interrupt" : ""}`;
  }
}
