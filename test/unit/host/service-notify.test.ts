import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openServiceNotes } from "../../../src/host/service-notify.ts";
import { isToolHere } from "../../support/system-tool.ts";

const host = join(import.meta.dirname, "../../support/notify-host.py");
const source = join(import.meta.dirname, "../../../src/host/service-notify.ts");

/** Ready, three signs of life, and the end. */
const SCRIPT = `
  import { openServiceNotes } from ${JSON.stringify(source)};
  const notes = openServiceNotes(process.env, process.pid, (reason) => console.error(reason));
  let asked = 0;
  const stay = setInterval(() => {}, 1000);
  notes.ready(() => {
    if (++asked === 3) setTimeout(() => { notes.stopping(); clearInterval(stay); }, 50);
    return "stands\\nREADY=0 " + asked;
  });
`;

interface Heard {
  readonly words: string;
  /** From the process itself, and not from one that it started. */
  readonly own: boolean;
}

function heardBy(way: "file" | "path"): readonly Heard[] {
  const node = [process.execPath, "--input-type=module", "-e", SCRIPT];
  const ran = spawnSync("python3", [host, way, "100000", ...node], { encoding: "utf8", timeout: 25_000 });
  expect(ran.stderr).toBe("");
  return ran.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Heard);
}

const alive = (n: number): string => `WATCHDOG=1\nSTATUS=stands\\u000aREADY=0 ${n}`;

describe.skipIf(!isToolHere(["python3", "--version"]))("a service speaks to systemd", () => {
  it("on a socket that systemd has handed over, by itself", () => {
    const heard = heardBy("file");
    expect(heard.map(({ words }) => words)).toEqual(["READY=1", alive(1), alive(2), alive(3), "STOPPING=1"]);
    expect(heard.every(({ own }) => own)).toBe(true);
  });

  it.skipIf(!isToolHere(["systemd-notify", "--version"]))(
    "by systemd-notify where there is no such socket",
    () => {
      const said = heardBy("path").map(({ words }) => words.trim());
      expect(said[0]).toBe("READY=1");
      expect(said.at(-1)).toBe("STOPPING=1");
      expect(said).toContain(alive(2));
    },
  );
});

describe("what is not for this process", () => {
  it.each([
    ["a socket handed to another one", { LISTEN_PID: "1", LISTEN_FDS: "1", LISTEN_FDNAMES: "prism-notify" }],
    ["one by another name", { LISTEN_PID: "77", LISTEN_FDS: "1", LISTEN_FDNAMES: "web" }],
    [
      "a number that is no socket",
      { LISTEN_PID: "77", LISTEN_FDS: "300", LISTEN_FDNAMES: `${"x:".repeat(250)}prism-notify` },
    ],
  ])("%s is not written to", async (_, env) => {
    const reason = await new Promise<string>((resolve) => {
      openServiceNotes({ ...env, PATH: "/nowhere" }, 77, resolve).stopping();
    });
    expect(reason).toContain('"systemd-notify" was not found');
  });
});
