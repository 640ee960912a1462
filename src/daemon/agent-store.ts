/**
 * The agent's sessions as a record, so that a daemon that comes back knows whom to ring. It holds the secrets of
 * their inboxes: it is for an owner-only file alone. What can't be read is as good as nothing: hooks tell anew.
 */

export interface StoredSession {
  readonly client: string;
  readonly id: string;
  readonly heardAtMs: number;
  readonly cwd: string | null;
  readonly transcript: string | null;
  readonly pid: number | null;
  /** What tells its process from a later one of the same number, where the system says so. */
  readonly born: string | null;
  readonly version: string | null;
  readonly mode: string | null;
  readonly inbox: { readonly path: string; readonly token: string | null } | null;
}

const FORMAT = 1;

export interface StoredSessions {
  readonly format: number;
  readonly sessions: readonly StoredSession[];
}

export function recordOf(sessions: readonly StoredSession[]): StoredSessions {
  const stored = sessions.map(
    ({ client, id, heardAtMs, cwd, transcript, pid, born, version, mode, inbox }) => ({
      ...{ client, id, heardAtMs, cwd, transcript, pid, born, version, mode, inbox },
    }),
  );
  return { format: FORMAT, sessions: stored };
}

/** @param record as it was kept: not yet checked, null if there was none */
export function readSessions(record: unknown): readonly StoredSession[] {
  if (typeof record !== "object" || record === null) return [];
  const { format, sessions } = record as { readonly [key: string]: unknown };
  if (format !== FORMAT || !Array.isArray(sessions)) return [];
  return sessions.flatMap((session: unknown) => sessionIn(session) ?? []);
}

function sessionIn(value: unknown): StoredSession | null {
  if (typeof value !== "object" || value === null) return null;
  const { client, id, heardAtMs, cwd, transcript, pid, born, version, mode, inbox } = value as {
    [key: string]: unknown;
  };
  if (typeof client !== "string" || typeof id !== "string" || typeof heardAtMs !== "number") return null;
  return {
    ...{ client, id, heardAtMs },
    cwd: textOrNull(cwd),
    transcript: textOrNull(transcript),
    pid: Number.isSafeInteger(pid) ? (pid as number) : null,
    born: textOrNull(born),
    version: textOrNull(version),
    mode: textOrNull(mode),
    inbox: inboxIn(inbox),
  };
}

function inboxIn(value: unknown): StoredSession["inbox"] {
  if (typeof value !== "object" || value === null) return null;
  const { path, token } = value as { [key: string]: unknown };
  return typeof path === "string" ? { path, token: textOrNull(token) } : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
