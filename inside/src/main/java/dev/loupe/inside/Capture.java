package dev.loupe.inside;

import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Norm;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps what passes some hooks, of one sequence: over a whole prompt, piece by piece, and while
 * tokens are generated with a cache. It changes no bit of the result. The memory that it takes is
 * known, and taken, before anything runs.
 *
 * <pre>{@code
 * Hooks hooks = Hooks.of(gpt);
 * Capture capture =
 *         new Capture(gpt, hooks.matching(List.of("*.hook_pattern")), ids.length, 1 << 30);
 * gpt.hidden(new Inference(processor, capture), new Batch(new Batch.Part(cache, false, ids)));
 * NamedArray pattern = capture.get("blocks.0.attn.hook_pattern"); // [nHead, query, key]
 * }</pre>
 */
public final class Capture implements Taps {
    private record Place(Site site, int layer) {}

    private final Gpt gpt;
    private final int from;
    private final int to;
    private final Map<Place, List<Hook>> wanted = new HashMap<>();
    private final List<Hook> hooks;
    private final Map<Hook, float[]> kept = new HashMap<>();
    private int first;
    private int end;
    private int seen;

    /**
     * Captures the positions from 0 on.
     *
     * @param tokens how many positions at most
     * @param mostBytes how much memory it may take
     * @throws HookException if it would take more
     */
    public Capture(Gpt gpt, List<Hook> hooks, int tokens, long mostBytes) {
        this(gpt, hooks, 0, tokens, mostBytes);
    }

    /**
     * Captures the positions {@code [from, to)}. Their attention is kept over all keys before
     * {@code to}.
     *
     * @throws HookException if it would take more memory than {@code mostBytes}
     */
    public Capture(Gpt gpt, List<Hook> hooks, int from, int to, long mostBytes) {
        this.gpt = gpt;
        this.from = from;
        this.to = to;
        this.hooks = List.copyOf(hooks);
        long bytes = bytes(gpt.config(), hooks, from, to);
        if (bytes > mostBytes) {
            throw new HookException(
                    "%d tokens at %d hooks take %,d bytes, and %,d are free for them; capture fewer hooks, or a shorter text"
                            .formatted(to - from, hooks.size(), bytes, mostBytes));
        }
        for (Hook hook : hooks) {
            Place place =
                    new Place(
                            hook.site(gpt.config()),
                            hook.kind().tappedLayer(gpt.config(), hook.layer()));
            wanted.computeIfAbsent(place, p -> new ArrayList<>()).add(hook);
            float[] values = new float[Math.toIntExact(size(gpt.config(), hook, from, to))];
            if (hook.kind() == HookKind.ATTN_SCORES) {
                Arrays.fill(values, Float.NEGATIVE_INFINITY);
            }
            kept.put(hook, values);
        }
    }

    /** How many bytes hooks take for the positions {@code [from, to)}. */
    public static long bytes(GptConfig config, List<Hook> hooks, int from, int to) {
        long bytes = 0;
        for (Hook hook : hooks) {
            long size = size(config, hook, from, to);
            if (size > Integer.MAX_VALUE - 8) {
                throw new HookException(
                        "hook %s has %,d numbers for %d tokens, more than an array holds"
                                .formatted(hook, size, to - from));
            }
            bytes += Float.BYTES * size;
        }
        return bytes;
    }

    private static long size(GptConfig config, Hook hook, int from, int to) {
        long size = 1;
        for (int n : hook.shape(config, to - from, to)) {
            size = Math.multiplyExact(size, n);
        }
        return size;
    }

    @Override
    public void begin(Batch batch) {
        if (batch.parts().size() != 1) {
            throw new IllegalArgumentException(
                    "capture: found a batch of %d sequences, expected 1"
                            .formatted(batch.parts().size()));
        }
        first = batch.parts().getFirst().cache().length();
        end = first + batch.rows();
        seen = Math.max(seen, Math.min(to, end));
    }

    @Override
    public boolean wants(Site site, int layer) {
        // scores of a whole piece are large: none are made for positions that nobody asked for
        return first < to && end > from && wanted.containsKey(new Place(site, layer));
    }

