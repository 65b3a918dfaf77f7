import { significant, visible } from '../../../lib/number';
import { readLooked, writeLooked, type Looked } from '../../meaning/looked';
import { EXAMPLES, UNNAMED } from '../../meaning/sets';
import type { Sum } from '../../meaning/calls';
import type { Facts } from '../facts';
import { ordered } from '../holds';
import { listed, say, type Sentence } from '../say';
import type { Chapter } from '../step';
import { FRANCE, shown, token } from './words';

const KING = 'king';
const QUEEN = 'woman - man + king';
const MANY = 'cats - cat';
const NUMBERS = ['one', 'two', 'three', 'four'];

const looking = (change: Partial<Looked>) => writeLooked({ ...readLooked(''), ...change });

/** How many words a sum has. */
const terms = (sum: string) => sum.trim().split(/\s[+\u2212-]\s/).length;

const cosine = (value: number) => significant(value, 2);

export const directions: Chapter = {
  title: 'Words as directions',
  steps: [
    {
      title: 'Words that are alike',
      scene: { view: 'meaning', prompt: FRANCE, selection: looking({ sum: KING }) },
      begins: (facts) => [
        say`Two numbers are a place on a map, and the way there from the middle is an arrow. A token’s vector
          is such an arrow, with ${facts.number('n_embd')} numbers instead of two: a *direction*.`,
        say`Tokens that are used alike have arrows that point alike. The *cosine* says how much: 1 for the
          same direction, 0 for nothing in common.`,
      ],
      tell: async (facts) => ({ says: [nearest(facts, await facts.sum(named(facts, KING)))] }),
    },
    {
      title: 'Adding words',
      scene: { view: 'meaning', prompt: FRANCE, selection: looking({ sum: QUEEN }) },
      begins: () => [
        say`Arrows can be added, and taken away. “woman” minus “man” is the way from man to woman. Go that
          way from “king”. Where do you arrive?`,
      ],
      tell: async (facts) => ({
        scene: { selection: looking({ sum: named(facts, QUEEN) }) },
        says: arrives(facts, await facts.sum(named(facts, QUEEN))),
      }),
    },
    {
      title: 'A direction with a meaning',
      scene: {
        view: 'meaning',
        prompt: FRANCE,
        selection: looking({ sum: MANY, line: MANY, on: NUMBERS.join(' ') }),
        look: '[aria-labelledby="line-title"]:has([data-testid="projections"])',
      },
      begins: () => [
        say`The way from “cat” to “cats” may be more than that of two words: a direction from one to many.
          One can test that with other words, by how far each lies along it.`,
      ],
      tell: async (facts) => ({ says: await along(facts) }),
    },
    {
      title: 'Try it: a sum of your own',
      scene: { view: 'meaning', prompt: FRANCE, selection: looking({ sum: QUEEN }) },
      tell: (facts) => ({
        says: [
          say`Such sums often fail, and it is good to see that too. Words that are several tokens have no
            single vector. The view says so.`,
        ],
        task: {
          asks: facts.wordless
            ? say`Type a sum of three tokens of your own, such as #5 - #6 + #7, and press “Find the nearest”.`
            : say`Type a sum of three words of your own, such as “sister - brother + son”, and press “Find
                the nearest”.`,
          done: ({ selection }) => {
            const { sum } = readLooked(selection);
            return terms(sum) >= 3 && ![...EXAMPLES, ...UNNAMED].some((ready) => ready.sum === sum);
          },
          praise: ({ selection }) =>
            say`An arrow of your own: ${shown(readLooked(selection).sum)}. The list shows which tokens point the
              same way.`,
        },
      }),
    },
  ],
};

/** A model without words is asked for tokens by their numbers. */
function named(facts: Facts, sum: string): string {
  return facts.wordless ? (terms(sum) === 1 ? '#1' : '#1 - #2 + #3') : sum;
}

/** The terms of a sum that are several tokens, so that it has no vector here. */
function broken(sum: Sum): Sentence | null {
  const words = sum.terms.filter(({ pieces }) => pieces !== 1).map(({ word }) => word);
  return words.length === 0
    ? null
    : say`This step needs words that are one token each. In this model ${listed(words)} ${words.length === 1 ? 'is' : 'are'} made of
        several, and only a token has a vector. Try other words in the view: it shows what each is made of.`;
}

function nearest(facts: Facts, sum: Sum): Sentence {
  const [first, ...others] = sum.neighbours ?? [];
  const name = sum.terms[0]?.word ?? KING;
  return (
    broken(sum) ??
    (first
      ? say`Nearest to ${shown(name)} in this model is ${token(facts, first.id)}, with a cosine of
          ${cosine(first.cosine)}. Then come ${listed(others.slice(0, 3).map(({ id }) => visible(facts.text(id))))}. ${
            facts.wordless || first.cosine > 0.4
              ? []
              : say`That is not much: here even the nearest words lie far apart.`
          }`
      : [])
  );
}

function arrives(facts: Facts, sum: Sum): Sentence[] {
  const wrong = broken(sum);
  const [first] = sum.neighbours ?? [];
  if (wrong || !first) {
    return wrong ? [wrong] : [];
  }
  const found = `${cosine(first.cosine)}`;
  const place = (sum.neighbours ?? []).findIndex(
    ({ id }) => facts.text(id).trim().toLowerCase() === 'queen',
  );
  const leftOut = say`The three words of the sum are left out of the list. Else “king” itself would often come
    first.`;
  if (facts.wordless) {
    return [
      say`Here tokens are numbers: the nearest is ${token(facts, first.id)}, cosine ${found}.`,
    ];
  }
  return [
    place === 0
      ? say`In this model you arrive near ${token(facts, first.id)}, cosine ${found}. Nobody told it what a queen is:
          this is left in the vectors by how the words are used.`
      : say`Many models arrive at “queen”. In this one the nearest is ${token(facts, first.id)}, cosine ${found}, and
          “queen” is ${place < 0 ? 'not among the nearest twenty' : `in place ${place + 1}`}. Vectors of this kind do not
          always keep what one hopes for.`,
    leftOut,
  ];
}

async function along(facts: Facts): Promise<Sentence[]> {
  if (facts.wordless) {
    return [
      say`This model has no words for that test. The line below the view takes tokens by their numbers.`,
    ];
  }
  const answer = await facts.along(MANY, NUMBERS.join(' '));
  const wrong = broken(answer);
  if (wrong) {
    return [wrong];
  }
  const places = (answer.words ?? []).flatMap(({ word, at }) =>
    at === undefined ? [] : [{ word, at }],
  );
  const said = places.map(({ word, at }) => `${word} ${significant(at, 2)}`);
  return [
    ordered(places.map(({ at }) => at))
      ? say`On this line lie ${listed(said)}: in the right order, the more the further. The direction from cat
          to cats has something of number in it.`
      : say`On this line lie ${listed(said)}. That is not the order of the numbers. In this model the direction
          says less than one might hope.`,
    say`You find the line at the end of the view, under “Words on a direction”: put other words on it.`,
  ];
}
