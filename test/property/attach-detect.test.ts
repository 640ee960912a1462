/** Detection over any folder: whatever lies there, however it is ordered, whatever is in it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { detect, type ProjectFiles, type Tool } from "../../src/attach/detect.ts";
import { type PlanHost, planned } from "../../src/attach/plan.ts";

const LOCKFILES = [
  ...["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"],
  ...["uv.lock", "poetry.lock", "requirements.txt", "Cargo.lock", "go.mod", "go.sum"],
];
const OTHERS = [
  "package.json",
  "pyproject.toml",
  ".yarnrc.yml",
  ".npmrc",
  "requirements-dev.txt",
  "README.md",
];

const content = fc.oneof(
  fc.string({ maxLength: 40, unit: "binary" }),
  fc.json({ maxDepth: 2 }),
  fc.constantFrom(
    "__metadata:\n",
    "# yarn lockfile v1\n",
    '{"packageManager": "pnpm@9.0.0"}',
    '{"packageManager": "yarn@4"}',
    '{"packageManager": "bun"}',
    '{"devEngines": {"packageManager": {"name": "npm"}}}',
  ),
);
const folders = fc.dictionary(fc.constantFrom(...LOCKFILES, ...OTHERS), content, {
  maxKeys: 12,
  noNullPrototype: true,
});

function filesOf(entries: readonly (readonly [string, string])[]): ProjectFiles {
  const texts = new Map(entries);
  return {
    names: () => [...texts.keys()],
    has: (name) => texts.has(name),
    read: (name) => texts.get(name) ?? null,
  };
}

const LANGUAGE: { readonly [T in Tool]: number } = {
  ...{ npm: 0, pnpm: 0, "yarn-classic": 0, "yarn-berry": 0, bun: 0 },
  ...{ uv: 1, poetry: 1, pip: 1, cargo: 2, go: 3 },
};

test("at most one tool a language, in the stated order, by files that are there", () => {
  fc.assert(
    fc.property(folders, (folder) => {
      const files = filesOf(Object.entries(folder));
      const { findings, problems, notes } = detect(files);
      const languages = findings.map(({ tool }) => LANGUAGE[tool]);
      expect(languages).toEqual([...new Set(languages)].toSorted());
      for (const { lockfile, inputs } of findings) {
        expect(inputs).toContain(lockfile);
        expect(new Set(inputs).size).toBe(inputs.length);
        for (const name of inputs) expect(files.has(name)).toBe(true);
      }
      // Nothing goes unsaid: each language with a lockfile is installed, or it is told why not.
      const isJs = LOCKFILES.slice(0, 6).some((name) => files.has(name));
      expect(findings.some(({ tool }) => LANGUAGE[tool] === 0) || problems.length === 1).toBe(isJs);
      for (const sentence of [...problems, ...notes])
        expect(sentence).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test("the order in which a folder is listed changes nothing", () => {
  fc.assert(
    fc.property(
      folders.chain((folder) => {
        const entries = Object.entries(folder);
        return fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length }));
      }),
      ([entries, shuffled]) => {
        expect(detect(filesOf(shuffled))).toEqual(detect(filesOf(entries)));
      },
    ),
  );
});

test("each finding becomes a step that starts absolute programs, or one sentence that says what is missing", () => {
  const programs = ["npm", "pnpm", "yarn", "bun", "uv", "poetry", "python3", "cargo", "go", "corepack"];
  fc.assert(
    fc.property(folders, fc.subarray(programs), fc.boolean(), (folder, there, hasVenv) => {
      const host: PlanHost = {
        platform: "linux",
        program: (name) => (there.includes(name) ? `/bin/${name}` : null),
        venvDir: "/shop/.venv",
        hasVenv,
      };
      for (const finding of detect(filesOf(Object.entries(folder))).findings) {
        const step = planned(finding, host);
        if ("problem" in step) {
          expect(step.problem).toContain(finding.lockfile);
          expect(step.hint).not.toBe("");
          continue;
        }
        expect(step.commands.length).toBeGreaterThan(0);
        expect(step.inputs).toEqual(finding.inputs);
        for (const command of step.commands) {
          const [program] = "argv" in command ? command.argv : [""];
          expect(program).toMatch(/^\/(bin|shop\/\.venv\/bin)\//);
        }
      }
    }),
  );
});
