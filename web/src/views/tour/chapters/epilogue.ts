import { count, percent } from '../../../lib/number';
import type { Facts } from '../facts';
import { parameters } from '../holds';
import { say, type Sentence } from '../say';
import type { Chapter } from '../step';
import { FRANCE } from './words';

export const epilogue: Chapter = {
  title: 'Counting the parameters',
  steps: [
    {
      title: 'What a model is made of',
      scene: { view: 'weights', prompt: FRANCE },
      tell: (facts) => ({ says: [...counted(facts)] }),
    },
    {
      title: 'Where to go from here',
      scene: { view: 'generate', prompt: FRANCE },
      tell: () => ({
        says: [
          say`That was the tour. It showed a small part of each view. They stand at the top, and work with
            any sentence and with any model that you choose there.`,
          say`A key with a question mark, ?, lists what the keyboard does. Links keep what you see: copy the
            address, and send it to somebody who runs Loupe.`,
        ],
      }),
    },
  ],
};

/** Where the parameters are, by the model's own shapes. */
function counted(facts: Facts): readonly Sentence[] {
  const found = parameters(facts.info);
  const total = facts.info['total'];
  if (!found) {
    return typeof total === 'number'
      ? [
          say`All that you have seen is made of ${count(total)} numbers, the parameters of ${facts.name}.`,
        ]
      : [];
  }
  const n = (value: number) => `${count(value)} (${percent(value / found.total)})`;
  const layers = facts.number('n_layer');
  return [
    say`All that you have seen is made of ${count(found.total)} numbers, the parameters of ${facts.name}.
      Here is where they are.`,
    say`The embedding has ${count(facts.number('vocab_size'))} rows of ${count(facts.number('n_embd'))} numbers:
      ${n(found.embedding)}. ${
        found.unembedding === 0
          ? 'It is the unembedding too, and counts once.'
          : `The unembedding has as many: ${n(found.unembedding)}.`
      }`,
    say`The ${layers} blocks have the rest. Attention, with matrices for queries, keys, values and what is written:
      ${n(found.attention)}. The MLPs: ${n(found.mlp)}.`,
    say`What is left are ${count(found.rest)} numbers, for norms${
      facts.info.form['positions'] === 'learned'
        ? ', biases and positions'
        : ' and biases, as far as it has them'
    }. Training finds them all, by guessing the next token over and over.`,
  ];
}
