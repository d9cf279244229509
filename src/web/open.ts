/** What a page calls: a segmenter in a worker, or in the page itself. */
import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { entryOf, type WebDevice } from "./device.ts";
import { openInWorker } from "./in-worker.ts";
import type { LocalOptions, LocalSegmenter } from "./local.ts";
import type { Picture } from "./picture.ts";

export type { Picture } from "./picture.ts";

export interface OpenOptions {
  /** `wasm`: the processor, everywhere. `webgpu`: the graphics card, in browsers that have it. Default: wasm. */
  readonly device?: WebDevice;
  /** False: compute in the calling thread, which stands still meanwhile. Default: in a worker of its own. */
  readonly worker?: boolean;
}

export interface WebSegmentation {
  readonly width: number;
  readonly height: number;
  /** Class index of each pixel: labels[y · width + x]; 255 where a panoptic model found nothing. */
  readonly labels: Uint8Array;
  /** Name and colour (red, green, blue, 0 … 255) of each class, in order of class index. */
  readonly classes: readonly ClassInfo[];
  /** Pixels of each class, in order of class index. */
  readonly areas: readonly number[];
  /** Of a panoptic model: the segment of each pixel, and the class and score of each segment. */
  readonly panoptic?: SegmentMap;
}

export interface WebSegmenter {
  readonly classes: readonly ClassInfo[];
  /** The class of every pixel, and of a panoptic model its segment, at the picture's own size. The picture is left as it is. */
  segment(picture: Picture): Promise<WebSegmentation>;
  /** Frees the model and ends the worker. */
  close(): Promise<void>;
}

/**
 * Opens a model that `tessera export` wrote. model: its address, relative to the page, or its bytes.
 * Throws InputError, one clear line, where the model or the device cannot be had.
 */
export async function openSegmenter(
  model: string | URL | Uint8Array | ArrayBuffer,
  { device = "wasm", worker = true }: OpenOptions = {},
): Promise<WebSegmenter> {
  if (device !== "wasm" && device !== "webgpu") {
    throw new InputError(`device: expected wasm or webgpu, got ${String(device)}. Choose one of them.`);
  }
  const options: LocalOptions = {
    model: contentOf(model),
    device,
    runtime: fromImportMap(entryOf(device)),
  };
  const local: LocalSegmenter = worker
    ? await openInWorker(options)
    : await (await import("./local.ts")).openLocal(options);
  const { classes } = local.card;
  return {
    classes,
    async segment(picture) {
      const { labels, areas, panoptic } = await local.segment(picture);
      const { width, height, data } = labels;
      return { width, height, labels: data, classes, areas, ...(panoptic && { panoptic }) };
    },
    close: () => local.close(),
  };
}

function contentOf(model: string | URL | Uint8Array | ArrayBuffer): string | Uint8Array {
  if (model instanceof ArrayBuffer) return new Uint8Array(model);
  if (model instanceof Uint8Array) return model;
  try {
    return new URL(model, globalThis.document?.baseURI ?? globalThis.location.href).href;
  } catch {
    throw new InputError(`model: expected an address or bytes, got ${String(model).slice(0, 60)}. Pass one of them.`);
  }
}

/** Where the page's import map has a module; undefined without a map. Workers do not see the map. */
function fromImportMap(name: string): string | undefined {
  try {
    return import.meta.resolve(name);
  } catch {
    return undefined;
  }
}
