import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { schemaOf } from "../../../../src/domain/verbs.ts";
import { HTTP_STATUS } from "../../../../src/hub/server/http-status.ts";
import { OPEN_VERBS } from "../../../../src/hub/server/verb-call.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/http.md"), "utf8");

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

it("docs/http.md lists every verb with its parameters", () => {
  const rows = OPEN_VERBS.map((verb) => {
    const schema = schemaOf(verb) as { required: string[]; properties: object };
    const optional = Object.keys(schema.properties).filter((key) => !schema.required.includes(key));
    return `| \`${verb}\` | ${listed(schema.required)} | ${listed(optional)} |`.replace(
      /\| {2}(?=\|)/g,
      "| ",
    );
  });
  expect(page.match(/^\| `.*$/gm)).toEqual(rows);
});

it("docs/http.md gives each failure its status", () => {
  const rows = Array.from(page.matchAll(/^\| (\d{3}) \| `([a-z_]+)` \|/gm), ([, status, code]) => [
    code,
    Number(status),
  ]);
  expect(rows.length).toBeGreaterThan(0);
  expect(HTTP_STATUS).toMatchObject(Object.fromEntries(rows));
});
