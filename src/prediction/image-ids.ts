/** Numbers of photographs in COCO's annotations of a folder of predictions. */
import { stemOf } from "./names.ts";

interface Listed {
  readonly photograph: string;
  /** Its file in the folder, which no other has. */
  readonly file: string;
}

export interface ImageIds {
  /** In the order of the entries. */
  readonly ids: readonly number[];
  /** Photographs whose name is a number that another one has. */
  readonly shared: readonly { readonly photograph: string; readonly id: number }[];
}

/**
 * A name of digits alone is the number, as with COCO's photographs; others have one that follows from their file's name. So numbers depend
 * neither on the order of photographs nor on what was predicted before; where two would have the same, the first by name has it.
 */
export function imageIds(entries: readonly Listed[]): ImageIds {
  const ids: number[] = new Array(entries.length);
  const taken = new Set<number>();
  const shared: { photograph: string; id: number }[] = [];
  const keys = entries.map(({ file }) => file.replace(/\.panoptic\.png$/, ""));
  const order = entries.map((_, index) => index).sort((a, b) => (keys[a] < keys[b] ? -1 : 1));
  const unnumbered: number[] = [];
  for (const index of order) {
    const { photograph } = entries[index];
    const id = numberIn(photograph);
    if (id !== null && !taken.has(id)) {
      ids[index] = id;
      taken.add(id);
      continue;
    }
    unnumbered.push(index);
    if (id !== null) shared.push({ photograph, id });
  }
  for (const index of unnumbered) {
    let id = hash(keys[index]);
    while (taken.has(id)) id++;
    ids[index] = id;
    taken.add(id);
  }
  return { ids, shared };
}

function numberIn(photograph: string): number | null {
  const stem = stemOf(photograph);
  return /^\d+$/.test(stem) && Number.isSafeInteger(Number(stem)) ? Number(stem) : null;
}

/** 48 bits of FNV-1a: two of 10,000 names have the same once in 5 million folders. */
function hash(text: string): number {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return Number(value >> 16n);
}
