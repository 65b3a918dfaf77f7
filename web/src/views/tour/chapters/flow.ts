import { at } from '../../../lib/binary';
import { count, percent, significant, visible } from '../../../lib/number';
import { readOpen, writeOpen } from '../../flow/open';
import type { Facts } from '../facts';
import { finder, mostFrom, previousHead, settled } from '../holds';
import { listed, say, type Sentence } from '../say';
import type { Chapter, Seen, Told } from '../step';
import { FRANCE, token } from './words';

/** The panels of the view, once they are complete. */
const HEAD = 'section[aria-label^="head "]:has([data-testid="writes"])';
const MLP = 'section[aria-label^="MLP "]:has([data-testid="writes"])';

/** From here on a head is said to look at one place. */
const CLEAR = 0.5;

const open = (layer: number, more: { head?: number; mlp?: boolean }, at = -1) =>
  writeOpen({
    stage: layer + 1,
    block: layer,
    head: more.head ?? -1,
    mlp: more.mlp ?? false,
    token: at,
  });

export const flow: Chapter = {
  title: 'The flow',
  steps: [
    {
      title: 'A token becomes a vector',
      scene: { view: 'flow', prompt: FRANCE },
      tell: (facts) => ({
        says: [
          say`A computer works with numbers. So each token becomes a *vector*, a list of
            ${count(facts.number('n_embd'))} numbers. They stand in a table that the model has learned, the
            *embedding*.`,
          say`Each strip in the first column is such a list. A cell is a number: its colour says how far
            it is above or below zero. Point at a cell to read it.`,
          facts.info.form['positions'] === 'learned'
            ? say`A second column holds the *position*: a vector for the first place, one for the second,
                and so on. It is added, for the order of words matters.`
            : say`Where the token stands is not in these numbers. This model brings its *position* in
                later, inside of attention.`,
        ],
      }),
    },
    {
      title: 'The stream',
      scene: { view: 'flow', prompt: FRANCE },
      begins: () => [
        say`Now the vectors pass through the blocks. Each block reads a vector, works something out, and
          adds it. The sum that grows is the *residual stream*: like a sheet of notes that is handed on,
          and everyone adds a line.`,
      ],
      tell: async (facts) => {
        const middle = Math.floor(facts.number('n_layer') / 2);
        const wrote = await facts.wrote(FRANCE);
        const { attention, mlp } = wrote[middle] ?? { attention: 0, mlp: 0 };
        return {
          scene: { selection: `s${middle + 1}` },
          says: [
            say`A block has two halves, attention and the MLP, of which the next steps tell. The two small bars show how much each adds,
              beside the length of the vector that is there.`,
            say`In block ${middle}, for the last token ${await last(facts)}, attention adds ${timesOf(attention)} that
              length, and the MLP ${timesOf(mlp)} it. (Blocks are counted from 0.)`,
          ],
        };
      },
    },
    {
      title: 'Attention looks back',
      scene: { view: 'flow', prompt: FRANCE },
      begins: (facts) => [
        say`*Attention* lets a token read from the tokens before it. In each block
          ${facts.number('n_head')} *heads* do that, each in its own way. The small squares are their patterns: a
          row is a token that looks, and the darker a cell, the more it takes from there.`,
      ],
      tell: before,
    },
    {
      title: 'What a head brings',
      scene: { view: 'flow', prompt: FRANCE },
      begins: () => [
        say`A head finds its tokens by comparing numbers. The token that looks has a *query*, a question;
          each token before it has a *key*, a label. The better they fit, the more is taken of that
          token’s *value*, its content.`,
      ],
      tell: brings,
    },
    {
      title: 'The MLP works on each token',
      scene: { view: 'flow', prompt: FRANCE },
      begins: (facts) => [
        say`The other half of a block is the *MLP*, short for multi-layer perceptron. It takes each token by
          itself and looks nowhere else. Its ${count(facts.number('n_inner'))} *neurons* each look for one thing in the
          vector, and answer with a number.`,
      ],
      tell: async (facts) => {
        const wrote = await facts.wrote(FRANCE);
        // the first block starts from so little that its share says nothing
        const most = wrote.reduce(
          (best, { mlp }, layer) => (layer > 0 && mlp > (wrote[best]?.mlp ?? 0) ? layer : best),
          Math.min(1, wrote.length - 1),
        );
        const place = (await facts.ids(FRANCE)).length - 1;
        return {
          scene: { selection: open(most, { mlp: true }, place), look: MLP },
          says: [
            say`${wrote.length > 1 ? 'Of the blocks behind the first, block' : 'Block'} ${most} has the MLP that adds most to
              ${await last(facts)}: ${timesOf(wrote[most]?.mlp ?? 0)} the vector’s length. Under the table you see its neurons.`,
            facts.info.form['parallel'] === true
              ? say`In this model attention and MLP of a block read the same vector, and both add to it.`
              : say`It reads what attention has just added. Many think that most of what a model knows
                  lies in these halves.`,
          ],
        };
      },
    },
    {
      title: 'The guess on its way',
      scene: { view: 'flow', prompt: FRANCE },
      begins: () => [
        say`Under each pair of bars stands what the model would say if it stopped there. This way of looking
          is called the *logit lens*.`,
      ],
      tell: async (facts) => {
        const found = settled(await facts.lens(FRANCE));
        const guess = token(facts, found.id);
        return {
          scene: {
            selection: writeOpen({
              stage: Math.max(0, found.layer) + 1,
              block: -1,
              head: -1,
              mlp: false,
              token: (await facts.ids(FRANCE)).length - 1,
            }),
          },
          says: [
            found.before === null
              ? say`In the row of ${await last(facts)} the final guess, ${guess}, is there from the start. Here the
                  blocks only make it surer, or less sure.`
              : say`Look along the row of ${await last(facts)}. ${
                  found.layer === found.layers - 1
                    ? `Only the last block, ${found.layer}, brings`
                    : `From block ${found.layer} on, of 0 to ${found.layers - 1}, the row has`
                } the final guess, ${guess}. One block earlier the model would say ${token(facts, found.before)}.`,
          ],
        };
      },
    },
    {
      title: 'Try it: follow a head',
      scene: { view: 'flow', prompt: FRANCE },
      tell: async (facts) => {
        const patterns = await facts.patterns(FRANCE);
        const place = (await facts.ids(FRANCE)).length - 1;
        return {
          says: [say`Blocks open with a click, and so do their heads.`],
          task: {
            asks: say`Open a block, click one of its heads, and look at the row of the last token,
              ${await last(facts)}: from which token does it take most? Then click that token, at the left end of
              its row.`,
            done: (seen) => !seen.otherPrompt && followed(patterns, seen, place),
            praise: (seen) => {
              const { block, head } = readOpen(seen.selection);
              return say`Yes. Head ${head} of block ${block} takes most from ${token(facts, seen.ids[seen.token] ?? 0)}.`;
            },
          },
        };
      },
    },
  ],
};

