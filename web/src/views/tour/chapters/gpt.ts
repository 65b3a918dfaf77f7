import { count, percent, visible } from '../../../lib/number';
import type { Facts } from '../facts';
import { first, standing, unsure } from '../holds';
import { listed, say, type Sentence } from '../say';
import type { Chapter } from '../step';
import { FRANCE, oneToken, shown, token, withoutWords } from './words';

/** What the model puts behind a text, beside what a person would expect there. */
async function expected(facts: Facts, text: string, word: string): Promise<Expected> {
  const ranked = await facts.next(text);
  const id = await oneToken(facts, word);
  const top = first(ranked, 1)[0];
  return { top, wanted: id < 0 ? null : standing(ranked, id), holds: top?.id === id };
}

interface Expected {
  readonly top: ReturnType<typeof first>[0] | undefined;
  readonly wanted: ReturnType<typeof standing>;
  readonly holds: boolean;
}

export const gpt: Chapter = {
  title: 'What GPT stands for',
  steps: [
    {
      title: 'G: generative',
      scene: { view: 'generate', prompt: FRANCE },
      begins: (facts) => [
        say`*GPT* stands for three words. The first is *generative*: it makes something. What it makes is
          text, one small piece at a time.`,
        say`What you see beside or below these lines is not a drawing. It is the model ${facts.name}, at work on
          this machine, and you may press everything in it.`,
        ...withoutWords(facts),
      ],
      tell: async (facts) => ({
        says: [
          capital(facts, await expected(facts, FRANCE, ' Paris')),
          ...(await untrained(facts)),
        ],
      }),
    },
    {
      title: 'Tokens, the pieces',
      scene: { view: 'generate', prompt: FRANCE },
      tell: async (facts) => {
        const ids = await facts.ids(FRANCE);
        return {
          says: [
            say`The pieces are called *tokens*: words, or parts of words. Under the sentence at the top
              stand its ${ids.length} tokens. A dot is a blank. The small number is the token’s place in
              a list.`,
            say`That list is the *vocabulary*: all the pieces that the model knows. Here they are
              ${count(facts.vocabulary.length)}. Everything it reads or writes is made of them.`,
            ...(await parts(facts)),
          ],
        };
      },
    },
    {
      title: 'P: pre-trained',
      scene: { view: 'generate', prompt: 'Once upon a' },
      begins: (facts) => [
        say`The second word is *pre-trained*: it learned before you met it. It was shown a great amount of
          text, and at each token it had to guess the next. After each guess its numbers were changed a
          little, so that the right token became likelier.`,
        say`These numbers are its *parameters*, the knobs of the machine: ${total(facts)} of them. While you use
          the model they stay as they are.`,
      ],
      tell: async (facts) => ({
        says: [tales(facts, await expected(facts, 'Once upon a', ' time'))],
      }),
    },
    {
      title: 'T: transformer',
      scene: { view: 'flow', prompt: FRANCE },
      begins: (facts) => [
        say`The third word is *transformer*, the kind of machine it is. It transforms, step by step, what
          it holds about each token.`,
        say`Each row is a token. From left to right it passes ${facts.number('n_layer')} *blocks*: machines of one
          build, each with its own parameters. The picture is wide: scroll it sideways.`,
      ],
      tell: async (facts) => {
        const [top] = first(await facts.next(FRANCE), 1);
        return {
          says: [
            say`At the right end stands what the model would say next: behind the last token it is
              ${token(facts, top?.id ?? 0)}. Chapter 4 walks through this picture.`,
          ],
        };
      },
    },
    {
      title: 'Try it: a sentence of your own',
      scene: { view: 'generate', prompt: FRANCE },
      tell: (facts) => ({
        says: [
          say`So a GPT is a machine that learned from text to make text, a token at a time. Now it is
            your turn.`,
        ],
        task: {
          asks: facts.wordless
            ? say`Type some numbers of your own in the line at the top.`
            : say`In the line at the top, type a sentence of your own, and leave out its last word.`,
          done: ({ otherPrompt, texts }) => otherPrompt && texts.length > 1,
          praise: ({ texts }) =>
            say`Well done. The model reads ${count(texts.length)} tokens, and the table shows how it would go on.`,
        },
      }),
    },
  ],
};

function total(facts: Facts): string {
  const all = facts.info['total'];
  return typeof all === 'number' ? count(all) : 'a great many';
}

function capital(facts: Facts, { top, wanted, holds }: Expected): Sentence {
  if (!top) {
    return [];
  }
  const chosen = say`first choice is ${token(facts, top.id)}, with a chance of ${percent(top.probability)}`;
  if (facts.wordless) {
    return say`The sentence at the top is not finished. The model’s ${chosen}.`;
  }
  if (holds) {
    return say`The sentence at the top is not finished. The model’s ${chosen}. The table shows what else the model
      thinks possible.`;
  }
  return wanted
    ? say`Most people would finish the sentence at the top with ${token(facts, wanted.id)}. This model has it in place
      ${count(wanted.place)}, with ${percent(wanted.probability)}. Its ${chosen}. A model knows only what its training has left
      in it.`
    : say`Most people would finish the sentence at the top with “Paris”. For this model that is more than
      one token. Its ${chosen}.`;
}

function tales(facts: Facts, { top, wanted, holds }: Expected): Sentence {
  if (!top) {
    return [];
  }
  const chosen = say`${token(facts, top.id)} first, with ${percent(top.probability)}`;
  if (facts.wordless) {
    return say`Behind the present text it has ${chosen}.`;
  }
  if (holds) {
    return say`Tales begin with “Once upon a time”. Nobody wrote that rule into the model. It has ${chosen},
      because the text that it learned from has it.`;
  }
  return wanted
    ? say`Tales begin with “Once upon a time”. This model has ${chosen}, and ${token(facts, wanted.id)} in place
      ${count(wanted.place)}: its training did not leave that in it.`
    : say`Tales begin with “Once upon a time”. This model has ${chosen}.`;
}

async function untrained(facts: Facts): Promise<Sentence[]> {
  return unsure(await facts.next(FRANCE))
    ? [
        say`All its tokens have nearly the same chance here. So it looks as if this model was hardly
          trained: it shows how the machine runs, but not what it can do.`,
      ]
    : [];
}

const LONG = ' hippopotamus';

/** A long word, and the tokens that it is made of. */
async function parts(facts: Facts): Promise<Sentence[]> {
  if (facts.wordless) {
    return [];
  }
  const texts = (await facts.ids(LONG)).map((id) => facts.text(id));
  const from = texts.findIndex((text) => text !== '' && LONG.trim().startsWith(text.trim()));
  const pieces = texts.slice(Math.max(0, from));
  return [
    pieces.length === 1
      ? say`Even “${LONG.trim()}” is one token here: ${shown(pieces[0] ?? '')}.`
      : say`A rare word is put together from parts. “${LONG.trim()}” is ${pieces.length} tokens:
          ${listed(pieces.map(visible))}.`,
  ];
}
