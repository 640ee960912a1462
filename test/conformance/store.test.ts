import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/hub/store/sqlite.ts";
import { MemoryDisk, MemoryStore } from "../support/memory-store.ts";
import { describeStore } from "./store.contract.ts";

describeStore("node:sqlite", () => {
  const folder = mkdtempSync(join(tmpdir(), "prism-store-"));
  return {
    open: () => openSqliteStore({ folder, newHubId: () => "k7qd0000" }),
    dispose: () => rmSync(folder, { recursive: true }),
  };
});

describeStore("memory", () => {
  const disk = new MemoryDisk();
  return { open: () => new MemoryStore(disk), dispose: () => {} };
});
