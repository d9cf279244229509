/**
 * Segmentation in a web page, with a model that `tessera export` wrote:
 *
 * ```ts
 * const segmenter = await openSegmenter("model.onnx");
 * const { width, height, labels, classes, areas } = await segmenter.segment(canvas);
 * ```
 *
 * Needs the package onnxruntime-web beside this one.
 */
export { type OpenOptions, openSegmenter, type Picture, type WebSegmentation, type WebSegmenter } from "./open.ts";
