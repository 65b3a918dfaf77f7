/** Prompts that differ in one word, for those who have no second prompt yet. */
import { tokenize } from './calls';

const FAMILIES: readonly (readonly string[])[] = [
  ['France', 'Italy', 'Japan', 'Germany', 'Spain'].map((land) => `The capital of ${land} is`),
  ['John', 'Mary'].map((name) => `When Mary and John went to the store, ${name} gave a drink to`),
  ['small', 'hot', 'old', 'fast'].map((word) => `The opposite of ${word} is`),
];

export interface Pair {
  readonly first: string;
  readonly second: string;
}

/**
 * Pairs that have equally many tokens in this model, as its tokenizer says: those with the present prompt, or, if there are none,
 * one of each kind.
 */
export async function pairs(
  model: string,
  prompt: string,
  signal: AbortSignal,
): Promise<readonly Pair[]> {
  const own = FAMILIES.filter((family) => family.includes(prompt));
  const found: Pair[] = [];
  for (const family of own.length > 0 ? own : FAMILIES) {
    const first = own.length > 0 ? prompt : (family[0] ?? '');
    const length = (await tokenize(model, first, signal)).length;
    for (const second of family.filter((text) => text !== first)) {
      if ((await tokenize(model, second, signal)).length === length) {
        found.push({ first, second });
        if (own.length === 0 || found.length === 3) {
          break;
        }
      }
    }
  }
  return found;
}
