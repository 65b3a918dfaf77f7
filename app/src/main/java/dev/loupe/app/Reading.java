package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.KvType;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;

import java.util.Arrays;

/**
 * A model reads a text, and gives the logits of its positions one after another. Only some of them
 * are in memory at a time: a vocabulary is large.
 */
final class Reading {
    /** Tokens that pass through the blocks together. */
    private static final int PIECE = 512;

    /** Positions whose logits are computed together. */
    private static final int ROWS = 32;

    private final Gpt gpt;
    private final Inference ops;
    private final KvCache cache;
    private final int[] ids;
    private Tensor hidden = Tensor.of(0, 0);
    private Tensor logits = Tensor.of(0, 0);
    private int firstHidden;
    private int firstLogits;

    /**
     * @throws UserException if the ids do not fit the model's context
     */
    Reading(LocalModel model, KvType kvType, int[] ids) {
        this.ids = ids;
        gpt = model.gpt();
        ops = new Inference(model.processor());
        cache = new KvCache(gpt.config(), kvType);
        int nCtx = gpt.config().nCtx();
        if (ids.length > nCtx) {
            throw new UserException(
                    "the prompt has %d tokens, and the model's context holds %d"
                            .formatted(ids.length, nCtx));
        }
    }

    /** The logits of a position, {@code [1, vocabSize]}; positions come in order. */
    Tensor at(int position) {
        readUpTo(position);
        if (position >= firstLogits + logits.rows() || position < firstLogits) {
            firstLogits = position;
            int left = firstHidden + hidden.rows() - position;
            int[] rows = new int[Math.min(ROWS, left)];
            Arrays.setAll(rows, i -> position - firstHidden + i);
            logits = gpt.unembed(ops, hidden, rows);
        }
        return logits.rows(position - firstLogits, 1);
    }

    /** The logits of the last position. */
    float[] last() {
        readUpTo(ids.length - 1);
        int row = ids.length - 1 - firstHidden;
        return gpt.unembed(ops, hidden, new int[] {row}).data();
    }

    private void readUpTo(int position) {
        while (position >= firstHidden + hidden.rows()) {
            firstHidden += hidden.rows();
            int to = Math.min(ids.length, firstHidden + PIECE);
            int[] piece = Arrays.copyOfRange(ids, firstHidden, to);
            hidden = gpt.hidden(ops, new Batch(new Batch.Part(cache, false, piece)));
        }
    }
}
