/** The fake Codex, held to what was observed of the real one: `test/clients/codex.test.ts` asks that one the same. */
import { join } from "node:path";
import { codexContract } from "../clients/codex.contract.ts";

const FAKE = join(import.meta.dirname, "../support/fakes/codex.ts");

codexContract("the fake Codex", () => [process.execPath, FAKE]);
