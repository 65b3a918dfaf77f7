package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.model.Taps;

import java.util.Arrays;

/** A model reads a text, while taps look in; and it may go on by itself. */
public final class Reader {
    /** Tokens that pass through the blocks together. */
    private static final int PIECE = 512;

    private final Gpt gpt;
    private final Inference ops;
    private final KvCache cache;

    /**
     * @param taps who looks in, or changes what passes
     */
    public Reader(Gpt gpt, Processor processor, Taps taps) {
        this.gpt = gpt;
        ops = new Inference(processor, taps);
        cache = new KvCache(gpt.config());
    }

    /**
     * Reads tokens of a prompt, after what was read before.
     *
     * @return the logits behind the last of them, {@code vocabSize} numbers
     * @throws IllegalArgumentException if there is none, or one that the model does not know, or
     *     they do not fit its context
     */
    public float[] read(int... ids) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("ids: found none, expected at least one");
        }
        return last(fill(ids));
    }

    /** Reads tokens of a prompt, and gives the streams of the last piece of them. */
    Tensor fill(int... ids) {
        Tensor hidden = Tensor.of(0, 0);
        for (int at = 0; at < ids.length; at += PIECE) {
            int[] piece = Arrays.copyOfRange(ids, at, Math.min(ids.length, at + PIECE));
            hidden = gpt.hidden(ops, new Batch(new Batch.Part(cache, false, piece)));
        }
        return hidden;
    }

    /** Reads a token that the model drew, and gives the logits behind it. */
    public float[] readDrawn(int id) {
        return last(gpt.hidden(ops, new Batch(new Batch.Part(cache, true, id))));
    }

    private float[] last(Tensor hidden) {
        Tensor logits = gpt.unembed(ops, hidden, new int[] {hidden.rows() - 1});
        return Arrays.copyOfRange(logits.data(), logits.row(0), logits.row(0) + logits.cols());
    }
}
