/** A segmenter in the calling thread, be it the page's own or a worker's. */
import { InputError } from "../errors.ts";
import type { ModelCard } from "../prediction/model.ts";
import type { Segmentation } from "../prediction/segmentation.ts";
import { openExportedBytes } from "../prediction/segmenter.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { webBackendOf } from "../runtime/web.ts";
import { entryOf, type WebDevice } from "./device.ts";
import { imageOf, type Picture, parcelOf } from "./picture.ts";

export interface LocalOptions {
  /** Address of an exported model, absolute; or its bytes. */
  readonly model: string | Uint8Array;
  readonly device: WebDevice;
  /** Address of ONNX Runtime's module for this device, where the page's import map names one. */
  readonly runtime: string | undefined;
}

export interface LocalSegmenter {
  readonly card: ModelCard;
  segment(picture: Picture): Promise<Segmentation>;
  close(): Promise<void>;
}

/** Throws InputError where the model, the device or ONNX Runtime cannot be had. */
export async function openLocal({ model, device, runtime }: LocalOptions): Promise<LocalSegmenter> {
  const name = typeof model === "string" ? model : "model";
  const bytes = typeof model === "string" ? await fetched(model) : model;
  const engine = await openLocalEngine(
    webBackendOf(() => loadRuntime(device, runtime)),
    { device: device === "wasm" ? "cpu" : device },
  );
  try {
    const segmenter = await openExportedBytes(engine, bytes, name);
    return {
      card: segmenter.card,
      segment: async (picture) => segmenter.segment(await imageOf((await parcelOf(picture)).content)),
      close: async () => {
        await segmenter.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Bundlers see the names and bring the package along; a page without one says by its import map where it is. */
async function loadRuntime(device: WebDevice, address: string | undefined): Promise<unknown> {
  try {
    if (address !== undefined) return await import(/* @vite-ignore */ /* webpackIgnore: true */ address);
    return device === "wasm" ? await import("onnxruntime-web/wasm") : await import("onnxruntime-web");
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const entry = entryOf(device);
    throw new InputError(
      `${entry}: expected the package onnxruntime-web 1.30, got: ${reason}. Install it, or name "${entry}" in the page's import map.`,
    );
  }
}

async function fetched(address: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${address}: expected a model, got no answer (${reason}). Check the address, and that its server allows this page.`,
    );
  }
  if (!response.ok)
    throw new InputError(`${address}: expected a model, got status ${response.status}. Check the address.`);
  return new Uint8Array(await response.arrayBuffer());
}
