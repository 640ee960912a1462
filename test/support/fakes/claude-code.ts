#!/usr/bin/env node
/**
 * A program that behaves at its edges as Claude Code 2.1.329 was seen to: hooks and what they are given, the file
 * of its session, the inbox socket, asyncRewake, turns and what is taken in between, permissions that are asked
 * for, resuming, MCP servers. It asks the same model for its words as the real one, so that one test drives either.
 * What was not observed it leaves out. test/clients/claude-code.contract.ts is run against both.
 *
 *   claude-code.ts [--resume ID] [--permission-mode MODE] [WORDS]             interactive, in a terminal
 *   claude-code.ts -p [WORDS] [--resume ID] [--output-format text|json|stream-json]
 *   claude-code.ts -p --verbose --input-format stream-json --output-format stream-json
 *   claude-code.ts agents --json
 *
 * Bad days: see claude-code/faults.ts.
 */
import { parseArgs } from "node:util";
import { runHeadless } from "./claude-code/headless.ts";
import { runInteractive } from "./claude-code/interactive.ts";
import { Session, VERSION } from "./claude-code/session.ts";
import { liveSessions } from "./claude-code/session-file.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    print: { type: "boolean", short: "p" },
    resume: { type: "string", short: "r" },
    verbose: { type: "boolean" },
    version: { type: "boolean", short: "v" },
    json: { type: "boolean" },
    "input-format": { type: "string" },
    "output-format": { type: "string" },
    "permission-mode": { type: "string" },
    "dangerously-skip-permissions": { type: "boolean" },
    allowedTools: { type: "string" },
    "mcp-config": { type: "string" },
    model: { type: "string" },
    settings: { type: "string" },
  },
});

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

async function main(): Promise<number> {
  if (values["version"] === true) {
    process.stdout.write(`${VERSION} (Claude Code)\n`);
    return 0;
  }
  const [first, ...rest] = positionals;
  if (first === "agents" && values["json"] === true) {
    process.stdout.write(`${JSON.stringify(liveSessions(process.env), null, 2)}\n`);
    return 0;
  }
  const interactive = values["print"] !== true;
  const streams = text(values["input-format"]) === "stream-json";
  const skips = values["dangerously-skip-permissions"] === true;
  const mode =
    text(values["permission-mode"]) ?? (skips ? "bypassPermissions" : interactive ? "auto" : "default");
  const session = Session.open({
    interactive,
    lasts: interactive || streams,
    mode,
    resume: text(values["resume"]),
    allowed: text(values["allowedTools"])?.split(/[ ,]+/) ?? [],
  });
  if (session === null) {
    process.stderr.write(`No conversation found with session ID: ${text(values["resume"])}\n`);
    return 1;
  }
  const words = [first, ...rest].filter((word) => word !== undefined).join(" ");
  for (const name of ["SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => void session.end("other").then(() => process.exit(143)));
  }
  if (interactive) return runInteractive(session, words);
  const out = text(values["output-format"]) ?? "text";
  return runHeadless(session, { words, out, stream: streams });
}

process.exit(await main());
