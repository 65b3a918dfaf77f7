package dev.loupe.inside;

import dev.loupe.model.Block;
import dev.loupe.model.Gpt;

import java.util.List;

/**
 * Attention by how much it moves: each weight of a pattern times the length of the vector that it
 * weighs (Kobayashi et al. 2020, arXiv:2004.10102). A head may look hard at a token whose value is
 * nearly nothing, as many do at the first; by this measure it then hardly looks.
 */
public final class AttentionWeights {
    private AttentionWeights() {}

    /** The hooks that {@link #normWeighted} needs of a block. */
    public static List<Hook> hooks(int layer) {
        return List.of(new Hook(HookKind.V, layer), new Hook(HookKind.PATTERN, layer));
    }

    /**
     * {@code alpha[head, query, key] * |W_O v[key]|}, {@code [nHead, query, key]}: the length of
     * what the query's token receives from the key's through the head, before any norm that follows
     * attention. The values' bias is in it, the output's is not.
     *
     * @param capture has the pattern and the values of the block, of all positions
     * @throws HookException if it has not
     */
    public static NamedArray normWeighted(Gpt gpt, Capture capture, int layer) {
        NamedArray pattern = capture.get(new Hook(HookKind.PATTERN, layer));
        NamedArray v = capture.get(new Hook(HookKind.V, layer));
        return normWeighted(gpt.blocks().get(layer), pattern, v);
    }

    /** The same of some queries. */
    static NamedArray normWeighted(Block block, NamedArray pattern, NamedArray v) {
        int nHead = pattern.shape()[0];
        int queries = pattern.shape()[1];
        int keys = pattern.shape()[2];
        float[][] lengths = lengths(block, v, nHead, keys);
        float[] weighted = new float[pattern.values().length];
        for (int head = 0; head < nHead; head++) {
            for (int query = 0; query < queries; query++) {
                int row = (head * queries + query) * keys;
                for (int key = 0; key < keys; key++) {
                    weighted[row + key] = pattern.values()[row + key] * lengths[head][key];
                }
            }
        }
        String name = "blocks." + block.layer() + ".attn.norm_weighted";
        return new NamedArray(name, pattern.shape(), weighted);
    }

    private static float[][] lengths(Block block, NamedArray v, int nHead, int keys) {
        HeadResults results = new HeadResults(block);
        int nKvHead = v.shape()[1];
        int nEmbd = block.attn().out().weight().rows();
        float[] result = new float[nEmbd];
        float[][] lengths = new float[nHead][keys];
        for (int head = 0; head < nHead; head++) {
            for (int key = 0; key < keys; key++) {
                int from = v.index(key, head * nKvHead / nHead, 0);
                results.write(head, v.values(), from, result, 0);
                double squares = 0;
                for (float x : result) {
                    squares += (double) x * x;
                }
                lengths[head][key] = (float) Math.sqrt(squares);
            }
        }
        return lengths;
    }
}
