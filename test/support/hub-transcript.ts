/**
 * Transcripts of the hub's decisions: a command, `----`, and what came of it. `replay` runs the commands of a
 * transcript and writes it anew; a test expects it to stay as it was. After each command what changed goes to
 * a memory store, and what is told is shown, in the order the engine would.
 *
 *   +5s                                  the clock goes on, and the core ticks
 *   start daemon reviewer@shop host=a    registers a session; "offline" for one without a socket
 *   n1: acknowledge 3                    a command of session n1
 *   disconnect n1, hear n1               what a socket tells the hub
 *   persona_create ada@shop token=aa     the token's hash, filled up with zeros
 *   drain ada@shop as=ada@shop by=aa     asked with the token of ada@shop that has this hash
 *   restart                              a new core from what is in the store
 *   # anything                           a remark
 */
import { parseAddress } from "../../src/domain/address.ts";
import { errorOf } from "../../src/domain/errors.ts";
import type { Command, Outcome, Push } from "../../src/hub/core/core.ts";
import type { Bearer } from "../../src/hub/service.ts";
import { HubDriver, type Told } from "./hub-driver.ts";

const TENANT = "local";
const UNITS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export function replay(transcript: string): string {
  const run = new Run();
  const blocks = transcript.trim().split(/\n\n+/);
  const replayed = blocks.map((block) => {
    const [head = ""] = block.split("\n----");
    const lines = head.split("\n");
    const commands = lines.filter((line) => !line.startsWith("#"));
    if (commands.length === 0) return head;
    return [...lines, "----", ...commands.flatMap((line) => run.command(line))].join("\n");
  });
  return `${replayed.join("\n\n")}\n`;
}

interface Line {
  readonly words: readonly string[];
  readonly values: ReadonlyMap<string, string>;
}

class Run {
  #ids = 0;
  readonly #driver = new HubDriver(() => `n${++this.#ids}`);

