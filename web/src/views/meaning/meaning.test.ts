import { describe, expect, it } from 'vitest';
import { arrows, name } from './arrows';
import type { Plane, Term } from './calls';
import { shortNames } from './names';
import { lanes } from './lanes';
import { readLooked, splitWords, writeLooked, type Looked } from './looked';
import { dotAt, scene, turn } from './scene';

const looked: Looked = {
  sum: "a% + 'b;c' - #12",
  set: '',
  words: ["' x y'", 'z>;'],
  axes: [
    { from: 'he', to: 'she' },
    { from: 'one > two', to: 'three' },
  ],
  word: 77,
  line: 'up - down',
  on: 'a b',
  table: 'unembedding',
};

describe('what is looked at', () => {
  it('stands in the address, there and back', () => {
    expect(readLooked(writeLooked(looked))).toEqual(looked);
    const first = readLooked('');
    expect(writeLooked(first)).toBe('');
    expect(first.sum).toBe('woman - man + king');
  });

  it('takes no harm from what is nonsense', () => {
    const read = readLooked('word=-3;x=only;table=other;set=nothing;=;;%;sum');
    expect(read.word).toBe(-1);
    expect(read.axes).toEqual([]);
    expect(read.table).toBe('embedding');
    expect(readLooked(`words=${'a '.repeat(5000)}`).words).toHaveLength(2000);
  });

  it('has words between blanks and commas, and in quotes', () => {
    expect(splitWords(" a, b ' c d' e don't")).toEqual({
      words: ['a', 'b', "' c d'", 'e', "don't"],
      unread: [],
    });
    expect(splitWords("a 'b 'c'd")).toEqual({ words: ['a'], unread: ["'b", "'c'd"] });
    expect(readLooked("words=king 'b").words).toEqual(['king']);
  });
});

const term = (id: number, minus: boolean): Term => ({
  word: `w${id}`,
  exact: false,
  pieces: 1,
  ids: [id],
  minus,
});

describe('arrows', () => {
  const plane: Plane = {
    among: true,
    explained: [1, 0],
    zero: [10, 10],
    sum: [6, 3],
    words: [
      { id: 1, at: [1, 2] },
      { id: 2, at: [0, 0] },
      { id: 3, at: [5, 1] },
    ],
    neighbours: [],
  };
  const text = (id: number) => `w${id}`;

  it('carry the step between two words to the third', () => {
    const sum = [term(1, false), term(2, true), term(3, false)];
    const [pattern, step] = arrows(sum, plane, text);
    expect(pattern).toMatchObject({ from: [0, 0], to: [1, 2], pattern: true });
    expect(step).toMatchObject({ from: [5, 1], to: [6, 3], label: 'w1 − w2' });
  });

  it('go from zero from word to word otherwise', () => {
    const sum = [term(1, false), term(2, true)];
    const found = arrows(sum, { ...plane, among: false }, text);
    expect(found.map(({ from, to }) => [from, to])).toEqual([
      [
        [10, 10],
        [1, 2],
      ],
      [
        [1, 2],
        [11, 12],
      ],
    ]);
  });

  it('have names that do not lie on each other', () => {
    const marks = [
      { x: 100, y: 100, text: 'one' },
      { x: 110, y: 100, text: 'two' },
      { x: 104, y: 108, text: 'three' },
      { x: 395, y: 100, text: 'at the edge' },
    ];
    const size = { wide: 400, high: 300, letter: 8 };
    const labels = name(marks, [[80, 100]], size);
    const boxes = labels.map(({ x, y, text, anchor }) => {
      const width = text.length * 8;
      const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
      return { left, right: left + width, top: y - 12, bottom: y + 3 };
    });
    boxes.forEach((a, i) => {
      expect(a.left >= 0 && a.right <= 400).toBe(true);
      for (const b of boxes.slice(i + 1)) {
        const free =
          a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(free, `${labels[i]?.text}`).toBe(true);
      }
    });
  });
});

