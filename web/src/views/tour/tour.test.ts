import { describe, expect, it } from 'vitest';
import type { Lens, ModelInfo } from '../../lib/api';
import type { Tensor } from '../../lib/binary';
import { rank } from '../../lib/sampling';
import { CHAPTERS } from './chapters';
import {
  finder,
  first,
  mostFrom,
  ordered,
  parameters,
  previousHead,
  repeated,
  settled,
  standing,
  unsure,
} from './holds';
import { onFrom, readPlace, START, writePlace } from './place';
import { listed, plain, say, written } from './say';

describe('a sentence', () => {
  it('sets its terms and tokens apart', () => {
    expect(say`A *token* is ${written('·a')}, of ${2}.`).toEqual([
      { text: 'A ', as: 'plain' },
      { text: 'token', as: 'term' },
      { text: ' is ', as: 'plain' },
      { text: '·a', as: 'token' },
      { text: ', of 2.', as: 'plain' },
    ]);
  });

  it('takes what comes from a model as it is', () => {
    const [part] = say`${written('*<b>*')}`;
    expect(part).toEqual({ text: '*<b>*', as: 'token' });
    expect(say`${'*no term*'}`).toEqual([{ text: '*no term*', as: 'plain' }]);
  });

  it('takes in other sentences, and lists', () => {
    const inner = say`has ${written('x')}`;
    expect(
      plain(say`It
      ${inner}: ${listed(['a', 'b', 'c'])}.`),
    ).toBe('It has x: a, b and c.');
  });
});

