/** Signals reach the fake Claude Code, by each path: the built executable, with what `npm test` has of the client. */
import { claudeCodeSignals } from "../clients/claude-code-signals.contract.ts";
import { fakeClaudeCode } from "../support/fakes/claude-code-binary.ts";

claudeCodeSignals("the fake Claude Code", fakeClaudeCode);
