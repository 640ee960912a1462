/** The file in which a live session shows itself, and the list that is made of these files. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Status = "idle" | "busy" | "waiting";

export interface SessionRecord {
  readonly pid: number;
  readonly sessionId: string;
  readonly cwd: string;
  readonly startedAt: number;
  readonly version: string;
  readonly kind: "interactive";
  readonly entrypoint: "cli" | "sdk-cli";
  readonly messagingSocketPath: string;
  readonly name: string;
  /** As in `work:@0.%0`, where it runs in a pane. */
  readonly tmux?: string;
}

const folderIn = (home: string) => join(home, ".claude", "sessions");

/** @param status null while the hooks of its start run: it has none yet */
export function writeSession(
  home: string,
  record: SessionRecord,
  status: Status | null,
  waitingFor?: string,
): void {
  mkdirSync(folderIn(home), { recursive: true });
  const now = Date.now();
  const whole = {
    ...record,
    peerProtocol: 1,
    peerFeatures: ["notify_idle", "reply_across_default_dirs", "artifact_yield"],
    nameSource: "derived",
    nameSince: record.startedAt,
    updatedAt: now,
    ...(status === null ? {} : { status, statusUpdatedAt: now }),
    ...(waitingFor === undefined ? {} : { waitingFor }),
  };
  const path = pathOf(home, record.pid);
  writeFileSync(`${path}.new`, JSON.stringify(whole));
  renameSync(`${path}.new`, path);
}

export function removeSession(home: string, pid: number): void {
  rmSync(pathOf(home, pid), { force: true });
}

const pathOf = (home: string, pid: number) => join(folderIn(home), `${pid}.json`);

/** As `agents --json` prints them: also one whose process was killed. */
export function liveSessions(env: NodeJS.ProcessEnv): readonly object[] {
  const folder = folderIn(env["HOME"] ?? "");
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    return names.map((name) => {
      const {
        pid,
        cwd,
        kind,
        startedAt,
        sessionId,
        name: title,
        status,
        waitingFor,
      } = JSON.parse(readFileSync(join(folder, name), "utf8"));
      return { pid, cwd, kind, startedAt, sessionId, name: title, status, waitingFor };
    });
  } catch {
    return [];
  }
}
