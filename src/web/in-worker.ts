import { InputError } from "../errors.ts";
import { questions } from "../runtime/questions.ts";
import type { LocalOptions, LocalSegmenter } from "./local.ts";
import type { WebAnswers, WebReply, WebRequest } from "./messages.ts";
import { parcelOf } from "./picture.ts";

/** The segmenter of `local.ts` in a worker of its own. Throws what it throws, and InputError where no worker starts. */
export async function openInWorker(options: LocalOptions): Promise<LocalSegmenter> {
  const worker = startWorker();
  const asked = questions<WebAnswers[keyof WebAnswers]>();
  const end = (reason: Error) => {
    worker.terminate();
    asked.end(reason);
  };
  worker.onmessage = ({ data }: MessageEvent<WebReply>) => asked.receive(data);
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
    asked.ask((id) => worker.postMessage({ id, request }, [...moved])) as Promise<WebAnswers[A]>;

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
