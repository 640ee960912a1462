import { defineConfig } from "vitest/config";

/**
 * Two projects. `fast` runs all day inside `npm run ok`: no child processes of the built executable.
 * `e2e` drives the built executable with real sockets and real child processes.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/{unit,property,conformance,simulation}/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
