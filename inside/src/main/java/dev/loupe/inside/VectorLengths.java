package dev.loupe.inside;

import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

import java.util.List;

/** Measures the vectors that pass hooks of the residual stream, and keeps nothing else of them. */
final class VectorLengths implements Taps {
    private final GptConfig config;
    private final List<Hook> hooks;
    private final double[][] lengths;
    private int first;

    /**
     * @param tokens how many will come
     */
    VectorLengths(GptConfig config, List<Hook> hooks, int tokens) {
        this.config = config;
        this.hooks = hooks;
        lengths = new double[hooks.size()][tokens];
    }

    @Override
    public void begin(Batch batch) {
        first = batch.parts().getFirst().cache().length();
    }

    @Override
    public boolean wants(Site site, int layer) {
        return hooks.stream().anyMatch(hook -> isAt(hook, site, layer));
    }

    private boolean isAt(Hook hook, Site site, int layer) {
        return hook.site(config) == site && hook.kind().tappedLayer(config, hook.layer()) == layer;
    }

    @Override
    public Tensor at(Site site, int layer, Tensor x, Ops ops) {
        for (int i = 0; i < lengths.length; i++) {
            if (isAt(hooks.get(i), site, layer)) {
                for (int row = 0; row < x.rows(); row++) {
                    lengths[i][first + row] = of(x.data(), x.row(row), x.cols());
                }
            }
        }
        return x;
    }

    /** {@code [hook][token]}. */
    double[][] lengths() {
        return lengths;
    }

    /** The length of a vector. */
    static double of(float[] numbers, int from, int n) {
        double sum = 0;
        for (int i = from; i < from + n; i++) {
            sum += (double) numbers[i] * numbers[i];
        }
        return Math.sqrt(sum);
    }
}
