import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderPlaceOf } from "../../../src/host/home.ts";
import { attachStage } from "../../support/attach-stage.ts";
import { allEnded, isRunning } from "../../support/process-ended.ts";

const posix = process.platform !== "win32";
const NPM = { "package.json": "{}", "package-lock.json": '{"lockfileVersion": 3}' };

/** Settles when the file is there: the event is a process's own. */
async function written(path: string): Promise<string> {
  while (!existsSync(path) || readFileSync(path, "utf8") === "") await new Promise(setImmediate);
  return readFileSync(path, "utf8").trim();
}

describe.runIf(posix)("dependencies", () => {
  test("are installed by the lockfile's tool, in the project's folder", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", 'echo "in $PWD"; mkdir node_modules; echo added 40 packages');
    const work = stage.open({ deps: "auto" });
    expect(work.status()).toMatchObject({ state: "running", step: 0 });
    await work.done;
    expect(stage.calls()).toEqual(["npm ci --no-audit --no-fund"]);
    const { state, step, steps, detail, log } = work.status();
    expect({ state, step, steps }).toEqual({ state: "done", step: 1, steps: 1 });
    expect(detail).toMatch(/^npm ci took \d+\.\d s$/);
    expect(log).toBe(join(stage.home.logDir, "attach-local-reviewer@shop.log"));
    expect(
      readFileSync(log ?? "", "utf8")
        .replaceAll(/\d{4}-\S+Z|\d+\.\d s/g, "T")
        .split("\n"),
    ).toEqual([
      `== T ${stage.bin}/npm ci --no-audit --no-fund`,
      `in ${stage.root}`,
      "added 40 packages",
      "== T succeeded after T",
      "",
    ]);
    expect(statSync(log ?? "").mode & 0o777).toBe(0o600);
  });

  test("of several languages come in the stated order, and one that fails leaves the others their chance", async () => {
    const stage = attachStage();
    stage.write({ ...NPM, "go.mod": "module shop", "Cargo.lock": "", "uv.lock": "" });
    stage.tool("npm", "echo 'npm error code E404' >&2; exit 1");
    stage.tool("uv");
    stage.tool("go");
    const work = stage.open({ deps: "auto" });
    await work.done;
    expect(stage.calls()).toEqual(["npm ci --no-audit --no-fund", "uv sync --locked", "go mod download"]);
    expect(work.status()).toMatchObject({ state: "failed", step: 4, steps: 4 });
    expect(work.status().detail).toBe(
      "npm ci: it ended with status 1: npm error code E404; Cargo.lock asks for cargo, which is not on the PATH; install cargo, or start the daemon with a PATH that has it",
    );
  });

  test("nothing that is known: nothing is run", async () => {
    const stage = attachStage();
    const work = stage.open({ deps: "auto" });
    await work.done;
    expect(work.status()).toMatchObject({
      ...{ state: "skipped", steps: 0, log: null },
      detail: "there is no lockfile that is known here",
    });
  });

  test("by a command of the user's own, through the shell, at every attach", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("mine", 'echo "got $#"');
    for (let attach = 0; attach < 2; attach += 1) {
      const work = stage.open({ deps: "mine one 'two three' && mine four" });
      await work.done;
      expect(work.status().state).toBe("done");
    }
    expect(stage.calls()).toEqual(["mine one two three", "mine four", "mine one two three", "mine four"]);
  });

  test("run without secrets, and with no input to wait for", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "env > env; cat > input");
    await stage.open(
      { deps: "auto" },
      {
        env: { PRISM_TOKEN: "hush", CLAUDECODE: "1", CODEX_HOME: "/x", VIRTUAL_ENV: "/other", KEPT: "kept" },
      },
    ).done;
    const env = readFileSync(join(stage.root, "env"), "utf8");
    expect(env).not.toMatch(/hush|CLAUDECODE|CODEX_HOME|VIRTUAL_ENV/);
    expect(env).toMatch(/^KEPT=kept$/m);
    expect(readFileSync(join(stage.root, "input"), "utf8")).toBe("");
  });

  test("a program that is killed, one that is missing and a folder that is gone are failures, not crashes", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "kill -9 $$");
    const killed = stage.open({ deps: "auto" });
    await killed.done;
    expect(killed.status().detail).toMatch(/^npm ci: it was ended by SIGKILL/);
    const missing = stage.open({ deps: "no-such-program" });
    await missing.done;
    expect(missing.status()).toMatchObject({ state: "failed" });
    expect(missing.status().detail).toMatch(/status 127: .*no-such-program/);
    rmSync(stage.root, { recursive: true });
    const gone = stage.open({ deps: "auto" });
    await gone.done;
    expect(gone.status().state).toBe("failed");
    const goneToo = stage.open({ deps: "mine" });
    await goneToo.done;
    expect(goneToo.status().detail).toContain("the project's folder, is gone");
  });
});

