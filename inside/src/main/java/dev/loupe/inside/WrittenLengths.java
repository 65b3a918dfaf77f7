package dev.loupe.inside;

import dev.loupe.model.Block;
import dev.loupe.model.Norm;

import java.util.ArrayList;
import java.util.List;

/**
 * How much the parts of a model wrote at a position: the length of each vector that was added to
 * the residual stream there. What a head wrote is measured behind any norm that follows attention,
 * with the divisor that it had; the output's bias is no head's.
 *
 * @param heads {@code [layer][head]}
 * @param mlps one for each layer
 */
public record WrittenLengths(double[][] heads, double[] mlps) {
    /** The lengths at a position of a run. */
    public static WrittenLengths of(CapturedRun run, int position) {
        List<Block> blocks = run.gpt().blocks();
        List<Hook> hooks = new ArrayList<>();
        for (Block block : blocks) {
            hooks.add(new Hook(HookKind.Z, block.layer()));
            hooks.add(new Hook(HookKind.MLP_OUT, block.layer()));
        }
        List<NamedArray> seen = run.get(hooks);
        double[][] heads = new double[blocks.size()][];
        double[] mlps = new double[blocks.size()];
        for (int layer = 0; layer < mlps.length; layer++) {
            NamedArray z = seen.get(2 * layer);
            heads[layer] = heads(blocks.get(layer), z, position);
            NamedArray mlp = seen.get(2 * layer + 1);
            int n = mlp.shape()[1];
            double[] row = new double[n];
            for (int e = 0; e < n; e++) {
                row[e] = mlp.at(position, e);
            }
            mlps[layer] = length(row);
        }
        return new WrittenLengths(heads, mlps);
    }

    private static double[] heads(Block block, NamedArray z, int position) {
        int nHead = z.shape()[1];
        int n = block.attn().out().weight().rows();
        float[] results = new float[nHead * n];
        new HeadResults(block).write(z.values(), z.index(position, 0, 0), results, 0);
        Norm after = block.postAttn();
        float[] total = total(block, results, n);
        double[] lengths = new double[nHead];
        for (int head = 0; head < nHead; head++) {
            double[] written = new double[n];
            for (int e = 0; e < n; e++) {
                written[e] = results[head * n + e];
            }
            lengths[head] = length(after == null ? written : Writing.held(after, total, written));
        }
        return lengths;
    }

    private static float[] total(Block block, float[] results, int n) {
        float[] bias = block.attn().out().bias();
        float[] total = bias == null ? new float[n] : bias.clone();
        for (int i = 0; i < results.length; i++) {
            total[i % n] += results[i];
        }
        return total;
    }

    private static double length(double[] vector) {
        double squares = 0;
        for (double x : vector) {
            squares += x * x;
        }
        return Math.sqrt(squares);
    }
}
