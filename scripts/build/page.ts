/**
 * The dashboard's page as one document: its script and its style built for a browser and put into it, so that it asks
 * nobody for anything. Built by itself, because it is of another world: it knows a document and no Node.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

const FOLDER = "src/dashboard/page";
/** The module in whose place the finished page is put. */
const ASSET = /[/\\]src[/\\]dashboard[/\\]page-asset\.ts$/;

interface Page {
  readonly html: string;
  /** Files that something was taken from, as esbuild names them. */
  readonly sources: readonly string[];
}

const SHARED = {
  bundle: true,
  write: false,
  metafile: true,
  minify: true,
  // Two years of browsers: whoever has the client of an agent has one of them.
  target: ["chrome123", "firefox121", "safari17.5"],
  legalComments: "none",
  logLevel: "warning",
} as const satisfies BuildOptions;

/** @param root the repository's folder */
export async function buildPage(root: string): Promise<Page> {
  const folder = join(root, FOLDER);
  const [script, style, frame] = await Promise.all([
    build({
      ...SHARED,
      absWorkingDir: root,
      entryPoints: [join(folder, "main.tsx")],
      format: "iife",
      platform: "browser",
      jsx: "automatic",
      jsxImportSource: "preact",
      define: { "process.env.NODE_ENV": '"production"' },
    }),
    build({ ...SHARED, absWorkingDir: root, entryPoints: [join(folder, "page.css")] }),
    readFile(join(folder, "index.html"), "utf8"),
  ]);
  const html = filled(filled(frame, "/* main.tsx */", textOf(script)), "/* page.css */", textOf(style));
  return {
    html,
    sources: [...takenFrom(script.metafile), ...takenFrom(style.metafile), `${FOLDER}/index.html`],
  };
}

/** Puts the page in the place of the module that stands for it. */
export function pageIn(html: string): Plugin {
  return {
    name: "page",
    setup({ onLoad }) {
      onLoad({ filter: ASSET }, () => ({
        contents: `export const PAGE_HTML = ${JSON.stringify(html)};`,
        loader: "js",
      }));
    },
  };
}

function textOf({ outputFiles }: { readonly outputFiles: readonly { readonly text: string }[] }): string {
  return (outputFiles[0]?.text ?? "").trimEnd();
}

/** By a function: the text may hold what a replacement would read as a pattern. */
function filled(frame: string, mark: string, text: string): string {
  if (!frame.includes(mark)) throw new Error(`${FOLDER}/index.html has no place "${mark}"`);
  return frame.replace(mark, () => text);
}

function takenFrom({ outputs }: Metafile): readonly string[] {
  return Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);
}
