package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.Taps;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A prompt whose run is looked into again and again: what was captured once stays, up to a bound.
 */
public final class CapturedRun {
    private final Gpt gpt;
    private final Processor processor;
    private final int[] ids;
    private final Taps changes;
    private final long mostBytes;
    private final Map<Hook, NamedArray> arrays = new HashMap<>();

    /**
     * @param changes what is done to the run
     * @param mostBytes how much memory captured arrays may take together; when there is no room for
     *     more, those of before go
     */
    public CapturedRun(Gpt gpt, Processor processor, int[] ids, Taps changes, long mostBytes) {
        this.gpt = gpt;
        this.processor = processor;
        this.ids = ids.clone();
        this.changes = changes;
        this.mostBytes = mostBytes;
    }

    /** The model that ran. */
    public Gpt gpt() {
        return gpt;
    }

    Processor processor() {
        return processor;
    }

    /** The prompt. */
    public int[] ids() {
        return ids.clone();
    }

    /**
     * What hooks saw, in their order; what is missing is captured in one run.
     *
     * @throws HookException if they take more memory than there is
     */
    public List<NamedArray> get(List<Hook> hooks) {
        List<Hook> missing = missing(hooks);
        if (bytes(arrays.keySet()) + bytes(missing) > mostBytes) {
            arrays.clear();
            missing = missing(hooks);
        }
        if (!missing.isEmpty()) {
            Capture capture = new Capture(gpt, missing, ids.length, mostBytes);
            new Reader(gpt, processor, changes.then(capture)).read(ids);
            missing.forEach(hook -> arrays.put(hook, capture.get(hook)));
        }
        return hooks.stream().map(arrays::get).map(Objects::requireNonNull).toList();
    }

    private List<Hook> missing(List<Hook> hooks) {
        return hooks.stream().filter(hook -> !arrays.containsKey(hook)).toList();
    }

    private long bytes(List<Hook> hooks) {
        return Capture.bytes(gpt.config(), hooks, 0, ids.length);
    }

    private long bytes(Set<Hook> hooks) {
        return bytes(List.copyOf(hooks));
    }

    /** What a hook saw. */
    public NamedArray get(Hook hook) {
        return get(List.of(hook)).getFirst();
    }

    /**
     * The length of each token's vector at hooks of the residual stream, {@code [hook][token]}.
     * Nothing else is kept, so that a long text has room too.
     */
    public double[][] lengths(List<Hook> hooks) {
        if (missing(hooks).isEmpty()) {
            return hooks.stream().map(hook -> lengths(get(hook))).toArray(double[][]::new);
        }
        VectorLengths lengths = new VectorLengths(gpt.config(), hooks, ids.length);
        new Reader(gpt, processor, changes.then(lengths)).read(ids);
        return lengths.lengths();
    }

    private static double[] lengths(NamedArray array) {
        int n = array.shape()[1];
        double[] lengths = new double[array.shape()[0]];
        Arrays.setAll(lengths, t -> VectorLengths.of(array.values(), t * n, n));
        return lengths;
    }

    /** What a hook with two axes saw. */
    Tensor tensor(Hook hook) {
        NamedArray array = get(hook);
        int cols = array.shape()[1];
        return new Tensor(array.values(), 0, array.shape()[0], cols, cols, 0);
    }

    /** The logits behind some positions, {@code [position, vocabSize]}. */
    public NamedArray logits(int... positions) {
        Tensor hidden = tensor(new Hook(HookKind.FINAL_NORMALIZED, 0));
        Tensor logits = gpt.unembed(new Inference(processor), hidden, positions).copy();
        int[] shape = {logits.rows(), logits.cols()};
        return new NamedArray(Derivation.LOGITS, shape, logits.data());
    }
}
