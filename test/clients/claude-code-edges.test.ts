/** The real Claude Code does what the fake was made from: this fails when a new version parts from it. */
import { claudeCodeContract } from "./claude-code.contract.ts";
import { installed } from "./install.ts";

const client = installed("claude-code");

claudeCodeContract(`Claude Code ${client.version}`, () => client.binary);
