/** Signals reach the real Claude Code, by each path. */
import { claudeCodeSignals } from "./claude-code-signals.contract.ts";
import { installed } from "./install.ts";

const client = installed("claude-code");

claudeCodeSignals(`Claude Code ${client.version}`, () => client.binary);