  command(text: string): string[] {
    if (text.startsWith("+")) return toldText(this.#driver.advance(msOf(text.slice(1))));
    const [, session = null, rest = ""] = /^(?:(\w+): )?(.*)$/.exec(text) ?? [];
    const line = parse(rest);
    const [verb, id = ""] = line.words;
    const { core, nowMs } = this.#driver;
    if (verb === "restart") {
      this.#driver.restart();
      return [];
    }
    if (verb === "disconnect") core.disconnected(id, nowMs);
    else if (verb === "hear") core.heard(id, nowMs);
    else {
      const { outcome, ...told } = this.#driver.decide(this.#commandOf(line, session));
      return [...outcomeText(outcome), ...toldText(told)];
    }
    return toldText(this.#driver.settle());
  }

  #commandOf({ words, values }: Line, session: string | null): Command {
    const tenant = values.get("tenant") ?? TENANT;
    const caller = { tenant, scope: scopeOf(values), session };
    const text = (name: string) => (values.has(name) ? { [name]: values.get(name) } : {});
    const whole = (name: string) => (values.has(name) ? { [name]: Number(values.get(name)) } : {});
    const ms = (name: string, member: string) =>
      values.has(name) ? { [member]: msOf(values.get(name) ?? "") } : {};
    const named = (at: number) => (words[at] === undefined ? {} : parseAddress(words[at]));
    const is = (word: string) => words.includes(word);
    const [verb] = words;
    const made = ((): unknown => {
      switch (verb) {
        case "start":
          return {
            verb,
            caller,
            connected: !is("offline"),
            params: {
              kind: words[1],
              ...named(2),
              protocol: Number(values.get("protocol") ?? 1),
              version: "1.0.0",
              ...text("host"),
              ...text("root"),
              ...text("instance"),
              ...text("session"),
              ...whole("position"),
              ...ms("lease", "leaseMs"),
            },
          };
        case "signal": {
          const body = values.get("text") ?? "hello";
          const params = {
            to: words[1],
            text: body,
            ...text("from"),
            ...text("key"),
            ...text("replyTo"),
            ...ms("ttl", "ttlMs"),
            ...(is("urgent") ? { urgency: "urgent" } : {}),
            ...(is("final") ? { final: true } : {}),
          };
          return { verb, caller, params, textBytes: body.length };
        }
        case "signal_status":
          return { verb, caller, params: { id: words[1] } };
        case "drain":
          return {
            verb,
            caller,
            params: {
              ...named(1),
              ...text("session"),
              ...text("key"),
              ...whole("limit"),
              ...whole("bytesMax"),
            },
          };
        case "history":
          return {
            verb,
            caller,
            params: { ...named(1), ...text("before"), ...text("state"), ...whole("limit") },
          };
        case "status":
          return { verb, caller, params: { ...text("persona"), ...text("project") } };
        case "wrap":
          return {
            verb,
            caller,
            params: { ...named(1), ...text("session"), ...text("persona"), ...text("project") },
          };
        case "acknowledge":
          return { verb, caller, params: { through: Number(words[1]) } };
        case "persona_create":
          return {
            verb,
            caller,
            params: {
              ...named(1),
              ...ms("lease", "leaseMs"),
              tokenSha256: hashFrom(values.get("token") ?? ""),
            },
          };
        case "persona_archive":
        case "persona_restore":
          return { verb, caller, params: named(1) };
        case "persona_destroy":
          return { verb, caller, params: { ...named(1), ...(is("purge") ? { purge: true } : {}) } };
        case "persona_list":
          return { verb, caller, params: named(1) };
        default:
          throw new Error(`no command is called "${verb}"`);
      }
    })();
    return made as Command;
  }
}

function scopeOf(values: Line["values"]): Bearer["scope"] {
  const address = values.get("as");
  return address === undefined ? "home" : { address, tokenSha256: hashFrom(values.get("by") ?? "") };
}

function hashFrom(text: string): string {
  return text.padEnd(64, "0");
}

function parse(text: string): Line {
  const words: string[] = [];
  const values = new Map<string, string>();
  for (const [token] of text.matchAll(/[^\s"]*"[^"]*"|\S+/g)) {
    const at = token.indexOf("=");
    if (at < 1) words.push(token);
    else values.set(token.slice(0, at), token.slice(at + 1).replaceAll('"', ""));
  }
  return { words, values };
}

function msOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const size = UNITS[unit];
  if (size === undefined) throw new Error(`"${text}" is no duration`);
  return Number(count) * size;
}

type Members = { readonly [key: string]: unknown };

function outcomeText(outcome: Outcome): string[] {
  if ("error" in outcome) {
    const { code, message, hint, target } = errorOf(outcome.error);
    const state =
      target === undefined ? "" : ` [${target.address} ${target.state}, heard ${target.lastHeardAtMs}]`;
    return [`${code}: ${message}${state}`, ...(hint === undefined ? [] : [`  hint: ${hint}`])];
  }
  const { signals, agents, daemons, waiting, loops, archived, personas, mailbox, hub, tenant, ...others } =
    outcome.ok as Members;
  // Of a restored persona it is a number.
  const rest = typeof waiting === "number" ? { ...others, waiting } : others;
  const lists = [signals, agents, daemons, rest === others ? waiting : [], loops, archived, personas].map(
    (list) => (list ?? []) as readonly Members[],
  );
  const head = `ok ${membersText(rest)}`.trim();
  const view = mailbox === undefined ? [] : [`  mailbox ${membersText(mailbox as Members)}`];
  return [head, ...view, ...lists.flatMap((list) => list.map((entry) => `  ${membersText(entry)}`))];
}

function toldText({ pushes, detached, endedTokens }: Told): string[] {
  const ended = Array.from(endedTokens, (token) => token.replace(/0+$/, ""));
  return [
    ...pushes.map(pushText),
    ...(detached.length > 0 ? [`detached ${detached.join(" ")}`] : []),
    ...(ended.length > 0 ? [`tokens ended ${ended.join(" ")}`] : []),
  ];
}

function pushText(push: Push): string {
  return `push ${push.session} ${push.name} ${membersText(push.value)}`;
}

/** Members that say something: nulls, empty lists, false and what never differs are left out. */
function membersText(members: object): string {
  return Object.entries(members)
    .filter(([key, value]) => !isDull(key, value))
    .map(([key, value]) => (value === true ? key : `${key}=${valueText(value)}`))
    .join(" ");
}

function isDull(key: string, value: unknown): boolean {
  if (value === null || value === false || (Array.isArray(value) && value.length === 0)) return true;
  return (
    ["acceptedAtMs", "expiresAtMs", "nowMs", "version", "leaseMs", "oldestAtMs", "newestAtMs"].includes(
      key,
    ) ||
    (key === "urgency" && value === "normal") ||
    (value === 0 && ["urgent", "othersOpen", "told", "drains", "elsewhere"].includes(key))
  );
}

function valueText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value
    .map((entry) => (typeof entry === "object" ? `${entry.from || "-"}:${entry.count}` : String(entry)))
    .join(",");
}