/** A share of something, or how many times it. */
const timesOf = (share: number) =>
  share < 1 ? `${percent(share)} of` : `${significant(share, 3)} times`;

/** The token that the open head takes most from, for the last token, is the one that was clicked. */
function followed(patterns: Awaited<ReturnType<Facts['patterns']>>, seen: Seen, place: number) {
  const { block, head } = readOpen(seen.selection);
  const pattern = patterns[block];
  return (
    pattern !== undefined &&
    head >= 0 &&
    head < (pattern.shape[0] ?? 0) &&
    mostFrom(pattern, head, place) === seen.token
  );
}

async function last(facts: Facts) {
  return token(facts, (await facts.ids(FRANCE)).at(-1) ?? 0);
}

async function before(facts: Facts): Promise<Told> {
  const ids = await facts.ids(FRANCE);
  const patterns = await facts.patterns(FRANCE);
  const found = previousHead(patterns);
  const pattern = found && patterns[found.layer];
  if (!found || !pattern) {
    return { says: [] };
  }
  const place = ids.length - 1;
  const share = percent(at(pattern, found.head, place, place - 1));
  const [one, other] = [token(facts, ids[place] ?? 0), token(facts, ids[place - 1] ?? 0)];
  return {
    scene: { selection: open(found.layer, { head: found.head }, place) },
    says: [
      found.share >= CLEAR
        ? say`Open is head ${found.head} of block ${found.layer}. It looks at the token just before: on average
            ${percent(found.share)} of what it takes is from there. ${one} takes ${share} from ${other}.`
        : say`In many models some head looks at the token just before. Here none does so clearly. The
            closest is open, head ${found.head} of block ${found.layer}: on average ${percent(found.share)} of what it takes
            is from there.`,
      say`Scroll the view down: the matrix shows the same pattern large. Point at a cell, and it says
        who takes how much from whom.`,
    ],
  };
}

async function brings(facts: Facts): Promise<Told> {
  const ids = await facts.ids(FRANCE);
  const found = finder(await facts.patterns(FRANCE));
  if (!found) {
    return { says: [] };
  }
  const writes = await facts.writes(FRANCE, found.layer, found.head);
  const up = writes.up.slice(0, 4).map(({ id }) => visible(facts.text(id)));
  const [one, other] = [await last(facts), token(facts, ids[found.key] ?? 0)];
  const start: Sentence =
    found.share >= CLEAR
      ? say`Open is head ${found.head} of block ${found.layer}. There ${one} takes ${percent(found.share)} from ${other}.`
      : say`No head of this model takes more than half from one token here (the first aside, where many heads
          rest). The most is ${percent(found.share)}: head ${found.head} of block ${found.layer}, from ${other}.`;
  return {
    scene: { selection: open(found.layer, { head: found.head }, ids.length - 1), look: HEAD },
    says: [
      start,
      say`What it took is added to the stream. At the end of the panel stands what that means in tokens: it
        makes ${listed(up)} likelier than before.`,
    ],
  };
}
