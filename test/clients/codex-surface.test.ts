/** Surface `codex` before the real Codex. */
import { codexSurfaceContract } from "./codex-surface.contract.ts";
import { installed } from "./install.ts";

codexSurfaceContract("the real Codex", () => [installed("codex").binary]);
