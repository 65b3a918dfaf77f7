package dev.loupe.inside;

import dev.loupe.inside.Attribution.Target;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The logit lens (nostalgebraist 2020, <i>interpreting GPT: the logit lens</i>): what the model
 * would say if it stopped after a block. The residual stream goes through the last norm, computed
 * anew for each vector, and the unembedding. After the last block that is the model's output, to
 * the bit.
 *
 * @param stages {@code [stage][token]}: stage 0 is the stream before the first block, stage {@code
 *     n} that after {@code n} blocks
 */
public record LogitLens(List<List<Reading>> stages) {
    /** Rows whose logits are in memory together. */
    private static final int ROWS = 128;

    /** The most logits at a time: 32 MB. */
    private static final int LOGITS = 1 << 23;

    /**
     * A token and what speaks for it.
     *
     * @param probability after the softmax over all tokens
     */
    public record Guess(int id, float logit, double probability) {}

    /**
     * What a vector of the residual stream says.
     *
     * @param top the most likely tokens, most likely first
     * @param entropy of all probabilities, in bits
     */
    public record Reading(List<Guess> top, double entropy) {
        public Guess best() {
            return top.getFirst();
        }
    }

    /**
     * Reads a prompt and looks at every stage and position.
     *
     * @param ids the prompt
     * @param top how many tokens of each
     * @throws HookException if the streams of all blocks take more than {@code mostBytes}
     */
    public static LogitLens of(Gpt gpt, Processor processor, int[] ids, int top, long mostBytes) {
        Streams streams = new Streams(gpt, 0, ids.length, mostBytes);
        new Reader(gpt, processor, streams.capture()).read(ids);
        return of(gpt, processor, streams, top);
    }

    /**
     * Looks at a run at every stage and position.
     *
     * @param between is called between stages; what it throws ends the work
     */
    public static LogitLens of(CapturedRun run, int top, Runnable between) {
        Gpt gpt = run.gpt();
        List<Hook> hooks = Streams.hooks(gpt);
        // all in one run
        run.get(hooks);
        List<List<Reading>> stages = new ArrayList<>();
        for (Hook hook : hooks) {
            between.run();
            stages.add(read(gpt, run.processor(), run.tensor(hook), top));
        }
        return new LogitLens(List.copyOf(stages));
    }

    /**
     * What every stage and position says of one token: its logit there, or the difference of two.
     * Where the last norm and the unembedding of all tokens would take long, this takes nothing.
     *
     * @return {@code [stage][position]}
     */
    public static double[][] of(CapturedRun run, Target target) {
        Gpt gpt = run.gpt();
        Inference ops = new Inference(run.processor());
        double[] u = Attribution.unembedding(gpt, target);
        double bias = Attribution.bias(gpt, target);
        List<Hook> hooks = Streams.hooks(gpt);
        // all in one run
        run.get(hooks);
        double[][] logits = new double[hooks.size()][run.ids().length];
        for (int stage = 0; stage < logits.length; stage++) {
            Tensor normalized = ops.norm(run.tensor(hooks.get(stage)), gpt.lnF());
            for (int t = 0; t < logits[stage].length; t++) {
                double sum = bias;
                for (int i = 0; i < u.length; i++) {
                    sum += u[i] * normalized.at(t, i);
                }
                logits[stage][t] = sum;
            }
        }
        return logits;
    }

    /** The same of streams that were captured. */
    static LogitLens of(Gpt gpt, Processor processor, Streams streams, int top) {
        List<List<Reading>> stages = new ArrayList<>();
        for (int stage = 0; stage <= gpt.config().nLayer(); stage++) {
            stages.add(read(gpt, processor, streams.stage(stage), top));
        }
        return new LogitLens(List.copyOf(stages));
    }

    /**
     * What each row of a residual stream says.
     *
     * @param stream {@code [token, nEmbd]}
     */
    public static List<Reading> read(Gpt gpt, Processor processor, Tensor stream, int top) {
        Inference ops = new Inference(processor);
        int most = Math.clamp(LOGITS / gpt.config().vocabSize(), 1, ROWS);
        Reading[] readings = new Reading[stream.rows()];
        for (int from = 0; from < stream.rows(); from += most) {
            int first = from;
            int n = Math.min(most, stream.rows() - from);
            Tensor normalized = ops.norm(stream.rows(from, n), gpt.lnF());
            int[] rows = new int[n];
            Arrays.setAll(rows, i -> i);
            Tensor logits = gpt.unembed(ops, normalized, rows);
            processor
                    .threads()
                    .each(
                            n,
                            1,
                            (worker, begin, end) -> {
                                for (int row = begin; row < end; row++) {
                                    int at = logits.row(row);
                                    float[] numbers =
                                            Arrays.copyOfRange(
                                                    logits.data(), at, at + logits.cols());
                                    readings[first + row] = reading(numbers, top);
                                }
                            });
        }
        return List.of(readings);
    }

    /**
     * What logits say.
     *
     * @param numbers one for each token of the vocabulary
     * @param top how many tokens
     * @throws HookException if one is NaN or infinite
     */
    public static Reading reading(float[] numbers, int top) {
        Probabilities all = Probabilities.of(numbers);
        List<Guess> best = new ArrayList<>();
        for (int id : Top.of(numbers, top)) {
            best.add(new Guess(id, numbers[id], all.of(id)));
        }
        return new Reading(List.copyOf(best), all.entropy());
    }

    /** The residual stream before the first block and after each, of some positions. */
    static final class Streams {
        private final List<Hook> hooks;
        private final Capture capture;

        Streams(Gpt gpt, int from, int to, long mostBytes) {
            hooks = hooks(gpt);
            capture = new Capture(gpt, hooks, from, to, mostBytes);
        }

        /** One for each stage. */
        static List<Hook> hooks(Gpt gpt) {
            List<Hook> hooks = new ArrayList<>();
            hooks.add(new Hook(HookKind.RESID_PRE, 0));
            for (int layer = 0; layer < gpt.config().nLayer(); layer++) {
                hooks.add(new Hook(HookKind.RESID_POST, layer));
            }
            return hooks;
        }

        Capture capture() {
            return capture;
        }

        /** {@code [token, nEmbd]}. */
        Tensor stage(int stage) {
            NamedArray array = capture.get(hooks.get(stage));
            int cols = array.shape()[1];
            return new Tensor(array.values(), 0, array.shape()[0], cols, cols, 0);
        }
    }
}
