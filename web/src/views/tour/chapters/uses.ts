import { visible } from '../../../lib/number';
import type { Facts } from '../facts';
import { listed, say, type Sentence } from '../say';
import type { Chapter } from '../step';
import { FRANCE, passage, shown } from './words';

const TRANSLATE = 'English: one, two, three. Spanish: uno, dos,';
const CHAT = 'Question: What is the capital of France?\nAnswer:';
const CODE = 'def add(a, b):\n    return';

const joined = (drawn: readonly { text: string }[]) => drawn.map(({ text }) => text).join('');

export const uses: Chapter = {
  title: 'What transformers are used for',
  steps: [
    {
      title: 'One machine, many uses',
      scene: { view: 'generate', prompt: FRANCE },
      tell: () => ({
        says: [
          say`Translators, chat programs and helpers for programmers look like different things. Inside
            most of them is the same machine: text goes in, the next token comes out.`,
          say`What differs is the text that is put before it, the *prompt*, and what the machine was
            trained on. A prompt is written so that a good continuation is the answer one wants.`,
          say`The next three steps try it with the model that you have here.`,
        ],
      }),
    },
    {
      title: 'A translator',
      scene: { view: 'generate', prompt: TRANSLATE },
      begins: (facts) =>
        numbersOnly(facts) ?? [
          say`This prompt counts in two languages, and the next word is missing. In Spanish it is “tres”.`,
        ],
      tell: async (facts) => {
        const drawn = await facts.likeliest(TRANSLATE, 4);
        const said = passage(joined(drawn));
        return {
          says: facts.wordless
            ? [goesOn(facts, joined(drawn))]
            : [
                /^tres\b/.test(joined(drawn).trimStart())
                  ? say`Taking the likeliest token each time, the model writes ${said}. It has found the
                    pattern.`
                  : say`Taking the likeliest token each time, this model writes ${said}. That is wrong. It
                    has learned too little of this, or is too small for it. Large models do it well.`,
              ],
        };
      },
    },
    {
      title: 'A chat',
      scene: { view: 'generate', prompt: CHAT },
      begins: (facts) =>
        numbersOnly(facts) ?? [
          say`A chat is a text too, with marks for who speaks. The program sets the marks, lets the model
            write, and stops it at the mark for the end of a turn.`,
          ...marks(facts),
        ],
      tell: async (facts) => {
        const text = joined(await facts.likeliest(CHAT, 16));
        if (facts.wordless) {
          return { says: [goesOn(facts, text)] };
        }
        return {
          says: [
            goesOn(facts, text),
            /\bParis\b/.test(text)
              ? say`The answer is in it. A chat program would show you that, and hide the rest.`
              : say`The answer, Paris, is not in it. Left to itself this model does not answer here; it
                  only goes on.`,
          ],
        };
      },
    },
    {
      title: 'A helper for programmers',
      scene: { view: 'generate', prompt: CODE },
      begins: (facts) =>
        numbersOnly(facts) ?? [
          say`Programs are text as well. This is the start of a function in Python, a language for
            programs. It shall add two numbers, so it must end with “a + b”.`,
        ],
      tell: async (facts) => {
        const text = joined(await facts.likeliest(CODE, 4));
        if (facts.wordless) {
          return { says: [goesOn(facts, text)] };
        }
        return {
          says: [
            /^a ?\+ ?b/.test(text.trimStart())
              ? say`Taking the likeliest token each time, the model writes ${passage(text)}. That is right.`
              : say`Taking the likeliest token each time, this model writes ${passage(text)}. That is not
                  it: it has learned too little code.`,
          ],
        };
      },
    },
    {
      title: 'Sound and pictures',
      scene: { view: 'flow', prompt: FRANCE },
      tell: () => ({
        says: [
          say`Speech and pictures come in pieces too. Sound is cut into short slices, a picture into small
            squares. Each piece becomes a list of numbers, as each token does in the first column here.`,
          say`The blocks stay as they are. What changes is the first step, from pieces to numbers, and the
            last, from numbers to what is wanted: the words that were spoken, or a picture.`,
          say`The first transformer, of 2017, was a translator with two halves: one read a sentence, the
            other wrote it in another language. A GPT is the second half alone.`,
          say`Loupe runs models of text, so you see tokens here, and no sound or picture.`,
        ],
      }),
    },
    {
      title: 'Try it: set it a task',
      scene: { view: 'generate', prompt: FRANCE },
      tell: (facts) => ({
        says: [
          say`A prompt is all you need to set the machine a task. What comes of it depends on the model.`,
        ],
        task: {
          asks: facts.wordless
            ? say`Type other numbers at the top. Then press “Next: draw a token”, and “Append”.`
            : say`At the top, write a start with one good ending: the days of a week, a rhyme, a sum. Then
                press “Next: draw a token”, and “Append”.`,
          done: ({ otherPrompt, drawn }) => otherPrompt && drawn.length > 0,
          praise: ({ drawn }) =>
            say`It went on with ${shown(drawn[0]?.text ?? '')}. If that is not what you wanted, write the start
              more clearly: that is what people call prompting.`,
        },
      }),
    },
  ],
};

function numbersOnly(facts: Facts): readonly Sentence[] | null {
  return facts.wordless
    ? [
        say`Here a model that reads words shows what it does with a text of this kind. This one has no
          words, so it gets numbers.`,
      ]
    : null;
}

function goesOn(facts: Facts, text: string): Sentence {
  return text === ''
    ? say`The prompt is already as long as ${facts.name} can read.`
    : say`Taking the likeliest token each time, the model goes on like this: ${passage(text)}`;
}

/** What a chat is marked with, as far as the vocabulary says. */
function marks(facts: Facts): readonly Sentence[] {
  const found = [
    '<|im_start|>',
    '<|im_end|>',
    '<|eot_id|>',
    '<start_of_turn>',
    '<end_of_turn>',
    '[INST]',
  ]
    .filter((mark) => facts.vocabulary.includes(mark))
    .map(visible);
  return found.length === 0
    ? []
    : [say`This model’s vocabulary has ${listed(found)}: signs that it was made for chats.`];
}
