/** Surface `codex` before the fake Codex; before the real one by `npm run e2e:clients`. */
import { codexSurfaceContract } from "../../../clients/codex-surface.contract.ts";
import { FAKE_CODEX } from "../../../support/codex-stage.ts";

codexSurfaceContract("the fake Codex", () => FAKE_CODEX);
