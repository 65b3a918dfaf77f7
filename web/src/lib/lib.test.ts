import { describe, expect, it } from 'vitest';
import { FIRST, read, write } from './address';
import { at, readTensors, row, tensor } from './binary';
import { css, ramp, step } from './colour';
import { oneIn, percent, significant, visible } from './number';
import { norm, pool, scaleEnd } from './strip';
import { idsIn, wordless } from './wordless';
import { all, grow, path, pathProbability, root } from './tree';

function answer(header: object, data: number[]): ArrayBuffer {
  let text = JSON.stringify(header);
  text = text.padEnd(text.length + ((8 - ((4 + text.length) % 8)) % 8), ' ');
  const bytes = new ArrayBuffer(4 + text.length + data.length * 4);
  new DataView(bytes).setUint32(0, text.length, true);
  new Uint8Array(bytes, 4).set(new TextEncoder().encode(text));
  new Float32Array(bytes, 4 + text.length).set(data);
  return bytes;
}

describe('tensors', () => {
  const bytes = answer(
    {
      arrays: [
        { name: 'a', shape: [2], offset: 0 },
        { name: 'b', shape: [2, 2, 3], offset: 8 },
      ],
      note: 'ü',
    },
    [1, 2, ...Array.from({ length: 12 }, (_, i) => 10 + i)],
  );

  it('are read by name, shape and offset', () => {
    const found = readTensors(
      answer({ arrays: [{ name: 'a', shape: [2], offset: 4 }] }, [9, 1, 2]),
    );
    expect([...tensor(found, 'a').data]).toEqual([1, 2]);
    expect(() => tensor(found, 'c')).toThrow('has no c, only a');
  });

  it('are indexed with the last axis fastest', () => {
    const plain = answer({ arrays: [{ name: 'b', shape: [2, 2, 3], offset: 0 }] }, [
      ...Array.from({ length: 12 }, (_, i) => i),
    ]);
    const b = tensor(readTensors(plain), 'b');
    expect(at(b, 1, 0, 2)).toBe(8);
    expect([...row(b, 1, 1)]).toEqual([9, 10, 11]);
  });

  it('that are cut short are refused', () => {
    expect(() => readTensors(new ArrayBuffer(2))).toThrow('too short');
    expect(() => readTensors(bytes.slice(0, 12))).toThrow('promises a header');
  });
});

describe('a number', () => {
  it('has four significant digits', () => {
    expect(
      [0.61234567, 18.2, -3.14159, 49152.4, 0, 1e-7, 2.5e9].map((n) => significant(n)),
    ).toEqual(['0.6123', '18.20', '−3.142', '49152', '0', '1.000e−7', '2.500e9']);
    expect([Infinity, -Infinity, NaN].map((n) => significant(n))).toEqual([
      '∞',
      '−∞',
      'not a number',
    ]);
  });

  it('is a percentage that is never rounded to all or nothing', () => {
    expect([1, 0.99999, 0.614, 0.0412, 0.00004, 1e-9, 0].map(percent)).toEqual([
      '100 %',
      '> 99.99 %',
      '61.4 %',
      '4.1 %',
      '0.004 %',
      '< 0.001 %',
      '0 %',
    ]);
    expect(oneIn(0.2)).toBe('1 in 5.0');
    expect(visible('a\n b\t')).toBe('a⏎·b⇥');
  });
});

describe('a strip', () => {
  it('has a cell for each value where there is room', () => {
    const { values, places, each } = pool(Float32Array.of(1, -2, 3), 10);
    expect([[...values], [...places], each]).toEqual([[1, -2, 3], [0, 1, 2], 1]);
  });

  it('shows the largest magnitude where there is none', () => {
    const { values, places, each } = pool(Float32Array.of(1, -2, 3, 0.5, -0.25), 3);
    expect([[...values], [...places], each]).toEqual([[-2, 3, -0.25], [1, 2, 4], 2]);
  });

  it('has a scale that ends at a number that reads well', () => {
    expect(scaleEnd(Float32Array.of(0.1, -0.37))).toBeCloseTo(0.4, 9);
    expect(scaleEnd(new Float32Array(4))).toBe(1);
    expect(scaleEnd(Float32Array.from({ length: 1000 }, (_, i) => (i === 7 ? 900 : 1)))).toBe(1);
    expect(norm(Float32Array.of(3, 4))).toBe(5);
  });

  it('is the paper at zero and the same beyond the ends of its scale', () => {
    expect(css('stream', 'light', 0, 1)).toBe('rgb(255, 255, 255)');
    expect(css('key', 'light', 5, 1)).toBe(css('key', 'light', 1, 1));
    expect([step(-1, 1), step(0, 1), step(1, 1)]).toEqual([0, 255, 510]);
    expect(ramp('mlp', 'dark')).toHaveLength(511 * 3);
  });
});

describe('the address', () => {
  it('carries all that is seen, there and back', () => {
    const address = {
      model: 'smol & co',
      prompt: '#1 <img> & "ü"\n',
      view: 'flow',
      drawn: [7, 0, 49151],
      seed: 9,
      sampling: { temperature: 0, topK: 40, topP: 0.9, minP: 0.05 },
      selection: 's3.b2',
      tour: '',
    };
    expect(read(write(address))).toEqual(address);
    expect(read('')).toEqual(FIRST);
    // where the reader of the tour is matters to the tour only
    const touring = { ...address, view: 'tour', tour: '4.2' };
    expect(read(write(touring))).toEqual(touring);
    expect(write({ ...touring, view: 'flow' })).not.toContain('tour');
  });

  it('that was tampered with falls back', () => {
    const { sampling, drawn, seed } = read(
      '#t=hot&k=-3&p=7&m=NaN&drawn=1.x.-2.99999999999.5&seed=1e400',
    );
    expect(sampling).toEqual(FIRST.sampling);
    expect(drawn).toEqual([1, 5]);
    expect(seed).toBe(FIRST.seed);
  });
});

describe('a model without a tokenizer', () => {
  it('is known by its numbered tokens', () => {
    expect(wordless(['#0', '#1', '#2'])).toBe(true);
    expect(wordless(['!', '"', '#'])).toBe(false);
    expect(wordless(['#0', '#1', 'word'])).toBe(false);
    expect(wordless([])).toBe(false);
  });

  it('reads the ids that are typed, and no others', () => {
    expect(idsIn('1 #2, 3\n9', 9)).toEqual([1, 2, 3]);
    expect(idsIn('The capital of 4.5 -1 99999999', 100)).toEqual([]);
  });
});

describe('the tree of texts', () => {
  it('grows, finds the way back, and multiplies probabilities', () => {
    const top = root();
    const paris = grow(top, 1, ' Paris', 0.5, 0.2);
    const dot = grow(paris, 2, '.', 0.25, null);
    const lyon = grow(top, 3, ' Lyon', null, null);
    expect(grow(top, 1, ' Paris', 0.9, null)).toBe(paris);
    expect(paris.probability).toBe(0.5);
    expect(path(dot).map(({ id }) => id)).toEqual([1, 2]);
    expect(pathProbability(dot)).toBe(0.125);
    expect(pathProbability(lyon)).toBeNull();
    expect(pathProbability(top)).toBe(1);
    expect(all(top)).toEqual([top, paris, dot, lyon]);
  });
});
