package dev.loupe.model;

import dev.loupe.kernels.Tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Tokens with their roles: a prompt, what was drawn, and more of both behind it.
 *
 * @param ids the tokens
 * @param drawn which of them the model drew
 */
record Conversation(int[] ids, boolean[] drawn) {
    /** How many tokens of a conversation are read at a time. */
    @FunctionalInterface
    interface Pieces {
        /**
         * How many come next: 0 if it sits out, at most {@code left}.
         *
         * @param drawn the role of its next token
         * @param at how many of its tokens were read
         * @param left how many follow that have this role
         */
        int next(boolean drawn, int at, int left);
    }

    /** As a program that generates reads them: prompts at once, drawn tokens one by one. */
    static final Pieces USUAL = (drawn, at, left) -> drawn ? 1 : left;

    /** Random tokens; runs of a prompt's tokens and of drawn ones take turns. */
    static Conversation of(long seed, int... runs) {
        Random random = new Random(seed);
        int n = Arrays.stream(runs).sum();
        int[] ids = random.ints(n, 0, RandomGpt.VOCAB).toArray();
        boolean[] drawn = new boolean[n];
        int at = 0;
        for (int run = 0; run < runs.length; run++) {
            Arrays.fill(drawn, at, at + runs[run], run % 2 == 1);
            at += runs[run];
        }
        return new Conversation(ids, drawn);
    }

    /** How many tokens from {@code at} on have the same role. */
    private int left(int at) {
        int to = at;
        while (to < ids.length && drawn[to] == drawn[at]) {
            to++;
        }
        return to - at;
    }

    /** Reads them side by side: for each conversation the logits of each token. */
    static float[][][] read(Gpt gpt, Ops ops, List<Conversation> all, Pieces pieces) {
        List<KvCache> caches = all.stream().map(one -> new KvCache(gpt.config())).toList();
        float[][][] logits = new float[all.size()][][];
        Arrays.setAll(logits, c -> new float[all.get(c).ids.length][]);
        while (true) {
            List<Batch.Part> parts = new ArrayList<>();
            boolean done = true;
            for (int c = 0; c < logits.length; c++) {
                int at = caches.get(c).length();
                int left = all.get(c).left(at);
                int n = left == 0 ? 0 : pieces.next(all.get(c).drawn[at], at, left);
                done &= left == 0;
                if (n > 0) {
                    int[] ids = Arrays.copyOfRange(all.get(c).ids, at, at + n);
                    parts.add(new Batch.Part(caches.get(c), all.get(c).drawn[at], ids));
                }
            }
            if (done) {
                return logits;
            }
            if (!parts.isEmpty()) {
                step(gpt, ops, new Batch(parts), caches, logits);
            }
        }
    }

    private static void step(
            Gpt gpt, Ops ops, Batch batch, List<KvCache> caches, float[][][] logits) {
        int[] starts = batch.parts().stream().mapToInt(part -> part.cache().length()).toArray();
        Tensor found = gpt.logits(ops, batch, batch.allRows());
        for (int p = 0; p < starts.length; p++) {
            Batch.Part part = batch.parts().get(p);
            for (int t = 0; t < part.ids().length; t++) {
                int from = found.row(batch.start(p) + t);
                logits[caches.indexOf(part.cache())][starts[p] + t] =
                        Arrays.copyOfRange(found.data(), from, from + found.cols());
            }
        }
    }
}