describe('the cloud', () => {
  const points = [
    [3, 0, 0],
    [0, 2, 0],
    [0, 0, 1],
    [-3, -2, -1],
  ].map((at, id) => ({ id, label: `word ${id}`, at }));
  const picture = { points, links: [[0, 1]] as const, axes: ['x', 'y', 'z'], selected: 2 };

  it('keeps lengths when it is turned', () => {
    for (const yaw of [0, 1, 2.5]) {
      for (const pitch of [-1, 0, 0.7]) {
        expect(Math.hypot(...turn([3, -4, 12], { yaw, pitch }))).toBeCloseTo(13, 9);
      }
    }
    // from the front the first axis runs to the right and the second up
    expect(turn([1, 2, 3], { yaw: 0, pitch: 0 })).toEqual([1, 2, 3]);
  });

  it('fits, however it is turned, and its rule is a length of the picture', () => {
    for (const yaw of [0, 0.8, 1.6, 3]) {
      const { dots, rule, links } = scene(picture, { yaw, pitch: 0.3, zoom: 1 }, 600, 400);
      for (const { x, y } of dots) {
        expect(x > 0 && x < 600 && y > 0 && y < 400).toBe(true);
      }
      expect(links).toHaveLength(1);
      expect(rule.dots).toBeGreaterThan(20);
    }
    const front = scene(picture, { yaw: 0, pitch: 0, zoom: 1 }, 600, 400);
    const at = (id: number) => front.dots.find((dot) => dot.id === id);
    const apart = (at(0)?.x ?? 0) - (at(1)?.x ?? 0);
    expect(apart / 3).toBeCloseTo(front.rule.dots / front.rule.length, 6);
  });

  it('finds the dot under the pointer', () => {
    const front = scene(picture, { yaw: 0, pitch: 0, zoom: 1 }, 600, 400);
    for (const dot of front.dots) {
      expect(dotAt(front, dot.x + 2, dot.y - 1)?.id).toBe(dot.id);
    }
    expect(dotAt(front, 1, 1)).toBeUndefined();
    const near = front.dots.find(({ named }) => named === 'right');
    expect(dotAt(front, (near?.x ?? 0) + 30, near?.y ?? 0)?.id).toBe(near?.id);
  });

  it('comes nearer around the selected word', () => {
    const { dots, rule } = scene(picture, { yaw: 1, pitch: 0.2, zoom: 8 }, 600, 400);
    expect(dots.find(({ id }) => id === 2)).toMatchObject({ x: 300, y: 200 });
    const far = scene(picture, { yaw: 1, pitch: 0.2, zoom: 1 }, 600, 400).rule;
    expect(rule.dots / rule.length / (far.dots / far.length)).toBeCloseTo(8, 9);
  });

  it('puts a name on the left where there is no room on the right', () => {
    const close = [0, 1].map((id) => ({ id, label: 'name', at: [id * 0.01, 0, id] }));
    const from = { yaw: 0, pitch: 0, zoom: 1 };
    const sides = (left: boolean) =>
      scene({ ...picture, links: [], points: close, selected: -1 }, from, 600, 400, left)
        .dots.map(({ named }) => named)
        .toSorted();
    expect(sides(true)).toEqual(['left', 'right']);
    expect(sides(false)).toEqual([null, 'right'].toSorted());
  });

  it('names the selected word whatever lies before it', () => {
    const crowd = Array.from({ length: 50 }, (_, id) => ({ id, label: 'same', at: [0, 0, id] }));
    const { dots } = scene(
      { ...picture, links: [], points: crowd, selected: 0 },
      { yaw: 0, pitch: 0, zoom: 1 },
      600,
      400,
    );
    expect(dots.filter(({ named }) => named !== null).map(({ id }) => id)).toEqual([0]);
  });
});

it('words that lie close on a line stand one above the other', () => {
  const words = [
    { x: 0, text: 'one' },
    { x: 10, text: 'two' },
    { x: 200, text: 'far' },
  ];
  expect(lanes(words, 7).map(({ lane }) => lane)).toEqual([0, 1, 0]);
});

it('names have their blank where it tells them apart', () => {
  const texts = [' queen', 'queen', ' king', '\n'];
  const text = (id: number) => texts[id] ?? '';
  expect(shortNames([0, 2, 3], text)).toEqual(['queen', 'king', '⏎']);
  expect(shortNames([0, 1, 2, 2], text)).toEqual(['·queen', 'queen', 'king', 'king']);
});
