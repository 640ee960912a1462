import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { notifierFor } from "../../../../src/surfaces/claude-desktop/notifier.ts";

const notice = {
  title: "Prism: 1 signal waits",
  body: "-e $(x) `y` \"z' ",
  isUrgent: true,
  topic: "prism-a@b",
};

describe("a notification's command", () => {
  it("hands over text as arguments of their own on macOS and Linux", () => {
    for (const platform of ["darwin", "linux"] as const) {
      const { argv, env } = notifierFor(platform, notice, undefined);
      expect(argv.slice(-2)).toEqual([notice.title, notice.body]);
      expect(env).toEqual({});
      expect(argv.slice(0, -2).join(" ")).not.toContain("signal");
    }
    expect(notifierFor("linux", notice, undefined).argv).toContain("--");
    expect(notifierFor("linux", notice, undefined).argv).toContain("--urgency=critical");
    expect(notifierFor("linux", { ...notice, isUrgent: false }, undefined).argv).toContain(
      "--urgency=normal",
    );
  });

  it("hands over text in the environment on Windows, since a script's quoting can't be trusted", () => {
    const { argv, env } = notifierFor("win32", notice, undefined);
    expect(argv[0]).toBe("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe");
    expect(notifierFor("win32", notice, undefined, "D:\\Win").argv[0]).toMatch(/^D:\\Win\\System32\\/);
    expect(argv.join(" ")).not.toContain("signal");
    expect(env).toMatchObject({ PRISM_NOTICE_TITLE: notice.title, PRISM_NOTICE_BODY: notice.body });
  });

  it("is the user's own program where one is named", () => {
    expect(notifierFor("linux", notice, "/bin/echo").argv).toEqual(["/bin/echo", notice.title, notice.body]);
    const said = execFileSync("/bin/echo", notifierFor("darwin", notice, "/bin/echo").argv.slice(1));
    expect(String(said)).toBe(`${notice.title} ${notice.body}\n`);
  });
});
