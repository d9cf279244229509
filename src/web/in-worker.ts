import { InputError } from "../errors.ts";
import { revived } from "../runtime/messages.ts";
import type { LocalOptions, LocalSegmenter } from "./local.ts";
import type { WebAnswers, WebReply, WebRequest } from "./messages.ts";
import { parcelOf } from "./picture.ts";

interface Pending {
  resolve(result: WebAnswers[keyof WebAnswers]): void;
  reject(error: Error): void;
}

/** The segmenter of `local.ts` in a worker of its own. Throws what it throws, and InputError where no worker starts. */
export async function openInWorker(options: LocalOptions): Promise<LocalSegmenter> {
  const worker = startWorker();
  const waiting = new Map<number, Pending>();
  let lastId = 0;
  let ended: Error | undefined;

  const end = (reason: Error) => {
    ended ??= reason;
    worker.terminate();
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<WebReply>) => {
    const pending = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) pending?.reject(revived(data.error));
    else pending?.resolve(data.result);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const reason = event.message ?? "its file did not load";
    end(
      new InputError(
        `worker: expected one that runs, got: ${reason}. Serve the package's files, or use worker: false.`,
      ),
    );
  };

  const ask = <A extends WebRequest["act"]>(
    request: Extract<WebRequest, { act: A }>,
    moved: readonly Transferable[] = [],
  ): Promise<WebAnswers[A]> =>
    new Promise<WebAnswers[keyof WebAnswers]>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, request }, [...moved]);
    }) as Promise<WebAnswers[A]>;

  try {
    const card = await ask<"open">({ act: "open", options });
    return {
      card,
      async segment(picture) {
        const { content, moved } = await parcelOf(picture);
        return ask<"segment">({ act: "segment", picture: content }, moved);
      },
      close: async () => end(new Error("segmenter: it is closed. Open another one.")),
    };
  } catch (error) {
    end(new Error("segmenter: it could not be opened."));
    throw error;
  }
}

/** The address is written out here so that bundlers find the worker's file. */
function startWorker(): Worker {
  try {
    return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `worker: expected one to start, got: ${reason}. Serve the package from the page's own site, or use worker: false.`,
    );
  }
}
