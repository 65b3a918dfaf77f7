import { describe, expect, it } from 'vitest';
import { cutBy, distribution, interval, NEUTRAL, rank, type Sampling } from './sampling';

/** Logits without chance: a sine that runs through all sizes. */
const many = Float32Array.from(
  { length: 49152 },
  (_, i) => 12 * Math.sin(i * i * 0.37) + 6 * Math.cos(i),
);
const of = (logits: number[], sampling: Partial<Sampling> = {}) =>
  distribution(rank(Float32Array.from(logits)), { ...NEUTRAL, ...sampling });
const sum = (numbers: Float64Array) => numbers.reduce((a, b) => a + b, 0);

describe('the distribution', () => {
  it('is the softmax where no step is on', () => {
    const { probability, order, kept } = of([0, Math.log(2), Math.log(5)]);
    expect([...order]).toEqual([2, 1, 0]);
    expect(kept).toBe(3);
    [5 / 8, 2 / 8, 1 / 8].forEach((p, r) => expect(probability[r]).toBeCloseTo(p, 6));
  });

  it('sums to 1 over a whole vocabulary, whatever the settings', () => {
    const ranked = rank(many);
    for (const temperature of [0, 0.05, 0.3, 1, 2]) {
      for (const topK of [0, 1, 40, 1e6]) {
        for (const topP of [0.01, 0.9, 1]) {
          for (const minP of [0, 0.1, 1]) {
            const made = distribution(ranked, { temperature, topK, topP, minP });
            expect(Math.abs(sum(made.probability) - 1)).toBeLessThan(1e-6);
            expect(Math.abs(sum(made.softmax) - 1)).toBeLessThan(1e-6);
            expect(made.kept).toBeGreaterThan(0);
          }
        }
      }
    }
  });

  it('puts the lower id first among equals, at temperature 0 too', () => {
    expect([...of([1, 3, 3, 2]).order]).toEqual([1, 2, 3, 0]);
    const greedy = of([1, 3, 3, 2], { temperature: 0, topK: 3, topP: 0.1 });
    expect([...greedy.probability]).toEqual([1, 0, 0, 0]);
    expect(greedy.steps).toEqual([{ cut: 'temperature 0', left: 1 }]);
    expect(greedy.entropy).toBe(0);
  });

  it('divides by the temperature and keeps the ranks', () => {
    const cold = of([1, 2, 4], { temperature: 0.5 });
    expect([...cold.scaled]).toEqual([8, 4, 2]);
    expect(cold.probability[0]).toBeCloseTo(1 / (1 + Math.exp(-4) + Math.exp(-6)), 12);
    expect([...of([1, 2, 4], { temperature: 2 }).order]).toEqual([...cold.order]);
  });

  it('cuts with each step from what the one before left', () => {
    // probabilities 0.4 0.3 0.2 0.1; of the first three, 0.444 0.333 0.222
    const logits = [0.4, 0.3, 0.2, 0.1].map(Math.log);
    expect(of(logits, { topK: 3 }).kept).toBe(3);
    expect(of(logits, { topP: 0.75 }).kept).toBe(3);
    const both = of(logits, { topK: 3, topP: 0.75 });
    expect(both.kept).toBe(2);
    expect(both.steps).toEqual([
      { cut: 'top-k', left: 3 },
      { cut: 'top-p', left: 2 },
    ]);
    expect([0, 1, 2, 3].map((r) => cutBy(both, r))).toEqual([null, null, 'top-p', 'top-k']);
    expect(both.probability[0]).toBeCloseTo(4 / 7, 6);
    expect(of(logits, { minP: 0.6 }).kept).toBe(2);
    expect(of(logits, { topK: 1, topP: 0.5, minP: 1 }).kept).toBe(1);
  });

  it('measures how open it is in bits', () => {
    expect(of([2, 2, 2, 2]).entropy).toBeCloseTo(2, 12);
    expect(of([2, 2, 2, 2], { topK: 2 }).entropy).toBeCloseTo(1, 12);
  });

  it('gives each token its piece of the line', () => {
    const sorted = of([0, Math.log(3)], { topK: 2 });
    expect(interval(sorted, 0)).toEqual([0, sorted.probability[0]]);
    expect(interval(sorted, 1)[0]).toBeCloseTo(0.75, 6);
    expect(interval(sorted, 1)[1]).toBeCloseTo(1, 6);
    const asTheyCome = of([0, Math.log(3)]);
    expect(interval(asTheyCome, 0)[0]).toBeCloseTo(0.25, 6);
    expect(interval(asTheyCome, 1)).toEqual([0, asTheyCome.probability[1]]);
  });
});
