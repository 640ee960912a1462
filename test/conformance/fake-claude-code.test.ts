/** The fake Claude Code is held to what the real one was seen to do; `npm run e2e:clients` runs the same against that. */
import { claudeCodeContract } from "../clients/claude-code.contract.ts";
import { fakeClaudeCode } from "../support/fakes/claude-code-binary.ts";

claudeCodeContract("the fake", fakeClaudeCode);
