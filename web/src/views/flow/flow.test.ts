import { describe, expect, it } from 'vitest';
import { lit } from './inputs';
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

describe('the inputs of a number', () => {
  const term = (name: string, index: number) => ({ name, index, product: 1 });
  const many = (name: string) => Array.from({ length: 20 }, (_, i) => term(name, i));

  it('are a whole strip of the same token where there are many', () => {
    const asked = { hook: 'blocks.3.attn.hook_q', index: [2, 1, 5] };
    const terms = many('blocks.3.ln1.hook_normalized');
    expect(lit(asked, terms, 3, 'blocks.3.ln1.hook_normalized', [2])).toBe('all');
    expect(lit(asked, terms, 3, 'blocks.3.ln1.hook_normalized', [1])).toBeUndefined();
    expect(lit(asked, terms, 3, 'blocks.2.ln1.hook_normalized', [2])).toBeUndefined();
  });

  it('are places where there are few', () => {
    const asked = { hook: 'blocks.3.hook_resid_post', index: [2, 7] };
    const terms = [term('blocks.3.hook_resid_mid', 7), term('blocks.3.hook_mlp_out', 7)];
    expect(lit(asked, terms, 3, 'blocks.3.hook_mlp_out', [2])).toEqual([7]);
  });

  it('of a score are the query and the key, which several heads share', () => {
    const asked = { hook: 'blocks.3.attn.hook_attn_scores', index: [5, 4, 2] };
    const terms = many('q[d] · k[d]');
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_rot_q', [4, 5])).toBe('all');
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_rot_q', [2, 5])).toBeUndefined();
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_rot_k', [2, 1])).toBe('all');
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_rot_k', [2, 0])).toBeUndefined();
    expect(lit(asked, [], 3, 'blocks.3.attn.hook_rot_k', [2, 1])).toBeUndefined();
  });

  it('of a mix are the values of the tokens that are read, in one place', () => {
    const asked = { hook: 'blocks.3.attn.hook_z', index: [2, 4, 9] };
    const terms = [term('v of token 0', 0), term('v of token 2', 2)];
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_v', [2, 1])).toEqual([9]);
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_v', [1, 1])).toBeUndefined();
    expect(lit(asked, terms, 3, 'blocks.3.attn.hook_v', [2, 2])).toBeUndefined();
  });

  it('of what a head writes are its own numbers, of what all write are all', () => {
    const terms = many('blocks.3.attn.hook_z');
    const result = { hook: 'blocks.3.attn.hook_result', index: [2, 4, 9] };
    expect(lit(result, terms, 3, 'blocks.3.attn.hook_z', [2, 4])).toBe('all');
    expect(lit(result, terms, 3, 'blocks.3.attn.hook_z', [2, 3])).toBeUndefined();
    const out = { hook: 'blocks.3.hook_attn_out', index: [2, 9] };
    expect(lit(out, terms, 3, 'blocks.3.attn.hook_z', [2, 3])).toBe('all');
  });
});
