/** What a page and its worker say to each other. */
import type { ModelCard } from "../prediction/model.ts";
import type { Segmentation } from "../prediction/segmentation.ts";
import type { Answered } from "../runtime/questions.ts";
import type { LocalOptions } from "./local.ts";
import type { Parcel } from "./picture.ts";

export type WebRequest =
  | { readonly act: "open"; readonly options: LocalOptions }
  | { readonly act: "segment"; readonly picture: Parcel["content"] };

export interface WebAnswers {
  readonly open: ModelCard;
  readonly segment: Segmentation;
}

export type WebReply = Answered<WebAnswers[keyof WebAnswers]>;
