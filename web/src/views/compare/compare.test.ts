import { describe, expect, it } from 'vitest';
import { align, places } from './align';
import { differences, surprise } from './calls';
import { readSelection, writeSelection } from './selection';

const tokens = (...texts: string[]) => texts.map((text, id) => ({ id, text }));
const pairs = (rows: ReturnType<typeof align>) =>
  rows.map(({ a, b, same }) => `${a ?? '-'}${same ? '=' : '/'}${b ?? '-'}`);

describe('alignment', () => {
  it('puts tokens of one text beside those that end at the same letter', () => {
    const a = tokens('The', ' cap', 'ital', ' of');
    const b = tokens('The', ' capital', ' ', 'of');
    expect(pairs(align(a, b))).toEqual(['0=0', '1/-', '2/1', '-/2', '3/3']);
  });

  it('pairs what differs between two texts, from its end', () => {
    const a = tokens('of', ' France', ' is');
    const b = tokens('of', ' Lux', 'emb', 'ourg', ' is');
    expect(pairs(align(a, b))).toEqual(['0=0', '-/1', '-/2', '1/3', '2=4']);
    expect(pairs(align(b, a))).toEqual(['0=0', '1/-', '2/-', '3/1', '4=2']);
  });

  it('keeps to what is common when something is put in front or behind', () => {
    expect(pairs(align(tokens('a', 'b'), tokens('<s>', 'a', 'b')))).toEqual(['-/0', '0=1', '1=2']);
    expect(pairs(align(tokens('a', 'b', 'c'), tokens('a', 'b')))).toEqual(['0=0', '1=1', '2/-']);
    expect(pairs(align(tokens('a'), []))).toEqual(['0/-']);
  });

  it('compares at the next token that both have, or at the last ones', () => {
    const rows = align(tokens('The', ' cap', 'ital', '!'), tokens('The', ' capital'));
    expect(places(rows, 1)).toEqual({ a: 1, b: 1 });
    expect(places(rows, 2)).toEqual({ a: 2, b: 1 });
    expect(places(rows, 3)).toEqual({ a: 3, b: 1 });
    expect(places(rows, -1)).toEqual({ a: 3, b: 1 });
  });
});

describe('differences of streams', () => {
  const stream = (...rows: number[][]) => ({
    name: 'x',
    shape: [rows.length, rows[0]?.length ?? 0],
    data: Float32Array.from(rows.flat()),
  });

  it('are in lengths of side A', () => {
    const { stages } = differences(stream([3, 4], [0, 2]), stream([3, 4], [2, 0]));
    expect(stages[0]).toEqual({ lengthA: 5, lengthB: 5, relative: 0, cosine: 1 });
    expect(stages[1]?.relative).toBeCloseTo(Math.SQRT2);
    expect(stages[1]?.cosine).toBe(0);
  });

  it('are none where shapes differ', () => {
    expect(differences(stream([3, 4]), stream([3, 4, 5])).stages).toEqual([]);
    expect(differences(stream([3, 4]), stream([3, 4], [1, 1])).stages).toEqual([]);
  });
});

describe('surprise', () => {
  it('leaves the first token out, of bits and of bytes', () => {
    const got = surprise({ bits: [null, 2, 4], bytes: [3, 4, 8] });
    expect(got).toEqual({
      tokens: 2,
      bits: 6,
      perToken: 3,
      perplexity: 8,
      bytes: 12,
      perByte: 0.5,
    });
    expect(surprise({ bits: [null], bytes: [3] })).toBeNull();
    expect(surprise({ bits: [null, 1] })?.perByte).toBeNull();
  });
});

describe('what is compared', () => {
  it('stands in the address, there and back', () => {
    const all = { model: 'a&b=c, step 5', prompt: 'x & y?', token: 3, stage: 12 };
    expect(readSelection(writeSelection(all))).toEqual(all);
    const none = { model: '', prompt: '', token: -1, stage: 0 };
    expect(writeSelection(none)).toBe('');
    expect(readSelection('s6.b5.h3.t4')).toEqual(none);
    expect(readSelection('t=-4&s=99999')).toEqual(none);
  });
});
