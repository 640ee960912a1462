import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/cli/exit-status.ts";
import { addressTyped, projectAt, projectNamed } from "../../../src/cli/project.ts";
import { PrismError } from "../../../src/domain/errors.ts";

let root = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "prism-project-")));
});

function folder(name: string, file?: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  if (file !== undefined) writeFileSync(join(path, "prism.json"), file);
  return path;
}

function fault(act: () => unknown): PrismError {
  try {
    act();
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
  throw new Error("no fault");
}

describe("a folder's project", () => {
  it("is the folder's name, made a name", () => {
    expect(projectAt(folder("My Shop"), "/")).toEqual({ name: "my-shop", root: join(root, "My Shop") });
  });

  it("is what prism.json says", () => {
    expect(projectAt(folder("a", '{"project": "Shop"}'), "/").name).toBe("shop");
    expect(projectAt(folder("b", "{}"), "/").name).toBe("b");
  });

  it("is the same through a link and from inside", () => {
    const real = folder("shop");
    symlinkSync(real, join(root, "link"));
    expect(projectAt("link", root)).toEqual({ name: "shop", root: real });
    expect(projectAt(".", real).name).toBe("shop");
  });

  it.each([
    ['{"project": 7}', "prism.json.project must be a text, not 7"],
    ['{"projet": "x"}', 'prism.json has no member "projet"'],
    ['{"project": "a b"}', 'prism.json: "a b" is not a name of'],
    ["{", 'prism.json" is not JSON'],
  ])("is refused when prism.json holds %s", (file, message) => {
    const error = fault(() => projectAt(folder("c", file), "/"));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(message);
  });

  it("is refused where no name can come of it", () => {
    expect(fault(() => projectAt(folder("日本"), "/")).message).toContain("gives no project name");
    expect(fault(() => projectAt("absent", root)).code).toBe("not_found");
    writeFileSync(join(root, "file"), "");
    expect(fault(() => projectAt("file", root)).message).toContain("is not a folder");
  });
});

describe("a project that is typed", () => {
  it("is a folder if it is written as one, or is one here", () => {
    folder("shop", '{"project": "store"}');
    expect(projectNamed("./shop", root)).toBe("store");
    expect(projectNamed("shop", root)).toBe("store");
    expect(projectNamed("..", join(root, "shop"))).toBe(projectAt(root, "/").name);
  });

  it("else it is a name; a file of that name does not matter", () => {
    writeFileSync(join(root, "shop"), "");
    expect(projectNamed("Shop", root)).toBe("shop");
    expect(projectNamed("shop", root)).toBe("shop");
  });
});

describe("an address that is typed", () => {
  it("means a name after the @, in every folder", () => {
    folder("shop", '{"project": "store"}');
    expect(addressTyped("Reviewer@shop", root)).toEqual({ persona: "reviewer", project: "shop" });
  });

  it("means a folder if it is written as one", () => {
    folder("a@b/shop", '{"project": "store"}');
    expect(addressTyped("reviewer@./a@b/shop", root).project).toBe("store");
    expect(addressTyped("reviewer@.", join(root, "a@b/shop")).project).toBe("store");
  });
});