describe.runIf(posix)("once", () => {
  test("the same lockfile is not installed again; a changed one is", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "mkdir -p node_modules");
    await stage.open({ deps: "auto" }).done;
    const again = stage.open({ deps: "auto" });
    await again.done;
    expect(again.status()).toMatchObject({ state: "skipped", log: null });
    expect(again.status().detail).toMatch(/^npm ci: unchanged since \d{4}-/);
    stage.write({ "package-lock.json": '{"lockfileVersion": 2}' });
    await stage.open({ deps: "auto" }).done;
    expect(stage.calls()).toHaveLength(2);
  });

  test("also for another persona in the same folder", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "mkdir -p node_modules");
    await stage.open({ deps: "auto" }).done;
    const other = stage.open({ deps: "auto" }, { persona: "planner" });
    await other.done;
    expect(other.status().state).toBe("skipped");
  });

  test("what was installed and is gone is installed again; so is what failed", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "mkdir node_modules");
    await stage.open({ deps: "auto" }).done;
    rmSync(join(stage.root, "node_modules"), { recursive: true });
    await stage.open({ deps: "auto" }).done;
    expect(stage.calls()).toHaveLength(2);
    stage.write({ "package-lock.json": "{}" });
    const failing = stage.open({ deps: "auto" });
    await failing.done;
    expect(failing.status().detail).toMatch(/File exists/);
    await stage.open({ deps: "auto" }).done;
    expect(stage.calls()).toHaveLength(4);
  });

  test("a record that is broken means to install again", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm");
    await stage.open({ deps: "auto" }).done;
    const record = join(folderPlaceOf(stage.home, stage.root), "installed.json");
    writeFileSync(record, '{"stamps": [{"step": "npm ci"}]}');
    await stage.open({ deps: "auto" }).done;
    expect(stage.calls()).toHaveLength(2);
  });

  test("two at once: one installs, the other waits and finds the work done", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "touch begun; while [ ! -e go ]; do sleep 0.02; done; mkdir node_modules");
    const first = stage.open({ deps: "auto" });
    await written(join(stage.root, "..", "calls"));
    const second = stage.open({ deps: "auto" }, { persona: "planner" });
    while (!second.status().detail.startsWith("waits for process")) await new Promise(setImmediate);
    stage.write({ go: "" });
    await Promise.all([first.done, second.done]);
    expect(stage.calls()).toHaveLength(1);
    expect([first.status().state, second.status().state]).toEqual(["done", "skipped"]);
  });
});

describe.runIf(posix)("what is said", () => {
  test("its last line is the progress, without escapes and passwords", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool(
      "npm",
      "printf '10%%\\r\\033[32m20%% of https://me:hush@registry.example/a\\033[0m\\r'; touch said; while [ ! -e go ]; do sleep 0.02; done; printf 'no line feed'",
    );
    const work = stage.open({ deps: "auto" });
    while (!work.status().detail.includes("20%")) await new Promise(setImmediate);
    expect(work.status().detail).toBe("npm ci: 20% of https://***@registry.example/a");
    stage.write({ go: "" });
    await work.done;
    const log = readFileSync(work.status().log ?? "", "utf8");
    expect(log).toMatch(/\n10%\n20% of https:\/\/\*\*\*@registry\.example\/a\nno line feed\n== /);
    expect(log).not.toContain("hush");
  });

  test("a flood is bounded on disk, and others have their turn meanwhile", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "yes 'a line of thirty-six characters, fine' | head -n 150000; echo the end");
    const work = stage.open({ deps: "auto" });
    await work.done;
    expect(work.status().state).toBe("done");
    const path = work.status().log ?? "";
    const [newest, older] = [statSync(path).size, statSync(`${path}.1`).size];
    expect(newest + older).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(existsSync(`${path}.2`)).toBe(false);
    expect(readFileSync(path, "utf8")).toMatch(/\nthe end\n== .* succeeded/);
  });

  test("a line without an end does not fill the memory", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", "head -c 3000000 /dev/zero; echo done >&2");
    const work = stage.open({ deps: "auto" });
    await work.done;
    expect(work.status().state).toBe("done");
    expect(statSync(work.status().log ?? "").size).toBeLessThan(1024 * 1024);
  });

  test("a log that can't be written stops nothing", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm");
    mkdirSync(join(stage.home.logDir, "attach-local-reviewer@shop.log"));
    const work = stage.open({ deps: "auto" });
    await work.done;
    expect(work.status().state).toBe("done");
    expect(work.log.entries.map(({ event }) => event)).toContain("attachLogNotWritten");
  });
});

