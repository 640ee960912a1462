import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Real programs driven at their own pace: tmux panes, hundreds of played servers, processes that are killed. */
const UNHURRIED = [
  "test/property/clients.test.ts",
  "test/conformance/prometheus.test.ts",
  "test/conformance/surface-claude-code.test.ts",
  "test/simulation/planted.test.ts",
  "test/unit/cli/completions/completions.test.ts",
  "test/unit/cli/doctor/examine.test.ts",
  "test/unit/cli/install/install.test.ts",
  "test/unit/cli/persona/faults.test.ts",
  "test/unit/hub/core/forgotten-addresses.test.ts",
  "test/unit/surfaces/tmux/**/*.test.ts",
  "test/unit/surfaces/pane/**/*.test.ts",
  "test/unit/surfaces/claude-code/storm.test.ts",
  "test/conformance/surface-tmux.test.ts",
  "test/conformance/fake-claude-code.test.ts",
  "test/conformance/fake-codex.test.ts",
  "test/conformance/surface-codex.test.ts",
  "test/unit/surfaces/codex/codex.test.ts",
  "test/unit/surfaces/codex/storm.test.ts",
  "test/conformance/rfc6455/echo-client.test.ts",
  "test/conformance/rfc6455/interoperation.test.ts",
  "test/unit/shim/clients.test.ts",
  "test/unit/hub/store/sqlite.test.ts",
  "test/unit/host/lock.test.ts",
  "test/unit/host/log-file.test.ts",
  "test/unit/host/log-journal.test.ts",
  "test/unit/host/service-notify.test.ts",
  "test/unit/cli/service/service.test.ts",
  "test/unit/launchers/task-scheduler/keep.test.ts",
  "test/unit/surfaces/exec/exec.test.ts",
  "test/unit/attach/attach.test.ts",
  "test/unit/attach/real-tools.test.ts",
];

/**
 * Eight projects. `fast` runs all day inside `npm run ok`. `unhurried` takes as long as the rest of the fast
 * ones together. `e2e` drives the built executable with real sockets and real child processes. `clients` drives
 * the real clients, which are no part of the project, and runs by `npm run e2e:clients` only. `smoke` runs each
 * released executable on its own system or what comes near to it, by `npm run smoke:all` only. `systemd` has real
 * service managers keep the built executable alive, as root and by `npm run e2e:systemd` only. `alerts` fires each
 * shipped alert by its fault in a real Prometheus, by `npm run e2e:alerts` only.
 */
export default defineConfig({
  test: {
    // Most of a test is waiting for another process: one worker more than there are processors.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/{unit,property,conformance,simulation}/**/*.test.ts"],
          exclude: UNHURRIED,
          testTimeout: 30_000,
        },
      },
      { test: { name: "unhurried", include: UNHURRIED, testTimeout: 60_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      // A real browser, where there is one.
      {
        test: { name: "page", include: ["test/page/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        test: {
          name: "smoke",
          include: ["test/smoke/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "systemd",
          include: ["test/systemd/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "alerts",
          include: ["test/alerts/**/*.test.ts"],
          // One for each alert, all at once: most of each is waiting.
          maxConcurrency: 10,
          testTimeout: 420_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "clients",
          include: ["test/clients/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
