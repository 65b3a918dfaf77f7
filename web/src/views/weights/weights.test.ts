import { describe, expect, it } from 'vitest';
import type { Tensor, Weights } from './calls';
import { colName, inFile, rowName } from './kinds';
import { readOpen, writeOpen } from './open';
import { grouped, squarify, type Box } from './treemap';
import { bands, each, fitting, holding, zoomed } from './window';

const area = ({ width, height }: Box) => width * height;

describe('a treemap', () => {
  const box = { x: 10, y: 20, width: 700, height: 430 };
  const lists = [
    [1],
    [5, 5, 5, 5],
    [6, 6, 4, 3, 2, 2, 1],
    Array.from({ length: 270 }, (_, i) => (i % 9 === 0 ? 576 : 331776 + (i % 7) * 110592)),
    [617558016, 25165824, 12288, 1],
  ];

  it('has areas in proportion to the values, exactly', () => {
    for (const values of lists) {
      const boxes = squarify(values, box);
      const total = values.reduce((sum, value) => sum + value, 0);
      values.forEach((value, i) => {
        const wanted = (value / total) * area(box);
        expect(Math.abs(area(boxes[i] as Box) / wanted - 1)).toBeLessThan(1e-9);
      });
    }
  });

  it('fills its box, and nothing lies on anything else', () => {
    for (const values of lists) {
      const boxes = squarify(values, box);
      let outside = 0;
      let over = 0;
      boxes.forEach((a, i) => {
        outside = Math.max(
          outside,
          box.x - a.x,
          box.y - a.y,
          a.x + a.width - box.x - box.width,
          a.y + a.height - box.y - box.height,
        );
        for (const b of boxes.slice(i + 1)) {
          const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
          const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
          over = Math.max(over, Math.min(across, down));
        }
      });
      expect(outside).toBeLessThan(1e-6);
      expect(over).toBeLessThan(1e-6);
    }
  });

  it('is the one of the paper', () => {
    // Bruls, Huizing and van Wijk, figure 4: 6 x 4 holds 6 6 4 3 2 2 1
    const boxes = squarify([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 6, height: 4 });
    const near = (box: Box | undefined, x: number, y: number, width: number, height: number) => {
      expect(box?.x).toBeCloseTo(x);
      expect(box?.y).toBeCloseTo(y);
      expect(box?.width).toBeCloseTo(width);
      expect(box?.height).toBeCloseTo(height);
    };
    near(boxes[0], 0, 0, 3, 2);
    near(boxes[1], 0, 2, 3, 2);
    near(boxes[2], 3, 0, 12 / 7, 7 / 3);
    near(boxes[3], 3 + 12 / 7, 0, 9 / 7, 7 / 3);
    near(boxes[4], 3, 7 / 3, 1.2, 5 / 3);
  });

  it('of groups has the sums of what is in them', () => {
    const items = [
      { kind: 'a', n: 3 },
      { kind: 'b', n: 5 },
      { kind: 'a', n: 4 },
    ];
    const groups = grouped(
      items,
      ({ kind }) => ({ key: kind, title: kind }),
      ({ n }) => n,
      box,
    );
    expect(groups.map(({ key, sum }) => [key, sum])).toEqual([
      ['a', 7],
      ['b', 5],
    ]);
    for (const { box: around, items: inside } of groups) {
      const sum = inside.reduce((all, { box: own }) => all + area(own), 0);
      expect(sum).toBeCloseTo(area(around), 6);
    }
  });
});

