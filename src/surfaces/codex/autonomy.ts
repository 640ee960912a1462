/**
 * What an agent may do that is started without anybody before it: exactly what the configuration says, in Codex's
 * own words, handed on as they are. Where it says nothing, nothing is handed on, and Codex's own configuration holds.
 */
export const APPROVAL_POLICIES = ["untrusted", "on-request", "never"] as const;
export const SANDBOXES = ["read-only", "workspace-write", "danger-full-access"] as const;

export interface Autonomy {
  readonly approvalPolicy?: (typeof APPROVAL_POLICIES)[number];
  readonly sandbox?: (typeof SANDBOXES)[number];
  /** The same as arguments, for every command of Codex's. */
  readonly words: readonly string[];
}

export function autonomyOf(given: {
  readonly approvalPolicy?: Autonomy["approvalPolicy"] | undefined;
  readonly sandbox?: Autonomy["sandbox"] | undefined;
}): Autonomy {
  const { approvalPolicy, sandbox } = given;
  return {
    ...(approvalPolicy === undefined ? {} : { approvalPolicy }),
    ...(sandbox === undefined ? {} : { sandbox }),
    words: [
      ...(approvalPolicy === undefined ? [] : ["-c", `approval_policy="${approvalPolicy}"`]),
      ...(sandbox === undefined ? [] : ["-c", `sandbox_mode="${sandbox}"`]),
    ],
  };
}
