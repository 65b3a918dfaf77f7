import { describe, expect, it } from 'vitest';
import { readOpen, writeOpen } from './open';
import { says } from './stages';

describe('what is open', () => {
  it('stands in the address, there and back', () => {
    const open = { stage: 6, block: 5, head: 3, mlp: false, token: 4 };
    expect(writeOpen(open)).toBe('s6.b5.h3.t4');
    expect(readOpen('s6.b5.h3.t4')).toEqual(open);
    const mlp = { stage: 1, block: 0, head: -1, mlp: true, token: -1 };
    expect(readOpen(writeOpen(mlp))).toEqual(mlp);
    expect(readOpen('nonsense.h99999999')).toEqual({
      stage: 0,
      block: -1,
      head: -1,
      mlp: false,
      token: -1,
    });
  });

  it('has a sentence for each stage', () => {
    const names = [0, 1, 30, 31, 32].map((stage) => says(stage, 30).name);
    expect(names).toEqual(['Embedding', 'Block 0', 'Block 29', 'Last norm', 'Next token']);
  });
});
