/** Questions to another thread and its answers, matched by number: native engines and web pages have their own threads. */
import { InputError, Interrupted, UsageError } from "../errors.ts";

/** What comes back for the question `id`. */
export type Answered<Answer> =
  | { readonly id: number; readonly result: Answer }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly message: string; readonly stack?: string };
    };

export interface Questions<Answer> {
  /** How many wait for an answer. */
  readonly open: number;
  /** Why nothing is answered any more; undefined as long as it is. */
  readonly ended: Error | undefined;
  /** Asks by `send`, which gets the question's number. Rejects with what the other thread threw, or with `ended`. */
  ask(send: (id: number) => void): Promise<Answer>;
  receive(answered: Answered<Answer>): void;
  /** All that wait, and all that still ask, get this error; the first one counts. */
  end(reason: Error): void;
}

export function questions<Answer>(): Questions<Answer> {
  const waiting = new Map<number, { resolve(result: Answer): void; reject(error: Error): void }>();
  let lastId = 0;
  let ended: Error | undefined;
  return {
    get open() {
      return waiting.size;
    },
    get ended() {
      return ended;
    },
    ask: (send) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        send(id);
      }),
    receive(answered) {
      const asked = waiting.get(answered.id);
      waiting.delete(answered.id);
      if ("error" in answered) asked?.reject(revived(answered.error));
      else asked?.resolve(answered.result);
    },
    end(reason) {
      ended ??= reason;
      for (const { reject } of waiting.values()) reject(ended);
      waiting.clear();
    },
  };
}

/** An error that crossed between threads, as its own class again. */
function revived({ name, message, stack }: { name: string; message: string; stack?: string }): Error {
  const known = { InputError, UsageError, Interrupted }[name];
  const error = known === undefined ? new Error(message) : new known(message);
  if (known === undefined && stack !== undefined) error.stack = stack;
  return error;
}
