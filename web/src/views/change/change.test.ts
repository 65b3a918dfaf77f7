import { describe, expect, it } from 'vitest';
import {
  change,
  changeText,
  finder,
  partOf,
  placeOf,
  readChange,
  readPart,
  same,
  sumOf,
  wire,
  writeChange,
  writePart,
} from './changes';
import { endOf, endOfMost } from './grid';
import { readOpen, writeOpen, type Open } from './open';

const texts = ['The', ' capital', ' of', ' France', ' is'];
const find = finder(['cat', ' cat', ' cats', 'dog', '#', ' cat', "'"]);
const context = { tokens: 5, other: [1, 2, 3, 4, 5], find };

describe('a change', () => {
  const all = [
    change('zero', 'L23H4'),
    change('mean', 'blocks.5.mlp.hook_post[10:20]@3'),
    change('scale', 'blocks.0.hook_mlp_out', { factor: -0.5 }),
    change('patch', 'blocks.29.hook_resid_post@4'),
    {
      ...change('steer', 'blocks.3.hook_resid_pre', { factor: 4, words: "cats - 'a|b'" }),
      on: false,
    },
    change('cut', '5.3.4.1'),
  ];

  it('stands in the address, there and back', () => {
    for (const one of all) {
      expect(readChange(writeChange(one))).toEqual(one);
    }
    for (const text of ['', 'zero', 'melt|L1H1', 'zero|hook_embed', 'scale|L1H1|x', 'cut|1.2']) {
      expect(readChange(text)).toBeNull();
    }
  });

  it('is said in words', () => {
    expect(all.map((one) => changeText(one, texts))).toEqual([
      'head 4 of block 23: off',
      'neurons 10 to 19 of block 5 at \u201c\u00b7France\u201d: its mean',
      'MLP of block 0: \u00d7 \u22120.500',
      'vector of \u201c\u00b7is\u201d behind block 29: from the second prompt',
      "all vectors before block 3: 4.00 along cats - 'a|b'",
      'head 3 of block 5: \u201c\u00b7is\u201d does not see \u201c\u00b7capital\u201d',
    ]);
  });

  it('is what the server is told', () => {
    const [zero, , scale, patch, , cut] = all.map((one) => wire(one, context).body);
    expect(zero).toEqual({ kind: 'zero', at: 'L23H4' });
    expect(scale).toEqual({ kind: 'scale', at: 'blocks.0.hook_mlp_out', factor: -0.5 });
    expect(patch).toMatchObject({ kind: 'patch', from_ids: [1, 2, 3, 4, 5] });
    expect(cut).toEqual({ kind: 'cut', layer: 5, head: 3, query: 4, key: 1 });
    const steer = change('steer', 'blocks.3.hook_resid_pre', { factor: 4, words: 'cats - cat' });
    expect(wire(steer, context).body).toMatchObject({ factor: 4, plus: [2], minus: [1] });
  });

  it('that cannot be done says why', () => {
    const short = { ...context, tokens: 4 };
    expect(wire(change('zero', 'L1H1@4'), short)).toMatchObject({ body: null });
    expect(wire(change('cut', '5.3.4.1'), short).why).toContain('too short');
    expect(wire(change('patch', 'L1H1'), { ...context, other: null }).why).toContain(
      'second prompt',
    );
    expect(wire(change('steer', 'L1H1', { words: 'bird' }), context).why).toContain(
      'bird is no single token',
    );
  });

  it('takes the place of another of its kind there', () => {
    const half = change('scale', 'L1H1', { factor: 0.5 });
    expect(same(half, change('scale', 'L1H1', { factor: 2 }))).toBe(true);
    expect(same(half, change('scale', 'L1H1@2', { factor: 0.5 }))).toBe(false);
    expect(same(half, change('zero', 'L1H1'))).toBe(false);
  });
});

describe('a part of the map', () => {
  it('has a place, and a change at the place has the part', () => {
    for (const part of [
      { kind: 'head', layer: 5, head: 3 },
      { kind: 'mlp', layer: 0 },
      { kind: 'stream', layer: 7, token: 2 },
      { kind: 'stream', layer: 30, token: 2 },
    ] as const) {
      expect(readPart(writePart(part))).toEqual(part);
      const at = placeOf(part, 30);
      const place = part.kind === 'stream' ? `${at}@${part.token}` : at;
      expect(partOf(change('zero', place))).toEqual(part);
    }
    expect(placeOf({ kind: 'stream', layer: 30, token: 2 }, 30)).toBe('blocks.29.hook_resid_post');
    expect(partOf(change('cut', '5.3.4.1'))).toEqual({ kind: 'head', layer: 5, head: 3 });
    expect(readPart('L5')).toBeNull();
  });
});

describe('a sum of words', () => {
  it('is taken apart into tokens', () => {
    expect(sumOf('cats - cat + dog', find)).toMatchObject({ plus: [2, 3], minus: [1], why: '' });
    expect(sumOf("'cat' \u2212 #4", find)).toMatchObject({ plus: [0], minus: [4], why: '' });
    expect(sumOf('cats cat', find).why).toContain('between');
    expect(sumOf('', find).why).toContain('type a word');
    expect(sumOf('cats -', find).why).toContain('type a word');
    expect(sumOf('#99', find).why).toContain('no single token');
  });
});

describe('what is open', () => {
  it('stands in the address, there and back, and nonsense is left out', () => {
    const open: Open = {
      changes: [change('zero', 'L23H4'), change('cut', '5.3.4.1')],
      other: 'The capital of Italy & more = is',
      shade: 'induction',
      changed: true,
      part: { kind: 'head', layer: 23, head: 4 },
      token: 3,
      id: 7,
      against: 9,
      sweep: 'heads',
      gradient: true,
    };
    expect(readOpen(writeOpen(open))).toEqual(open);
    expect(writeOpen(readOpen('s6.b5&c=melt|x&s=loud&t=-4&p=Q'))).toBe('');
  });
});

describe('the end of a scale', () => {
  it('is not that of one number that is far larger', () => {
    expect(endOf([[1, 2, 3, null, -4]])).toBe(4);
    expect(endOfMost([[1, 2, 3, null, -4]])).toBe(4);
    expect(endOf([[900, 1, 2, 3, 4, 5, 2, 3]])).toBeGreaterThan(800);
    expect(endOfMost([[900, ...Array.from({ length: 20 }, (_, i) => i)]])).toBeLessThan(30);
  });
});
