/**
 * Runs the gates one after another, all of them even if one fails, and ends with one line: `N passed, N failed`.
 *
 *   node scripts/gate.ts ok     what a change must pass before it is committed: under a minute
 *   node scripts/gate.ts test   the whole: the executable, every test against it, a bounded simulation
 *
 * Each test counts one, and each gate that is no test counts one. A gate that dies without a verdict failed.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Gate {
  readonly name: string;
  /** An executable of node_modules/.bin with its arguments. */
  readonly command: readonly string[];
  /** Where the command leaves vitest's report, for a gate that counts tests. */
  readonly report?: string;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const REPORT = join(ROOT, ".cache", `tests-${process.pid}.json`);
const vitest = (...args: string[]): Gate => ({
  name: "tests",
  command: ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`, ...args],
  report: REPORT,
});

/** All but `clients`, which needs programs that are no part of the project. */
const OURS = ["fast", "unhurried", "e2e", "page"].flatMap((name) => ["--project", name]);

const BUILD: Gate = { name: "build", command: ["node", "scripts/build-binaries.ts", "--if-stale"] };
const TYPES: Gate = { name: "types", command: ["tsc", "--noEmit"] };
/** What runs in a browser knows a document, and nothing else here does. */
const PAGE_TYPES = ["src/dashboard/page", "test/page"].map(
  (folder): Gate => ({ name: `types of ${folder}`, command: ["tsc", "--noEmit", "--project", folder] }),
);
const LINT: Gate = { name: "lint", command: ["biome", "check", "--error-on-warnings", "."] };
const DEAD: Gate = { name: "dead code", command: ["knip"] };
const SIMULATION: Gate = {
  name: "simulation",
  command: ["node", "test/simulation/main.ts", "--seeds", "300"],
};

const SUITES: Readonly<Record<string, readonly Gate[]>> = {
  ok: [TYPES, ...PAGE_TYPES, LINT, DEAD, vitest("--project", "fast")],
  test: [BUILD, TYPES, ...PAGE_TYPES, LINT, DEAD, vitest(...OURS), SIMULATION],
};

async function main(suiteName: string | undefined): Promise<void> {
  const suite = SUITES[suiteName ?? ""];
  if (suite === undefined) throw new Error(`usage: node scripts/gate.ts ${Object.keys(SUITES).join("|")}`);
  mkdirSync(dirname(REPORT), { recursive: true });
  const total = { passed: 0, failed: 0 };
  const broken: string[] = [];
  for (const gate of suite) {
    const startedAt = performance.now();
    console.log(`\n== ${gate.name}: ${gate.command.slice(0, 4).join(" ")}`);
    const status = await run(gate.command);
    const count = countOf(gate, status);
    total.passed += count.passed;
    total.failed += count.failed;
    if (count.failed > 0) broken.push(gate.name);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`== ${gate.name}: ${count.failed === 0 ? "passed" : "FAILED"} in ${seconds} s`);
  }
  if (broken.length > 0) console.log(`\nfailed: ${broken.join(", ")}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

/** @returns the exit status, or 1 for a command that a signal ended or that could not start */
function run(command: readonly string[]): Promise<number> {
  const [name = "", ...args] = command;
  return new Promise((settle) => {
    const child = spawn(name, args, {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
      env: withOurNode(),
    });
    child.once("error", (error) => {
      console.error(`${name}: ${error.message}`);
      settle(1);
    });
    child.once("close", (status) => settle(status ?? 1));
  });
}

/** This very Node and the tools of node_modules first, also when this was not started through npm. */
function withOurNode(): NodeJS.ProcessEnv {
  const first = [dirname(process.execPath), join(ROOT, "node_modules", ".bin")];
  return { ...process.env, PATH: [...first, process.env["PATH"] ?? ""].join(delimiter) };
}

function countOf(gate: Gate, status: number): Count {
  const verdict = status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  if (gate.report === undefined) return verdict;
  const tests = readReport(gate.report);
  // A file that does not load holds no failed test, and an error outside of any test none either.
  const failed = status !== 0 && tests.failed === 0 ? 1 : tests.failed;
  return { passed: tests.passed, failed };
}

function readReport(path: string): Count {
  try {
    const report = JSON.parse(readFileSync(path, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    return { passed: report.numPassedTests, failed: report.numFailedTests };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(path, { force: true });
  }
}

await main(process.argv[2]);
