/**
 * Makes `dist/prism_VERSION_amd64.deb` out of `dist/prism`: the program for all users of a Debian host, with manual,
 * completions, copyright and changelog. The same executable gives the same bytes twice.
 *
 *   node scripts/build-deb.ts [--from FILE] [--out FOLDER] [--compress xz|none]
 *
 * Needs dpkg-deb, which is Debian's own. The package starts nothing and makes no user: hub and daemons are a user's
 * matter, by `prism service install`.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { gzipSync } from "node:zlib";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);

/** Not of the build: the day of this version's changelog. */
const DATE = new Date("2026-11-21T00:00:00Z");

const MAINTAINER = "Prism <prism@localhost>";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      from: { type: "string", default: "dist/prism" },
      out: { type: "string", default: "dist" },
      compress: { type: "string", default: "xz" },
    },
  });
  const executable = resolve(ROOT, values.from);
  const outDir = resolve(ROOT, values.out);
  const { version } = JSON.parse(await asked(executable, "version", "--json")) as { version: string };
  const stage = join(ROOT, ".cache", "deb", String(process.pid));
  const outFile = join(outDir, `prism_${version}_amd64.deb`);
  try {
    await lay(stage, executable, version);
    await mkdir(outDir, { recursive: true });
    // Modes as they are laid, owners all root; times are no later than the changelog's.
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(DATE.getTime() / 1000) };
    await run("dpkg-deb", ["--root-owner-group", `-Z${values.compress}`, "--build", stage, outFile], { env });
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  const { size } = await stat(outFile);
  console.log(`deb: ${outFile}, ${Math.round(size / 1e6)} MB`);
}

async function asked(executable: string, ...words: string[]): Promise<string> {
  const { stdout } = await run(executable, words, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

async function lay(stage: string, executable: string, version: string): Promise<void> {
  const files = new Map<string, string | Uint8Array>([
    ["usr/share/man/man1/prism.1.gz", zipped(await asked(executable, "man"))],
    ["usr/share/bash-completion/completions/prism", await asked(executable, "completions", "bash")],
    ["usr/share/zsh/vendor-completions/_prism", await asked(executable, "completions", "zsh")],
    ["usr/share/fish/vendor_completions.d/prism.fish", await asked(executable, "completions", "fish")],
    ["usr/share/doc/prism/copyright", copyrightText(await readFile(join(ROOT, "LICENSE"), "utf8"))],
    ["usr/share/doc/prism/THIRD-PARTY-LICENSES.txt.gz", zipped(await asked(executable, "licenses"))],
    ["usr/share/doc/prism/changelog.gz", zipped(changelogText(version))],
    ["usr/share/lintian/overrides/prism", OVERRIDES],
  ]);
  await mkdir(join(stage, "usr/bin"), { recursive: true, mode: 0o755 });
  await copyFile(executable, join(stage, "usr/bin/prism"));
  await run("chmod", ["0755", join(stage, "usr/bin/prism")]);
  for (const [path, content] of files) {
    await mkdir(join(stage, dirname(path)), { recursive: true, mode: 0o755 });
    await writeFile(join(stage, path), content, { mode: 0o644 });
  }
  await symlink("prism", join(stage, "usr/bin/prism-daemon"));
  await symlink("prism.1.gz", join(stage, "usr/share/man/man1/prism-daemon.1.gz"));
  await symlink("prism", join(stage, "usr/share/bash-completion/completions/prism-daemon"));
  const { size } = await stat(executable);
  await mkdir(join(stage, "DEBIAN"), { mode: 0o755 });
  const control = controlText(version, Math.ceil(size / 1024) + 200);
  await writeFile(join(stage, "DEBIAN/control"), control, { mode: 0o644 });
  await writeFile(join(stage, "DEBIAN/md5sums"), await sums(stage, ["usr/bin/prism", ...files.keys()]), {
    mode: 0o644,
  });
  await run("chmod", ["-R", "u=rwX,go=rX", stage]);
  for (const [name, text] of Object.entries(SCRIPTS)) {
    await writeFile(join(stage, "DEBIAN", name), text);
    await run("chmod", ["0755", join(stage, "DEBIAN", name)]);
  }
}

async function sums(stage: string, paths: readonly string[]): Promise<string> {
  const { stdout } = await run("md5sum", paths.toSorted(), { cwd: stage });
  return stdout;
}

function zipped(text: string): Uint8Array {
  // No time and no name in it, and the system byte that gzip itself writes.
  const bytes = gzipSync(text, { level: 9 });
  bytes[9] = 3;
  return bytes;
}

/** What Node's executable links to, by the versions that its symbols ask for: glibc 2.28, GCC 6. */
function controlText(version: string, installedKb: number): string {
  return `Package: prism
Version: ${version}
Architecture: amd64
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKb}
Depends: libc6 (>= 2.28), libgcc-s1 | libgcc1, libstdc++6 (>= 6)
Recommends: systemd
Suggests: tmux, bash-completion
Section: net
Priority: optional
Description: wake AI agents that wait at their prompt
 An agent that waits at its prompt hears nothing until somebody types. Prism
 keeps each signal for it at a hub, rings a doorbell where the agent lives, and
 hands the signal over when the agent wakes and asks.
 .
 One executable holds the hub, the daemon that stands watch for one persona in
 one project, the tools for agents, and the command line.
`;
}

function copyrightText(licence: string): string {
  const body = licence
    .trim()
    .split("\n")
    .map((line) => (line.trim() === "" ? " ." : ` ${line.trim()}`))
    .join("\n");
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: prism
Comment: The program holds the Node.js runtime and packages from npm. The texts
 of all their licences are in THIRD-PARTY-LICENSES.txt.gz beside this file, and
 are what "prism licenses" prints.

Files: *
Copyright: the authors of Prism
License: Expat
${body}
`;
}

function changelogText(version: string): string {
  return `prism (${version}) unstable; urgency=medium

  * See CHANGELOG.md of this version for what is new.

 -- ${MAINTAINER}  ${DATE.toUTCString().replace("GMT", "+0000")}
`;
}

/**
 * What runs is a user's: root starts nothing of theirs anew, and can't see whether it comes back connected. So whoever
 * upgrades or removes the package is told what goes on as it was, whose it is, and the command that those users type.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  postinst: maintainerScript({
    when: '"$1" = configure ] && [ -n "$2"',
    // What runs keeps the file that it was started from.
    program: "/usr/bin/prism (deleted)",
    says: [
      "what runs of it goes on as version $2, and loses nothing by it: $users",
      "each of these users starts theirs on the new one by: prism service restart --older",
    ],
  }),
  prerm: maintainerScript({
    when: '"$1" = remove',
    program: "/usr/bin/prism",
    says: [
      "hub and daemons of these users are not started again once they end: $users",
      "each of them has theirs taken away, data kept, by: prism uninstall, before the package goes",
    ],
  }),
};

function maintainerScript(of: {
  readonly when: string;
  readonly program: string;
  readonly says: readonly string[];
}): string {
  return `#!/bin/sh
set -e
[ ${of.when} ] || exit 0
users=$(
  for exe in /proc/[0-9]*/exe; do
    [ "$(readlink "$exe" 2>/dev/null)" = "${of.program}" ] || continue
    stat -c %U "\${exe%/exe}" 2>/dev/null || true
  done | sort -u | tr '\\n' ' '
)
[ -n "$users" ] || exit 0
${of.says.map((line) => `echo "prism: ${line}"`).join("\n")}
`;
}

/**
 * The runtime is one file with its program in it: stripping it, or linking it anew, would break it. And there is no
 * address at which the authors can be written to.
 */
const OVERRIDES = `prism: unstripped-binary-or-object [usr/bin/prism]
prism: embedded-library *
prism: bogus-mail-host *
prism: bogus-mail-host-in-debian-changelog *
prism: hardening-no-pie [usr/bin/prism]
prism: hardening-no-bindnow [usr/bin/prism]
prism: hardening-no-fortify-functions [usr/bin/prism]
`;

try {
  await main();
} catch (error) {
  console.error(`deb: ${(error as Error).message}`);
  process.exitCode = 1;
}
