import { count, percent, significant } from '../../../lib/number';
import { first, repeated } from '../holds';
import { say } from '../say';
import type { Chapter } from '../step';
import { FRANCE, passage, shown, token } from './words';
import { NEUTRAL } from '../../../lib/sampling';

const LOOP = 'I am';

export const temperature: Chapter = {
  title: 'Scores, chances, temperature',
  steps: [
    {
      title: 'Unembedding: from a vector to scores',
      scene: { view: 'flow', prompt: FRANCE },
      begins: (facts) => [
        say`At the end of the flow the last token’s vector is compared with a vector for each of the
          ${count(facts.vocabulary.length)} tokens: number by number they are multiplied, and the products
          added. That gives every token a score, its *logit*. The table of these vectors is the
          *unembedding*.`,
        facts.info.form['tied'] === true
          ? say`In this model it is the very table that the tokens’ vectors came from at the start.`
          : say`In this model it is another table than the one at the start.`,
      ],
      tell: async (facts) => {
        const [one, two] = first(await facts.next(FRANCE), 2);
        return {
          scene: { selection: `s${facts.number('n_layer') + 2}` },
          says: [
            say`Behind ${token(facts, (await facts.ids(FRANCE)).at(-1) ?? 0)} the highest score is
              ${significant(one?.logit ?? 0)}, for ${token(facts, one?.id ?? 0)}. Then comes ${token(facts, two?.id ?? 0)} with
              ${significant(two?.logit ?? 0)}.`,
          ],
        };
      },
    },
    {
      title: 'Softmax: from scores to chances',
      scene: { view: 'generate', prompt: FRANCE },
      begins: () => [
        say`Scores can be below zero, and they have no sum that means anything. *Softmax* makes chances of
          them. It raises the number 2.718 to the power of each score, so that all are above zero, and
          divides by their sum, so that they sum to 1.`,
      ],
      tell: async (facts) => {
        const [one, two] = first(await facts.next(FRANCE), 2);
        const apart = (one?.logit ?? 0) - (two?.logit ?? 0);
        return {
          says: [
            say`What counts is how far two scores are apart. One point more makes a token 2.718 times as
              likely. ${token(facts, one?.id ?? 0)} is ${significant(apart, 3)} above ${token(facts, two?.id ?? 0)}, and so it is
              ${significant(Math.exp(apart), 3)} times as likely: ${percent(one?.probability ?? 0)} against
              ${percent(two?.probability ?? 0)}.`,
          ],
        };
      },
    },
    {
      title: 'Temperature',
      scene: { view: 'generate', prompt: FRANCE, sampling: { temperature: 0.5 } },
      begins: () => [
        say`Before softmax the scores are divided by a number, the *temperature*. Below 1 they move apart,
          and the likely becomes likelier. Above 1 they move together, and the rare gets a chance. The
          order stays.`,
      ],
      tell: async (facts) => {
        const ranked = await facts.next(FRANCE);
        const at = (temperature: number) =>
          percent(first(ranked, 1, { ...NEUTRAL, temperature })[0]?.probability ?? 0);
        return {
          says: [
            say`Now it is at 0.5, and ${token(facts, ranked.order[0] ?? 0)} has ${at(0.5)}. At 1 it has ${at(1)}, at 1.5 only
              ${at(1.5)}. Drag the slider, and watch the bars.`,
          ],
        };
      },
    },
    {
      title: 'Nothing left to chance',
      scene: { view: 'generate', prompt: LOOP, sampling: { temperature: 0 } },
      begins: () => [
        say`At temperature 0 nothing is drawn. The token with the highest score is taken, always: that is
          called *argmax* or greedy. The same prompt gives the same text, whatever the seed.`,
      ],
      tell: async (facts) => {
        const drawn = await facts.likeliest(LOOP, 24);
        const ids = drawn.map(({ id }) => id);
        const again = repeated(ids, 4);
        return {
          scene: { drawn: ids },
          says: [
            say`So ${passage(facts.prompt(LOOP))} goes on: ${passage(drawn.map(({ text }) => text).join(''))}`,
            again
              ? say`It goes in circles: ${passage(again.map((id) => facts.text(id)).join(''))} comes again. A little
                  chance keeps a text alive. That is why chat programs use a temperature above 0.`
              : say`Within ${drawn.length} tokens it does not go in circles. Small models often do, and a little
                  chance helps against it.`,
          ],
        };
      },
    },
    {
      title: 'Try it: no chance at all',
      scene: { view: 'generate', prompt: FRANCE },
      tell: () => ({
        says: [say`See for yourself what becomes of the dart.`],
        task: {
          asks: say`Set the temperature to 0, then press “Next: draw a token” and “Append”.`,
          done: ({ sampling, drawn }) => sampling.temperature === 0 && drawn.length > 0,
          praise: ({ drawn }) =>
            say`No dart was thrown. ${shown(drawn.at(-1)?.text ?? '')} was taken because its score is the highest.`,
        },
      }),
    },
  ],
};
