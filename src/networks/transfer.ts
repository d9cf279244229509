/** What of a network goes over into another. */

/** Parts of a network, as their parameters' names begin. */
export type Part = "encoder" | "decoder" | "head";

export const inEncoder = (parameter: string): boolean => parameter.startsWith("encoder.");

export interface TransferOptions {
  readonly parts: readonly Part[];
  /** Outputs of the head; a head with another number starts anew. */
  readonly outputs: number;
  /** Where the weights come from, for messages. */
  readonly source: string;
}
