/**
 * What one source file imports and which things of the outside world it touches, read from its syntax tree:
 * a word in a comment or a text is no use of it. Judges nothing.
 */
import { parseSync } from "vite";

export interface SourceImport {
  readonly specifier: string;
  /** Erased before it runs. It still counts for ranks and cycles: a type is knowledge too. */
  readonly typeOnly: boolean;
  /** Loaded only when the line runs, as in `await import()`. */
  readonly lazy: boolean;
}

export interface SourceFacts {
  readonly imports: readonly SourceImport[];
  /** Uses of what is not handed in, as they would be written: `Buffer`, `Date.now`, `process.env`. */
  readonly touches: readonly string[];
  readonly lines: number;
}

/** Globals that hold a clock, randomness, input or output, or that only Node has. */
const OUTSIDE = new Set([
  "Buffer",
  "process",
  "performance",
  "crypto",
  "fetch",
  "console",
  "require",
  "global",
  "globalThis",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "WebSocket",
  "AbortController",
]);

/** Members that matter where the whole object does not. */
const OUTSIDE_MEMBERS = new Set(["Date.now", "Math.random"]);

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** @throws Error when the file does not parse */
export function readSource(path: string, text: string): SourceFacts {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports: SourceImport[] = [];
  const touches: string[] = [];
  visit(program as unknown as Node, null, "", (node, parent, key) => {
    const found = importIn(node);
    if (found !== null) imports.push(found);
    touches.push(...touchesIn(node, parent, key));
  });
  return { imports, touches, lines: text.split("\n").length - 1 };
}

function visit(
  node: Node,
  parent: Node | null,
  key: string,
  seen: (node: Node, parent: Node | null, key: string) => void,
): void {
  seen(node, parent, key);
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, node, name, seen);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

function importIn(node: Node): SourceImport | null {
  switch (node.type) {
    case "ImportDeclaration": {
      const names = node["specifiers"] as readonly Node[];
      const allTypes = names.length > 0 && names.every((name) => name["importKind"] === "type");
      return named(node["source"], { typeOnly: node["importKind"] === "type" || allTypes, lazy: false });
    }
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return named(node["source"], { typeOnly: node["exportKind"] === "type", lazy: false });
    case "ImportExpression":
      return named(node["source"], { typeOnly: false, lazy: true });
    case "TSImportType":
      return named(node["source"], { typeOnly: true, lazy: false });
    default:
      return null;
  }
}

function named(source: unknown, how: Omit<SourceImport, "specifier">): SourceImport | null {
  if (!isNode(source)) return null;
  // What is not a plain text cannot be followed: it is kept as it is, and no rule will find a file for it.
  const specifier = typeof source["value"] === "string" ? source["value"] : "<computed>";
  return { specifier, ...how };
}

function touchesIn(node: Node, parent: Node | null, key: string): string[] {
  if (node.type === "MemberExpression" && isNode(node["object"])) {
    const whole = `${node["object"]["name"]}.${memberName(node)}`;
    if (node["object"].type !== "Identifier") return [];
    return OUTSIDE_MEMBERS.has(whole) || node["object"]["name"] === "process" ? [whole] : [];
  }
  if (node.type === "NewExpression" && isDate(node["callee"])) {
    return (node["arguments"] as readonly unknown[]).length === 0 ? ["new Date()"] : [];
  }
  if (node.type === "VariableDeclarator" && isNode(node["init"]) && node["init"]["name"] === "process") {
    return patternNames(node["id"]).map((name) => `process.${name}`);
  }
  if (node.type !== "Identifier" || !OUTSIDE.has(node["name"] as string)) return [];
  return isReference(parent, key) ? [node["name"] as string] : [];
}

function memberName(node: Node): string {
  const property = node["property"] as Node;
  return String(node["computed"] === true ? property["value"] : property["name"]);
}

function isDate(callee: unknown): boolean {
  return isNode(callee) && callee.type === "Identifier" && callee["name"] === "Date";
}

function patternNames(pattern: unknown): string[] {
  if (!isNode(pattern) || pattern.type !== "ObjectPattern") return [];
  return (pattern["properties"] as readonly Node[]).map((property) =>
    String((property["key"] as Node)["name"]),
  );
}

/** A member's or property's own name is no reference: `socket.process` and `{ console: 1 }` touch nothing. */
function isReference(parent: Node | null, key: string): boolean {
  if (parent === null) return true;
  if (key === "property") return parent["computed"] === true;
  if (key === "key") return parent["computed"] === true;
  return !(parent.type === "TSQualifiedName" && key === "right");
}
