package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.Taps;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A prompt whose run is looked into again and again: what was captured once stays, up to a bound.
 */
public final class CapturedRun implements Derivation.Run {
    private final Gpt gpt;
    private final Processor processor;
    private final int[] ids;
    private final Taps changes;
    private final long mostBytes;
    private final Map<Hook, NamedArray> arrays = new HashMap<>();
    private long bytes;

    /**
     * @param changes what is done to the run
     * @param mostBytes how much memory captured arrays may take together; older ones go first
     */
    public CapturedRun(Gpt gpt, Processor processor, int[] ids, Taps changes, long mostBytes) {
        this.gpt = gpt;
        this.processor = processor;
        this.ids = ids.clone();
        this.changes = changes;
        this.mostBytes = mostBytes;
    }

    @Override
    public Gpt gpt() {
        return gpt;
    }

    @Override
    public int[] ids() {
        return ids.clone();
    }

    /**
     * What hooks saw, in the order of the data.
     *
     * @throws HookException if they take more memory than there is
     */
    public List<NamedArray> get(List<Hook> hooks) {
        List<Hook> missing = hooks.stream().filter(hook -> !arrays.containsKey(hook)).toList();
        if (!missing.isEmpty()) {
            Capture capture = new Capture(gpt, missing, ids.length, mostBytes);
            long more = Capture.bytes(gpt.config(), missing, 0, ids.length);
            if (bytes + more > mostBytes) {
                arrays.keySet().retainAll(hooks);
                bytes = Capture.bytes(gpt.config(), List.copyOf(arrays.keySet()), 0, ids.length);
                if (bytes + more > mostBytes) {
                    arrays.clear();
                    bytes = 0;
                    return get(hooks);
                }
            }
            new Reader(gpt, processor, changes.then(capture)).read(ids);
            missing.forEach(hook -> arrays.put(hook, capture.get(hook)));
            bytes += more;
        }
        List<NamedArray> found = new ArrayList<>();
        for (Hook hook : hooks) {
            found.add(
                    arrays.getOrDefault(
                            hook, new NamedArray(hook.name(), new int[] {0}, new float[0])));
        }
        return found;
    }

    @Override
    public NamedArray get(Hook hook) {
        return get(List.of(hook)).getFirst();
    }

    Processor processor() {
        return processor;
    }

    /** What a hook with two axes saw. */
    Tensor tensor(Hook hook) {
        NamedArray array = get(hook);
        int cols = array.shape()[1];
        return new Tensor(array.values(), 0, array.shape()[0], cols, cols, 0);
    }

    /** How many bytes captured arrays take. */
    public long bytes() {
        return bytes;
    }

    @Override
    public float[] logits(int position) {
        return logits(new int[] {position})[0];
    }

    /** The logits behind some positions, {@code [position][vocabSize]}. */
    public float[][] logits(int... positions) {
        Tensor rows = tensor(new Hook(HookKind.FINAL_NORMALIZED, 0));
        float[][] logits = new float[positions.length][];
        for (int i = 0; i < positions.length; i++) {
            Tensor one = gpt.unembed(new Inference(processor), rows, new int[] {positions[i]});
            logits[i] = Arrays.copyOfRange(one.data(), one.row(0), one.row(0) + one.cols());
        }
        return logits;
    }
}
