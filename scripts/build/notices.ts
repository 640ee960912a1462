/**
 * The licence texts that must go wherever the executable goes: Prism's own, that of Node with all of its parts, and
 * that of every package that a line was taken from. Read from what npm brought, never written down here.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Notice {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly licence: string;
  readonly text: string;
}

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;
const RULE = "=".repeat(100);

/**
 * @param folder of the package, with its licence in it
 * @throws Error when there is none: it may not be passed on without
 */
export async function noticeOf(folder: string, about: Omit<Notice, "text">): Promise<Notice> {
  const names = (await readdir(folder)).filter((name) => LICENCE_FILE.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  if (texts.length === 0) {
    throw new Error(`the package "${about.name}" (${about.licence}) brings no licence text: ${folder}`);
  }
  return { ...about, text: texts.map(plain).join("\n\n") };
}

/** @returns one text, the same for the same notices in any order; each once */
export function noticesText(own: string, notices: readonly Notice[]): string {
  const rows = new Map(notices.map((notice) => [headingOf(notice), notice]));
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const list = sorted.map(([heading]) => `  ${heading}`).join("\n");
  const sections = sorted.map(([heading, { text }]) => `${RULE}\n${heading}\n${RULE}\n\n${text}\n`);
  return `${plain(own)}\n\n\nPrism's executable holds, under licences of their own:\n\n${list}\n\n\n${sections.join("\n\n")}`;
}

function headingOf({ name, version, licence }: Notice): string {
  return `${name} ${version} (${licence})`;
}

function plain(text: string): string {
  return text
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n")
    .trim();
}
