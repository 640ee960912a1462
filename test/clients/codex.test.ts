/** Signals reach the real Codex, by each path. */
import { codexJourneys } from "./codex-journeys.contract.ts";
import { installed } from "./install.ts";

const client = installed("codex");

codexJourneys(`Codex ${client.version}`, () => [client.binary]);
