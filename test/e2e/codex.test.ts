/** Signals reach an agent in the fake Codex, by each path, with the built executable. */
import { join } from "node:path";
import { codexJourneys } from "../clients/codex-journeys.contract.ts";

const FAKE = join(import.meta.dirname, "../support/fakes/codex.ts");

codexJourneys("the fake Codex", () => [process.execPath, FAKE]);
