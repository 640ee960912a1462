/**
 * Which settings belong to which surface, and under which name each surface knows them: one table, from which the
 * daemon's flags, the refusal of a stranger's flag and the surface's configuration come. Knows no surface's rules:
 * each checks what it is given.
 */
import { PrismError } from "../domain/errors.ts";
import type { SurfaceConfig, SurfaceName } from "../surfaces/registry.ts";
import { flagOf } from "./arguments.ts";
import { listed } from "./kinds.ts";
import { settings } from "./settings.ts";

export const surfaceFlags = {
  tty: settings.tty,
  notify: settings.notify,
  execCommand: settings.execCommand,
  execTimeout: settings.execTimeout,
  resumeCommand: settings.resumeCommand,
  claudeProgram: settings.claudeProgram,
  claudeResume: settings.claudeResume,
  claudePermissionMode: settings.claudePermissionMode,
  claudeAllowedTools: settings.claudeAllowedTools,
  claudeModel: settings.claudeModel,
  claudeChannel: settings.claudeChannel,
  codexProgram: settings.codexProgram,
  codexHome: settings.codexHome,
  codexResume: settings.codexResume,
  codexApprovalPolicy: settings.codexApprovalPolicy,
  codexSandbox: settings.codexSandbox,
  tmuxTarget: settings.tmuxTarget,
  tmuxSocket: settings.tmuxSocket,
  tmuxProgram: settings.tmuxProgram,
  tmuxPrompt: settings.tmuxPrompt,
  tmuxTimeout: settings.tmuxTimeout,
  ringBy: settings.ringBy,
  notifyProgram: settings.notifyProgram,
} as const;

type SurfaceFlag = keyof typeof surfaceFlags;

/** Of a surface that has several ways to ring, a pane among them. */
const WAYS = {
  ringBy: "ringBy",
  tmuxTarget: "tmuxTarget",
  tmuxSocket: "tmuxSocket",
  tmuxProgram: "tmuxProgram",
  tmuxPrompt: "tmuxPrompt",
  tmuxTimeoutMs: "tmuxTimeout",
} as const;

/** For each surface its own names, and the setting that each comes from. */
const OWN: { readonly [S in SurfaceName]: { readonly [key: string]: SurfaceFlag } } = {
  terminal: { tty: "tty", notify: "notify" },
  exec: { command: "execCommand", timeoutMs: "execTimeout", resumeCommand: "resumeCommand" },
  tmux: {
    target: "tmuxTarget",
    socket: "tmuxSocket",
    program: "tmuxProgram",
    prompt: "tmuxPrompt",
    timeoutMs: "tmuxTimeout",
    resumeCommand: "resumeCommand",
  },
  "claude-code": {
    program: "claudeProgram",
    resume: "claudeResume",
    permissionMode: "claudePermissionMode",
    allowedTools: "claudeAllowedTools",
    model: "claudeModel",
    channel: "claudeChannel",
    ...WAYS,
  },
  codex: {
    program: "codexProgram",
    home: "codexHome",
    resume: "codexResume",
    approvalPolicy: "codexApprovalPolicy",
    sandbox: "codexSandbox",
    ...WAYS,
  },
  "claude-desktop": { program: "notifyProgram" },
};

export interface SurfaceInput {
  readonly flags: { readonly [F in SurfaceFlag]?: unknown };
  readonly typed: ReadonlySet<string>;
}

/**
 * Only what belongs to this surface: a setting of another in the environment or the file does no harm.
 *
 * @throws PrismError `invalid_argument` for a flag that was typed for another surface
 */
export function surfaceConfig(surface: string, { flags, typed }: SurfaceInput): SurfaceConfig {
  const own: { readonly [key: string]: SurfaceFlag } = Object.hasOwn(OWN, surface)
    ? OWN[surface as SurfaceName]
    : {};
  const keys = Object.entries(own);
  for (const flag of Object.keys(surfaceFlags) as SurfaceFlag[]) {
    if (typed.has(flag) && !keys.some(([, known]) => known === flag)) throw ofAnother(flag, surface);
  }
  return Object.fromEntries(
    keys.flatMap(([key, flag]) => (flags[flag] === undefined ? [] : [[key, flags[flag]]])),
  );
}

function ofAnother(flag: SurfaceFlag, surface: string): PrismError {
  const owners = Object.entries(OWN).flatMap(([name, own]) =>
    Object.values(own).includes(flag) ? [name] : [],
  );
  return new PrismError(
    "invalid_argument",
    `${flagOf(flag)} is for surface ${listed(owners)}, not for ${surface}`,
    { hint: `give --surface ${owners[0] ?? ""}, or leave ${flagOf(flag)} out` },
  );
}