    @Override
    public Tensor at(Site site, int layer, Tensor x, Ops ops) {
        for (Hook hook : wanted.getOrDefault(new Place(site, layer), List.of())) {
            float[] values = kept.get(hook);
            if (values != null) {
                Row keep = keeping(hook, x, values);
                for (int row = 0; row < x.rows(); row++) {
                    int position = first + row;
                    if (position >= from && position < to) {
                        keep.keep(row, position - from);
                    }
                }
            }
        }
        return x;
    }

    /** Keeps a row of a tensor as that of a token. */
    private interface Row {
        void keep(int row, int token);
    }

    private Row keeping(Hook hook, Tensor x, float[] values) {
        Block block = gpt.blocks().get(hook.layer());
        return switch (hook.kind()) {
            case LN1_SCALE -> (row, token) -> values[token] = scale(block.ln1(), x, row);
            case LN2_SCALE -> (row, token) -> values[token] = scale(block.ln2(), x, row);
            case FINAL_SCALE -> (row, token) -> values[token] = scale(gpt.lnF(), x, row);
            case ATTN_SCORES, PATTERN -> (row, token) -> attention(x, row, token, values);
            case RESULT -> {
                HeadResults results = new HeadResults(block);
                int size = block.attn().heads().nHead() * gpt.config().nEmbd();
                yield (row, token) -> results.write(x.data(), x.row(row), values, token * size);
            }
            case EMBED,
                    POS_EMBED,
                    RESID_PRE,
                    LN1_NORMALIZED,
                    Q,
                    K,
                    V,
                    ROT_Q,
                    ROT_K,
                    Z,
                    ATTN_OUT,
                    RESID_MID,
                    LN2_NORMALIZED,
                    MLP_PRE,
                    MLP_PRE_LINEAR,
                    MLP_POST,
                    MLP_OUT,
                    RESID_POST,
                    FINAL_NORMALIZED ->
                    (row, token) ->
                            System.arraycopy(
                                    x.data(), x.row(row), values, token * x.cols(), x.cols());
        };
    }

    private static float scale(@Nullable Norm norm, Tensor x, int row) {
        return norm == null ? 1 : (float) Norms.scale(norm, x.data(), x.row(row));
    }

    /** From {@code [nHead * keys]} of one row to {@code [nHead, query, key]}. */
    private void attention(Tensor x, int row, int token, float[] values) {
        int nHead = gpt.config().attention().nHead();
        int keys = x.cols() / nHead;
        for (int head = 0; head < nHead; head++) {
            int out = (head * (to - from) + token) * to;
            int n = Math.min(keys, to);
            System.arraycopy(x.data(), x.row(row) + head * keys, values, out, n);
        }
    }

    /** What is captured, in the order of the data. */
    public List<Hook> hooks() {
        return hooks;
    }

    /** How many positions were seen so far. */
    public int tokens() {
        return Math.max(0, seen - from);
    }

    /**
     * What a hook saw, of as many tokens as came.
     *
     * @throws HookException if it was not captured
     */
    public NamedArray get(String name) {
        return hooks.stream()
                .filter(hook -> hook.name().equals(name))
                .findFirst()
                .map(this::get)
                .orElseThrow(() -> new HookException("hook " + name + " was not captured"));
    }

    /** What a hook saw, of as many tokens as came. */
    public NamedArray get(Hook hook) {
        float[] values = kept.get(hook);
        if (values == null) {
            throw new HookException("hook " + hook + " was not captured");
        }
        int tokens = tokens();
        int[] shape = hook.shape(gpt.config(), tokens, seen);
        if (tokens == to - from) {
            return new NamedArray(hook.name(), shape, values);
        }
        if (hook.kind().layout() != HookKind.Layout.ATTENTION) {
            int n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            return new NamedArray(hook.name(), shape, Arrays.copyOf(values, n));
        }
        float[] fewer = new float[shape[0] * tokens * seen];
        for (int head = 0; head < shape[0]; head++) {
            for (int query = 0; query < tokens; query++) {
                System.arraycopy(
                        values,
                        (head * (to - from) + query) * to,
                        fewer,
                        (head * tokens + query) * seen,
                        seen);
            }
        }
        return new NamedArray(hook.name(), shape, fewer);
    }
}