describe('the place in the tour', () => {
  it('stands in the address, there and back', () => {
    const place = { chapter: 3, step: 1 };
    expect(writePlace(place)).toBe('4.2');
    expect(readPlace('4.2', CHAPTERS)).toEqual(place);
    for (const text of ['', '0.1', '1.0', '99.1', '1.99', '4.2.1', 'x', '-1.1']) {
      expect(readPlace(text, CHAPTERS), text).toEqual(START);
    }
  });

  it('goes through every step once, there and back', () => {
    const seen = [writePlace(START)];
    let place = START;
    for (let next = onFrom(place, 1, CHAPTERS); next; next = onFrom(place, 1, CHAPTERS)) {
      place = next;
      seen.push(writePlace(place));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(CHAPTERS.reduce((sum, { steps }) => sum + steps.length, 0));
    expect(onFrom(START, -1, CHAPTERS)).toBeNull();
    expect(onFrom(place, -1, CHAPTERS)).not.toBeNull();
  });
});

const logits = (...values: number[]) => rank(Float32Array.from(values));

describe('what a model puts next', () => {
  it('is told with place and probability', () => {
    const ranked = logits(0, Math.log(6), Math.log(3));
    expect(first(ranked, 2).map(({ id, place }) => [id, place])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(standing(ranked, 0)?.place).toBe(3);
    expect(standing(ranked, 0)?.probability).toBeCloseTo(0.1, 6);
    expect(standing(ranked, 3)).toBeNull();
  });

  it('looks untrained only where all is nearly even', () => {
    expect(unsure(logits(0.1, 0, 0.05, 0.02))).toBe(true);
    expect(unsure(logits(5, 0, 0, 0))).toBe(false);
    expect(unsure(logits(1))).toBe(false);
  });
});

/** Patterns [head, query, key], each head given by its rows. */
function pattern(...heads: readonly (readonly number[])[][]): Tensor {
  const n = heads[0]?.length ?? 0;
  const data = Float32Array.from(heads.flat(2));
  return { name: 'blocks.0.attn.hook_pattern', shape: [heads.length, n, n], data };
}

const ATTENDING = [
  // block 0: the first head rests on the first token, the second looks at itself
  pattern(
    [
      [1, 0, 0, 0],
      [0.9, 0.1, 0, 0],
      [0.9, 0, 0.1, 0],
      [0.9, 0, 0, 0.1],
    ],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
  ),
  // block 1: looks back by one; looks at token 1
  pattern(
    [
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [0.25, 0.75, 0, 0],
      [0.25, 0, 0.75, 0],
    ],
    [
      [1, 0, 0, 0],
      [0.5, 0.5, 0, 0],
      [0.5, 0.25, 0.25, 0],
      [0.1, 0.8, 0, 0.1],
    ],
  ),
];

describe('heads', () => {
  it('that look at the token before are found, and a rest on the first does not count', () => {
    expect(previousHead(ATTENDING)).toEqual({ layer: 1, head: 0, key: 2, share: 0.75 });
    // two tokens leave nothing to choose from
    expect(
      previousHead([
        pattern([
          [1, 0],
          [1, 0],
        ]),
      ]),
    ).toBeNull();
  });

  it('that take most from a token between are found, none for the first or itself', () => {
    const found = finder(ATTENDING);
    expect([found?.layer, found?.head, found?.key]).toEqual([1, 1, 1]);
    expect(found?.share).toBeCloseTo(0.8);
    expect(finder([pattern([[1]])])).toBeNull();
  });

  it('take most from one token', () => {
    expect(mostFrom(ATTENDING[1] as Tensor, 1, 3)).toBe(1);
    expect(mostFrom(ATTENDING[0] as Tensor, 1, 3)).toBe(3);
  });
});

describe('the lens', () => {
  const lens = (...ids: number[]): Lens => ({
    stages: ids.map((_, i) => `${i}`),
    readings: ids.map((id) => [
      { entropy: 0, top: [] },
      { entropy: 0, top: [{ id, logit: 0, probability: 1 }] },
    ]),
  });

  it('says from which block on the last guess stays', () => {
    expect(settled(lens(1, 7, 2, 7, 7))).toEqual({ id: 7, layer: 2, layers: 4, before: 2 });
    expect(settled(lens(1, 2, 7))).toEqual({ id: 7, layer: 1, layers: 2, before: 2 });
    expect(settled(lens(7, 7, 7))).toEqual({ id: 7, layer: -1, layers: 2, before: null });
  });
});

describe('a text', () => {
  it('goes in circles where a run comes again', () => {
    expect(repeated([1, 2, 3, 4, 5, 2, 3, 4, 5, 2], 4)).toEqual([2, 3, 4, 5]);
    expect(repeated([1, 2, 3, 4, 5, 6, 1, 2, 3, 9], 4)).toBeNull();
    // what overlaps itself has not come twice
    expect(repeated([1, 1, 1, 1, 1], 4)).toBeNull();
    expect(repeated([1, 1, 1, 1, 1, 1, 1, 1], 4)).toEqual([1, 1, 1, 1]);
    expect(repeated([], 4)).toBeNull();
  });
});

describe('numbers on a line', () => {
  it('lie in order only if each is beyond the one before', () => {
    expect(ordered([-0.6, -0.37, 0.1])).toBe(true);
    expect(ordered([1, 1])).toBe(false);
    expect(ordered([1, 3, 2])).toBe(false);
  });
});

describe('parameters', () => {
  const config = { vocab_size: 49152, n_embd: 576, n_layer: 30, n_head: 9, n_kv_head: 3 };
  const smol: ModelInfo = {
    config: { ...config, head_dim: 64, n_inner: 1536 },
    form: { tied: true, gated: true },
    hooks: [],
    total: 134515008,
  };

  it('are counted by the shapes: SmolLM2 has 61 norms of 576 left', () => {
    expect(parameters(smol)).toEqual({
      total: 134515008,
      embedding: 28311552,
      unembedding: 0,
      attention: 26542080,
      mlp: 79626240,
      rest: 61 * 576,
    });
  });

  it('of GPT-2 small are those of its table, with positions and biases left', () => {
    const found = parameters({
      config: {
        vocab_size: 50257,
        n_embd: 768,
        n_layer: 12,
        n_head: 12,
        n_kv_head: 12,
        head_dim: 64,
        n_inner: 3072,
      },
      form: { tied: true, gated: false },
      hooks: [],
      total: 124439808,
    });
    const biases = 12 * (4 * 768 + 3072 + 768);
    const norms = 25 * 2 * 768;
    expect(found?.rest).toBe(1024 * 768 + biases + norms);
  });

  it('are not guessed where the shapes do not add up', () => {
    expect(parameters({ ...smol, total: 1000 })).toBeNull();
    expect(parameters({ ...smol, config: {} })).toBeNull();
  });
});
