package dev.loupe.inside;

import dev.loupe.inside.Intervention.Cut;
import dev.loupe.inside.Intervention.Fill;
import dev.loupe.inside.Intervention.Patch;
import dev.loupe.inside.Intervention.Scale;
import dev.loupe.inside.Intervention.Steer;
import dev.loupe.inside.Intervention.Zero;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

import java.util.Arrays;
import java.util.List;

/**
 * Carries out interventions, one after the other where several meet. They are written in the
 * model's own operations, so that gradients flow through them. What they leave alone keeps its
 * bits.
 */
public final class Interventions implements Taps {
    private final List<Intervention> all;
    private final int nHead;
    private int[] positions = new int[0];

    /**
     * @throws HookException if an edge is of a block or head that the model has not
     */
    public Interventions(Gpt gpt, List<Intervention> all) {
        this.all = List.copyOf(all);
        nHead = gpt.config().attention().nHead();
        for (Intervention one : all) {
            if (one instanceof Cut cut
                    && (cut.layer() >= gpt.config().nLayer() || cut.head() >= nHead)) {
                throw new HookException(
                        "edge: found block %d and head %d, expected at most %d and %d"
                                .formatted(
                                        cut.layer(),
                                        cut.head(),
                                        gpt.config().nLayer() - 1,
                                        nHead - 1));
            }
        }
    }

    @Override
    public void begin(Batch batch) {
        positions = new int[batch.rows()];
        for (int p = 0; p < batch.parts().size(); p++) {
            Batch.Part part = batch.parts().get(p);
            for (int i = 0; i < part.ids().length; i++) {
                positions[batch.start(p) + i] = part.cache().length() + i;
            }
        }
    }

    @Override
    public boolean wants(Site site, int layer) {
        return all.stream().anyMatch(one -> isAt(one, site, layer));
    }

    private static boolean isAt(Intervention one, Site site, int layer) {
        if (one instanceof Cut cut) {
            return site == Site.SCORES && layer == cut.layer();
        }
        Place place = place(one);
        return place.site() == site && place.hook().layer() == layer;
    }

    private static Place place(Intervention one) {
        return switch (one) {
            case Zero zero -> zero.place();
            case Fill fill -> fill.place();
            case Scale scale -> scale.place();
            case Patch patch -> patch.place();
            case Steer steer -> steer.place();
            case Cut cut -> throw new IllegalArgumentException("an edge has no place");
        };
    }

    @Override
    public Tensor at(Site site, int layer, Tensor x, Ops ops) {
        Tensor y = x;
        for (Intervention one : all) {
            if (isAt(one, site, layer)) {
                y = one instanceof Cut cut ? cut(cut, y, ops) : change(one, y, ops);
            }
        }
        return y;
    }

    private Tensor change(Intervention one, Tensor x, Ops ops) {
        Place place = place(one);
        int group = common(common(place.column(), place.columns()), x.cols());
        boolean[][] chosen = new boolean[x.rows()][x.cols() / group];
        boolean any = false;
        for (int row = 0; row < x.rows(); row++) {
            if (place.has(positions[row])) {
                int first = place.column() / group;
                Arrays.fill(chosen[row], first, first + place.columns() / group, true);
                any = true;
            }
        }
        boolean nothing =
                (one instanceof Scale scale && scale.factor() == 1)
                        || (one instanceof Steer steer && steer.strength() == 0);
        if (!any || nothing) {
            return x;
        }
        return ops.choose(chosen, x, changed(one, x, ops));
    }

    private static int common(int a, int b) {
        return b == 0 ? a : common(b, a % b);
    }

    private Tensor changed(Intervention one, Tensor x, Ops ops) {
        return switch (one) {
            case Zero zero -> Tensor.of(x.rows(), x.cols(), x.generated());
            case Fill fill -> rows(x, fill.values(), 1);
            case Scale scale -> ops.scale(x, scale.factor());
            case Patch patch -> patched(patch, x);
            case Steer steer -> ops.add(x, rows(x, steer.direction(), steer.strength()));
            case Cut cut -> throw new IllegalArgumentException("an edge is cut elsewhere");
        };
    }

    /** Each row the same. */
    private static Tensor rows(Tensor x, float[] row, float factor) {
        Tensor y = Tensor.of(x.rows(), x.cols(), x.generated());
        for (int r = 0; r < y.rows(); r++) {
            for (int c = 0; c < y.cols(); c++) {
                y.data()[y.row(r) + c] = factor * row[c];
            }
        }
        return y;
    }

    private Tensor patched(Patch patch, Tensor x) {
        Tensor y = Tensor.of(x.rows(), x.cols(), x.generated());
        int tokens = patch.source().shape()[0];
        for (int row = 0; row < x.rows(); row++) {
            if (patch.place().has(positions[row])) {
                int from = positions[row] + patch.shift();
                if (from < 0 || from >= tokens) {
                    throw new IllegalArgumentException(
                            "patch of %s: position %d takes from %d, and the source has %d"
                                    .formatted(patch.place(), positions[row], from, tokens));
                }
                System.arraycopy(
                        patch.source().values(), from * x.cols(), y.data(), y.row(row), x.cols());
            }
        }
        return y;
    }

    private Tensor cut(Cut cut, Tensor scores, Ops ops) {
        int keys = scores.cols() / nHead;
        boolean[][] chosen = new boolean[scores.rows()][scores.cols()];
        boolean any = false;
        for (int row = 0; row < scores.rows(); row++) {
            if (positions[row] != cut.query()) {
                continue;
            }
            for (int head = 0; head < nHead; head++) {
                if (cut.head() == -1 || cut.head() == head) {
                    chosen[row][head * keys + cut.key()] = true;
                    any = true;
                    leavesOne(cut, scores, row, head * keys, keys);
                }
            }
        }
        if (!any) {
            return scores;
        }
        Tensor masked = Tensor.of(scores.rows(), scores.cols(), scores.generated());
        Arrays.fill(masked.data(), Float.NEGATIVE_INFINITY);
        return ops.choose(chosen, scores, masked);
    }

    private static void leavesOne(Cut cut, Tensor scores, int row, int from, int keys) {
        for (int key = 0; key < keys; key++) {
            if (key != cut.key() && scores.at(row, from + key) > Float.NEGATIVE_INFINITY) {
                return;
            }
        }
        throw new HookException(
                "edge: position %d of block %d would see nothing any more"
                        .formatted(cut.query(), cut.layer()));
    }
}