describe('what is open', () => {
  it('stands in the address, there and back', () => {
    const open = {
      preset: '',
      tensor: 'blk.5.attn_q.weight',
      window: { rows: [64, 128], cols: [0, 60] },
      bytes: true,
      byLayer: true,
    } as const;
    expect(writeOpen(open)).toBe('bytes*layers*blk.5.attn_q.weight*r64-128*c0-60');
    expect(readOpen(writeOpen(open))).toEqual(open);
    const shape = { preset: 'gpt3', tensor: '', window: null, bytes: false, byLayer: false };
    expect(readOpen(writeOpen(shape))).toEqual(shape);
  });

  it('leaves out what it does not understand', () => {
    const closed = { preset: '', tensor: '', window: null, bytes: false, byLayer: false };
    for (const text of ['', 's6.b5.h3.t4', 'gpt9*<script>*r5-5*c9-1', 'r1-2', '***']) {
      expect(readOpen(text)).toEqual(closed);
    }
  });
});

describe('a window', () => {
  const matrix = { rows: 49152, cols: 576 };

  it('has at most 512 cells each way, and calls that read a bounded number', () => {
    const all = fitting({ rows: [0, 99999], cols: [0, 576] }, matrix);
    expect(all).toEqual({ rows: [0, 49152], cols: [0, 576] });
    expect(each(all)).toEqual([96, 2]);
    const parts = bands(all, 96, 576);
    expect(parts[0]?.[0]).toBe(0);
    expect(parts.at(-1)?.[1]).toBe(49152);
    parts.forEach(([from, to], i) => {
      expect(from % 96).toBe(0);
      expect((to - from) * 576).toBeLessThanOrEqual(2 ** 23);
      expect(parts[i + 1]?.[0] ?? 49152).toBe(to);
    });
  });

  it('goes nearer to a place and back, and stays inside', () => {
    const all = fitting(null, matrix);
    const near = zoomed(all, matrix, { row: 49151, col: 0 }, true);
    expect(near).toEqual({ rows: [49152 - 12288, 49152], cols: [0, 144] });
    expect(zoomed(near, matrix, { row: 49151, col: 0 }, false)).toEqual(all);
    const small = zoomed({ rows: [0, 8], cols: [0, 8] }, matrix, { row: 3, col: 3 }, true);
    expect(small).toEqual({ rows: [0, 8], cols: [0, 8] });
    expect(
      zoomed(
        fitting(null, { rows: 1, cols: 576 }),
        { rows: 1, cols: 576 },
        { row: 0, col: 300 },
        true,
      ),
    ).toEqual({
      rows: [0, 1],
      cols: [229, 373],
    });
  });

  it('moves to where the cursor goes', () => {
    const window = { rows: [0, 64], cols: [100, 160] } as const;
    expect(holding(window, matrix, 10, 120)).toEqual(window);
    expect(holding(window, matrix, 64, 120)).toEqual({ rows: [33, 97], cols: [100, 160] });
    expect(holding(window, matrix, 0, 575).cols).toEqual([516, 576]);
  });
});

describe('a tensor that is several in one', () => {
  const joined: Tensor = {
    name: 'blk.0.attn_qkv.weight',
    kind: 'query_key_value',
    layer: 0,
    rows: 10,
    cols: 8,
    parameters: 80,
    type: 'F16',
    bytes: 160,
    parts: [
      { kind: 'query', rows: 6 },
      { kind: 'key', rows: 2 },
      { kind: 'value', rows: 2 },
    ],
  };
  const shape = { headDim: 2, text: (id: number) => `t${id}` };

  it('tells its rows apart', () => {
    expect(rowName(joined, 5, shape)).toBe('query of head 2, number 1');
    expect(rowName(joined, 6, shape)).toBe('key of head 0, number 0');
    expect(rowName(joined, 9, shape)).toBe('value of head 0, number 1');
    expect(rowName({ ...joined, kind: 'embedding' }, 3, shape)).toContain('token 3 \u201ct3\u201d');
    expect(colName({ ...joined, kind: 'output' }, 5, shape)).toBe('head 2, number 1');
  });

  it('is divided by its rows', () => {
    const weights = { tensors: [joined] } as unknown as Weights;
    expect(inFile(weights, 'query')).toEqual({ bytes: 96, types: 'F16' });
    expect(inFile(weights, 'value')).toEqual({ bytes: 32, types: 'F16' });
  });
});
