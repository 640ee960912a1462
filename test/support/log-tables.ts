/** The catalogue of events as docs/logs.md shows it. */
import { LOG_EVENTS, LOG_FIELDS } from "../../src/domain/log-events.ts";

export function eventTable(): string {
  const rows = Object.entries(LOG_EVENTS).map(([name, { levels, about, fields }]) => {
    const shown = fields.map(
      (field: string) => `\`${field.replace("?", "")}\`${field.endsWith("?") ? "?" : ""}`,
    );
    return `| \`${name}\` | ${levels.join(", ")} | ${about} | ${shown.join(", ")} |`;
  });
  return ["| event | level | means | fields |", "|---|---|---|---|", ...rows].join("\n");
}

export function fieldTable(): string {
  const rows = Object.entries(LOG_FIELDS).map(([name, { kind, about }]) => {
    const type = kind === "code" ? "text" : kind.replace("|null", ", null").replace("flag", "true, false");
    return `| \`${name}\` | ${type} | ${about} |`;
  });
  return ["| field | type | means |", "|---|---|---|", ...rows].join("\n");
}
