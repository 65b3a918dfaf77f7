import { FIRST } from '../../../lib/address';
import { count, percent, significant, visible } from '../../../lib/number';
import type { Drawn, Facts } from '../facts';
import { first } from '../holds';
import { listed, say, type Sentence } from '../say';
import type { Chapter } from '../step';
import { FRANCE, passage, shown, token } from './words';

const THROWS = 12;
/** parameters of GPT-3, in whole billions, as its paper has it */
const GPT3 = 175e9;

export const loop: Chapter = {
  title: 'Predict, draw, append, repeat',
  steps: [
    {
      title: 'Predict',
      scene: { view: 'generate', prompt: FRANCE },
      begins: () => [
        say`A GPT does one thing: it gives every token of the vocabulary a chance to come next. That is a
          *probability distribution*, a list of chances that sum to 100 %.`,
      ],
      tell: async (facts) => {
        const [one, two] = first(await facts.next(FRANCE), 2);
        const rest = 1 - (one?.probability ?? 0) - (two?.probability ?? 0);
        return {
          says: [
            say`Here ${token(facts, one?.id ?? 0)} has ${percent(one?.probability ?? 0)} and ${token(facts, two?.id ?? 0)} has
              ${percent(two?.probability ?? 0)}. The other ${count(Math.max(0, facts.vocabulary.length - 2))} tokens share
              ${percent(Math.max(0, rest))}.`,
          ],
        };
      },
    },
    {
      title: 'Draw',
      scene: { view: 'generate', prompt: FRANCE, look: '[data-testid="throw"]' },
      begins: () => [
        say`Then one token is *drawn*, by lot. The tokens lie on a line, each as long as its chance. A
          number between 0 and 1 is thrown at the line like a dart.`,
      ],
      tell: async (facts) => {
        const [one] = first(await facts.next(FRANCE), 1);
        return {
          says: [
            say`${token(facts, one?.id ?? 0)} has ${percent(one?.probability ?? 0)} of the line: of a hundred darts,
              ${hits(one?.probability ?? 0)} would hit it.`,
            say`Press “Next: draw a token” and see where the dart goes. The *seed* is the number that the
              throws begin with: the same seed throws the same darts again.`,
          ],
        };
      },
    },
    {
      title: 'Append, and repeat',
      scene: { view: 'generate', prompt: FRANCE },
      begins: () => [
        say`The token that was drawn is *appended*: it is put behind the text. The longer text is the new
          question, and everything begins again. A whole answer is made in this loop.`,
      ],
      tell: async (facts) => {
        const drawn = (await facts.thrown(FRANCE, THROWS)).slice(0, 3);
        return {
          scene: { drawn: drawn.map(({ id }) => id) },
          says: [
            say`With seed ${FIRST.seed} the first throws give ${listed(drawn.map(({ text }) => visible(text)))}. At the top they
              stand behind the bar.`,
            say`A click on another token in the table goes on with that one instead. So the texts grow
              into a tree.`,
          ],
        };
      },
    },
    {
      title: 'Why a small model rambles',
      scene: { view: 'generate', prompt: FRANCE },
      tell: async (facts) => {
        const drawn = await facts.thrown(FRANCE, THROWS);
        return {
          scene: { drawn: drawn.map(({ id }) => id) },
          says: [
            say`After ${drawn.length} throws the text goes on: ${passage(drawn.map(({ text }) => text).join(''))}`,
            say`A model cannot take a token back. If an odd one is drawn, it goes on from there as if it
              were right. ${odd(drawn)}`,
            size(facts),
          ],
        };
      },
    },
    {
      title: 'Try it: draw three tokens',
      scene: { view: 'generate', prompt: FRANCE },
      tell: () => ({
        says: [say`Now run the loop yourself.`],
        task: {
          asks: say`Draw three tokens, and append each: press “Next: draw a token”, then “Append”. “Play”
            does both by itself.`,
          done: ({ drawn }) => drawn.filter(({ thrown }) => thrown).length >= 3,
          praise: ({ drawn }) =>
            say`That was the whole loop, ${drawn.length} times. Your text goes on:
              ${passage(drawn.map(({ text }) => text).join(''))}`,
        },
      }),
    },
  ],
};

function hits(probability: number): string {
  const about = Math.round(probability * 100);
  return about === 0 ? 'often none' : `about ${about}`;
}

/** How often chance did not take the likeliest token. */
function odd(drawn: readonly Drawn[]): Sentence {
  const others = drawn.filter(({ probability, likeliest }) => probability < likeliest);
  const oddest = others.reduce<Drawn | undefined>(
    (found, one) => (!found || one.probability < found.probability ? one : found),
    undefined,
  );
  return oddest
    ? say`Here ${others.length} of ${drawn.length} throws did not hit the likeliest token. The least likely of them is
        ${shown(oddest.text)}, which had ${percent(oddest.probability)}.`
    : say`Here every throw hit the likeliest token.`;
}

function size(facts: Facts): Sentence {
  const total = facts.info['total'];
  if (typeof total !== 'number') {
    return [];
  }
  const times = GPT3 / total;
  return times > 1.5
    ? say`A small model has room for fewer facts, and gives wrong tokens more of the line. This one has
        ${count(total)} parameters. GPT-3, of 2020, has about 175 billion, ${times < 100 ? significant(times, 2) : count(Math.round(times))} times
        as many: a large model goes astray later, and less often.`
    : say`A small model has room for fewer facts, and gives wrong tokens more of the line. This one, with
        ${count(total)} parameters, is a large one.`;
}
