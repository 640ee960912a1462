/** The real Codex, asked what the fake is held to: a failure here alone means that Codex has changed. */
import { codexContract } from "./codex.contract.ts";
import { installed } from "./install.ts";

codexContract("the real Codex", () => [installed("codex").binary]);
