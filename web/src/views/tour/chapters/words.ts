/** Words that several chapters use. */
import { visible } from '../../../lib/number';
import type { Facts } from '../facts';
import { written, type Sentence, type Written, say } from '../say';

/** The sentence of most chapters. */
export const FRANCE = 'The capital of France is';

/** A token so that its blanks are seen. */
export const shown = (text: string): Written => written(visible(text));

/** A longer text, which is read: its blanks stay blank. */
export const passage = (text: string): Written => written(text.trim().replaceAll('\n', '\u23ce'));

export const token = (facts: Facts, id: number): Written => shown(facts.text(id));

/** The id of a text, where it is one token; -1 where it is several, or the model reads no text. */
export async function oneToken(facts: Facts, text: string): Promise<number> {
  if (facts.wordless) {
    return -1;
  }
  const ids = await facts.ids(text);
  // some tokenizers put a mark in front of everything
  const id = ids.at(-1) ?? -1;
  return facts.text(id).trim() === text.trim() ? id : -1;
}

export function withoutWords(facts: Facts): readonly Sentence[] {
  return facts.wordless
    ? [
        say`This model has no tokenizer, so its tokens have no text. They are shown by their numbers,
          such as ${shown('#1')}, and the sentences of the tour are numbers too. To read words, choose
          another model at the top.`,
      ]
    : [];
}
