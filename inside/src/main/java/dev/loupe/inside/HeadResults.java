package dev.loupe.inside;

import dev.loupe.kernels.SelfAttention.Heads;
import dev.loupe.model.Block;

/**
 * What each head of a block writes: attention's output matrix times the head's mixed values alone.
 * The results of all heads, plus the output's bias, are what attention writes.
 */
final class HeadResults {
    private final float[][] out;
    private final Heads heads;

    HeadResults(Block block) {
        out = LinearRows.all(block.attn().out());
        heads = block.attn().heads();
    }

    /** Writes what all heads make of one token's mixed values, {@code [nHead, nEmbd]}. */
    void write(float[] z, int zFrom, float[] into, int from) {
        for (int head = 0; head < heads.nHead(); head++) {
            write(head, z, zFrom + head * heads.headDim(), into, from + head * out.length);
        }
    }

    /** Writes what one head makes of {@code headDim} numbers, {@code nEmbd} of them. */
    void write(int head, float[] z, int zFrom, float[] into, int from) {
        int headDim = heads.headDim();
        for (int e = 0; e < out.length; e++) {
            float[] row = out[e];
            float sum = 0;
            for (int i = 0; i < headDim; i++) {
                sum = Math.fma(row[head * headDim + i], z[zFrom + i], sum);
            }
            into[from + e] = sum;
        }
    }
}