describe.runIf(posix)("an end", () => {
  const hanging = "trap '' TERM; sleep 1000 & echo \"$$ $!\" > pids; wait";

  test("in time: the command and what it started are ended, even if they would not", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", `echo resolving; ${hanging}`);
    const work = stage.open({ deps: "auto", timeoutMs: 1000 });
    const pids = (await written(join(stage.root, "pids"))).split(" ").map(Number);
    await work.done;
    expect(work.status()).toMatchObject({
      state: "failed",
      detail: "npm ci: it was ended after 1.0 s, which is all the time there is: resolving",
    });
    await allEnded(pids);
  });

  test("with the daemon: the same, and the next attach begins anew", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", hanging);
    const work = stage.open({ deps: "auto" });
    const pids = (await written(join(stage.root, "pids"))).split(" ").map(Number);
    expect(pids.every(isRunning)).toBe(true);
    await work.close();
    expect(work.status()).toMatchObject({ state: "failed", detail: "npm ci: it was ended with the daemon" });
    await allEnded(pids);
    stage.tool("npm");
    const next = stage.open({ deps: "auto" });
    await next.done;
    expect(next.status().state).toBe("done");
  });

  test("gives a command the time to end in its own way", async () => {
    const stage = attachStage();
    stage.tool(
      "mine",
      "trap 'echo tidied > tidied; exit 0' TERM; echo up > up; while :; do sleep 0.02; done",
    );
    const work = stage.open({ deps: "mine" });
    await written(join(stage.root, "up"));
    await work.close();
    expect(await written(join(stage.root, "tidied"))).toBe("tidied");
  });

  test("what a command leaves behind is ended with it", async () => {
    const stage = attachStage();
    stage.tool("mine", "sleep 1000 & echo $! > pid");
    const work = stage.open({ deps: "mine" });
    await work.done;
    expect(work.status().state).toBe("done");
    await allEnded([Number(readFileSync(join(stage.root, "pid"), "utf8"))]);
  });

  test("while it waits for its turn: at once", async () => {
    const stage = attachStage();
    stage.write(NPM);
    stage.tool("npm", hanging);
    const first = stage.open({ deps: "auto" });
    await written(join(stage.root, "pids"));
    const second = stage.open({ deps: "auto" }, { persona: "planner" });
    while (!second.status().detail.startsWith("waits")) await new Promise(setImmediate);
    await second.close();
    expect(second.status()).toMatchObject({ state: "failed", detail: "it was ended with the daemon" });
    await first.close();
    expect(stage.calls()).toHaveLength(1);
  });
});

describe.runIf(posix)("a virtual environment", () => {
  function makeVenv(path: string): void {
    mkdirSync(join(path, "bin"), { recursive: true });
    writeFileSync(join(path, "pyvenv.cfg"), "home = /usr/bin\n");
    writeFileSync(join(path, "bin", "python"), "#!/bin/sh\n");
    chmodSync(join(path, "bin", "python"), 0o755);
  }

  test("of the usual name is activated: its programs first, and no other Python's home", async () => {
    const stage = attachStage();
    makeVenv(join(stage.root, "venv"));
    const work = stage.open({ venv: "auto" });
    expect(work.environment()).toEqual({});
    await work.done;
    expect(work.status()).toMatchObject({
      state: "done",
      step: 1,
      steps: 1,
      detail: "activated venv",
      log: null,
    });
    const dir = join(stage.root, "venv");
    expect(work.environment()).toEqual({
      VIRTUAL_ENV: dir,
      PATH: `${dir}/bin:${stage.bin}`,
      PYTHONHOME: undefined,
      VIRTUAL_ENV_PROMPT: undefined,
    });
  });

  test("that Poetry keeps is asked for", async () => {
    const stage = attachStage();
    const kept = join(stage.root, "..", "shop-py3.12");
    makeVenv(kept);
    stage.write({ "poetry.lock": "" });
    stage.tool("poetry", `[ "$1" = env ] && echo noise >&2 && echo '${kept}'; exit 0`);
    const work = stage.open({ deps: "auto", venv: "auto" });
    await work.done;
    expect(stage.calls()).toEqual([
      "poetry install --no-interaction --no-ansi",
      "poetry env info --path --no-ansi",
    ]);
    expect(work.environment()).toMatchObject({ VIRTUAL_ENV: kept });
    expect(work.status()).toMatchObject({ state: "done", steps: 2 });
  });

  test("that uv was told to keep elsewhere comes first", async () => {
    const stage = attachStage();
    makeVenv(join(stage.root, ".venv"));
    makeVenv(join(stage.root, "env"));
    const work = stage.open({ venv: "auto" }, { env: { UV_PROJECT_ENVIRONMENT: "env" } });
    await work.done;
    expect(work.environment()).toMatchObject({ VIRTUAL_ENV: join(stage.root, "env") });
  });

  test("that is named and is none is a failure; that nobody has is not", async () => {
    const stage = attachStage();
    const named = stage.open({ venv: "env" });
    await named.done;
    expect(named.status()).toMatchObject({
      state: "failed",
      detail: `"${stage.root}/env" is not a virtual environment of Python: it needs pyvenv.cfg and a Python`,
    });
    expect(named.environment()).toEqual({});
    const found = stage.open({ venv: "auto" });
    await found.done;
    expect(found.status()).toMatchObject({ state: "skipped", detail: "no virtual environment was found" });
  });

  test("is activated although a dependency could not be installed", async () => {
    const stage = attachStage();
    makeVenv(join(stage.root, ".venv"));
    stage.write(NPM);
    const work = stage.open({ deps: "auto", venv: "auto" });
    await work.done;
    expect(work.status().state).toBe("failed");
    expect(work.environment()).toMatchObject({ VIRTUAL_ENV: join(stage.root, ".venv") });
  });
});
