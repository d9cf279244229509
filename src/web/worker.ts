/** The worker that segments, so that the page stays alive: answers what `open.ts` asks. */
import { type LocalSegmenter, openLocal } from "./local.ts";
import type { WebAnswers, WebReply, WebRequest } from "./messages.ts";

/** What a worker's global scope has; the page's own types are others. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<{ readonly id: number; readonly request: WebRequest }>) => void) | null;
  postMessage(message: WebReply, moved: readonly Transferable[]): void;
}
const scope = globalThis as unknown as WorkerScope;

let segmenter: LocalSegmenter | undefined;

async function answer(request: WebRequest, moved: Transferable[]): Promise<WebAnswers[keyof WebAnswers]> {
  if (request.act === "open") {
    segmenter = await openLocal(request.options);
    return segmenter.card;
  }
  if (segmenter === undefined) throw new Error("segmenter: it is not open.");
  const result = await segmenter.segment(request.picture);
  for (const map of [result.labels, result.panoptic]) if (map !== undefined) moved.push(map.data.buffer as ArrayBuffer);
  return result;
}

scope.onmessage = async ({ data: { id, request } }) => {
  const moved: Transferable[] = [];
  try {
    scope.postMessage({ id, result: await answer(request, moved) }, moved);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    scope.postMessage({ id, error: { name, message } }, []);
  }
};
