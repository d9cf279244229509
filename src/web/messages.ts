/** What a page and its worker say to each other. */
import type { ModelCard } from "../prediction/model.ts";
import type { Segmentation } from "../prediction/segmenter.ts";
import type { LocalOptions } from "./local.ts";
import type { Parcel } from "./picture.ts";

export type WebRequest =
  | { readonly act: "open"; readonly options: LocalOptions }
  | { readonly act: "segment"; readonly picture: Parcel["content"] };

export interface WebAnswers {
  readonly open: ModelCard;
  readonly segment: Segmentation;
}

export type WebReply =
  | { readonly id: number; readonly result: WebAnswers[keyof WebAnswers] }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };
