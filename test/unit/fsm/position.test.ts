import { describe, expect, test } from "vitest";
import { encodeSlot, recover, type Saved, slotBytes, slotCount } from "../../../src/fsm/position.ts";
import { FakeSlotDisk } from "../../support/lifecycle-script.ts";

const OLD: Saved = {
  instance: "daemon-1",
  position: { hubId: "hub-a", session: "s-1", revision: 7, through: 5, urgent: 0, standing: null },
};
const NEW: Saved = {
  instance: "daemon-1",
  position: {
    hubId: "hub-a",
    session: "s-1",
    revision: 9,
    through: 6,
    urgent: 1,
    standing: { drains: 2, attempt: 1, round: 1, rungAtMs: 1_760_000_000_123.5, dueAtMs: null },
  },
};

function encoded(saved: Saved, sequence: number): Uint8Array {
  const slot = encodeSlot(saved, sequence);
  if (slot === null) throw new Error("does not fit");
  return slot;
}

function fileOf(...slots: Uint8Array[]): Uint8Array {
  const file = new Uint8Array(slots.length * slotBytes);
  slots.forEach((slot, index) => {
    file.set(slot, index * slotBytes);
  });
  return file;
}

describe("the state file", () => {
  test("is readable by a person", () => {
    const text = new TextDecoder().decode(encoded(NEW, 3));
    expect(text.trimEnd()).toBe(
      'prism1 85ce4a4e [3,"daemon-1",["hub-a","s-1",9,6,1],[2,1,1,1760000000123.5,null]]',
    );
    expect(text).toHaveLength(slotBytes);
  });

  test("that is empty is a first start", () => {
    expect(recover(new Uint8Array(0))).toEqual({ kind: "absent" });
  });

  test("gives the newer of two slots, wherever it stands", () => {
    const found = { kind: "found", saved: NEW, sequence: 4 };
    expect(recover(fileOf(encoded(NEW, 4), encoded(OLD, 3)))).toEqual(found);
    expect(recover(fileOf(encoded(OLD, 3), encoded(NEW, 4)))).toEqual(found);
    expect(recover(fileOf(encoded(NEW, 4)))).toEqual(found);
  });

  test("survives a write torn at any byte", () => {
    for (let byte = 0; byte <= slotBytes; byte++) {
      const disk = new FakeSlotDisk();
      disk.write(0, encoded(OLD, 2));
      disk.write(slotBytes, encoded(OLD, 3));
      disk.write(0, encoded(NEW, 4), byte);
      const recovered = disk.recovered();
      // The padding is the same in old and new: the write is whole once its last differing byte is there.
      const whole = byte >= new TextDecoder().decode(encoded(NEW, 4)).trimEnd().length;
      expect(recovered).toEqual({ kind: "found", saved: whole ? NEW : OLD, sequence: whole ? 4 : 3 });
    }
  });

  test("survives a first write torn at any byte", () => {
    for (let byte = 1; byte < slotBytes; byte++) {
      expect(recover(encoded(NEW, 0).subarray(0, byte))).toEqual({ kind: "corrupt" });
    }
  });

  test("is never believed with any one byte changed", () => {
    const file = fileOf(encoded(OLD, 2), encoded(NEW, 3));
    const written = new TextDecoder().decode(encoded(NEW, 3)).trimEnd().length;
    for (let byte = 0; byte < written; byte++) {
      for (const change of [0x01, 0x20, 0x80, 0xff]) {
        const broken = file.slice();
        broken[slotBytes + byte] = (broken[slotBytes + byte] ?? 0) ^ change;
        expect(recover(broken)).toEqual({ kind: "found", saved: OLD, sequence: 2 });
      }
    }
  });

  test.each([
    ["nothing but zeros", new Uint8Array(slotBytes * slotCount)],
    ["another program's text", new TextEncoder().encode("[core]\n\tbare = false\n")],
    ["a text as long as a slot", new Uint8Array(slotBytes).fill(0x61)],
  ])("with %s in it is corrupt", (_what, bytes) => {
    expect(recover(bytes)).toEqual({ kind: "corrupt" });
  });

  test("of another version is not read", () => {
    const bytes = encoded(NEW, 3);
    bytes[5] = "2".charCodeAt(0);
    expect(recover(bytes)).toEqual({ kind: "corrupt" });
  });

  test("holds ids that are not plain, and refuses those that are too long", () => {
    const odd: Saved = { instance: 'a"\\ü\u2028\n', position: null };
    expect(recover(encoded(odd, 0))).toEqual({ kind: "found", saved: odd, sequence: 0 });
    expect(encodeSlot({ instance: "ü".repeat(128), position: null }, 1)).toBeNull();
  });
});
