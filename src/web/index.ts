/**
 * Segmentation in a web page, with a model that `tessera export` wrote:
 *
 * ```ts
 * const segmenter = await openSegmenter("model.onnx");
 * const { width, height, labels, classes, areas } = await segmenter.segment(canvas);
 * ```
 *
 * Needs the package onnxruntime-web beside this one. A model that lies on the Hugging Face hub is fetched by its name:
 *
 * ```ts
 * const { weights } = await fetchModel("owner/name:model.onnx");
 * const segmenter = await openSegmenter(weights[0].bytes);
 * ```
 */
export type { ClassInfo, Segment, SegmentMap } from "../data/sample.ts";
export { fetchModel } from "./fetch-model.ts";
export type { FetchedModel, FetchOptions, ModelFile } from "./fetched-model.ts";
export { type OpenOptions, openSegmenter, type Picture, type WebSegmentation, type WebSegmenter } from "./open.ts";
