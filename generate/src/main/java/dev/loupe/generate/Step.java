package dev.loupe.generate;

import java.util.Map;

/** A step from logits to the tokens that may be drawn. */
sealed interface Step {
    void apply(Candidates candidates, History history);

    /** Adds to the logits of some ids. */
    record LogitBias(Map<Integer, Float> bias) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            bias.forEach((id, more) -> candidates.change(id, logit -> logit + more));
        }
    }

    /** Makes tokens less likely that are there already, in the prompt too. */
    record RepetitionPenalty(double penalty) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            for (int id : history.seen()) {
                candidates.change(id, logit -> logit > 0 ? logit / penalty : logit * penalty);
            }
        }
    }

    /** Makes drawn tokens less likely, by how often they were drawn and that they were. */
    record CountPenalty(double frequency, double presence) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            history.drawn()
                    .forEach((id, count) ->
                            candidates.change(id, logit -> logit - count * frequency - presence));
        }
    }

    /** Sharpens the distribution below 1, flattens it above. */
    record Temperature(double temperature) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            candidates.divide(temperature);
        }
    }

    /** Keeps the most likely tokens. */
    record TopK(int k) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            candidates.sort(k);
            candidates.keep(k);
        }
    }

    /** Keeps the most likely tokens that have a probability together. */
    record TopP(double p) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            double total = candidates.total();
            // all that are less likely than this have half of 1 - p together at most, so they are
            // never among those that are kept
            double least = (1 - p) * total / (2 * candidates.count());
            double leastLogit = candidates.largest() + Math.log(least);
            candidates.keepIf(logit -> logit >= leastLogit);
            for (int few = 256; ; few *= 8) {
                // most often a few tokens are enough; the rest need no order
                candidates.sort(few);
                double sum = 0;
                for (int i = 0; i < Math.min(few, candidates.count()); i++) {
                    sum += candidates.weight(i);
                    if (sum >= p * total) {
                        candidates.keep(i + 1);
                        return;
                    }
                }
                if (few >= candidates.count()) {
                    return;
                }
            }
        }
    }

    /** Keeps tokens that have a share of the most likely one's probability. */
    record MinP(double share) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            double least = candidates.largest() + Math.log(share);
            candidates.keepIf(logit -> logit >= least);
        }
    }

    /** Keeps the tokens whose surprise is closest to the expected one. */
    record TypicalP(double p) implements Step {
        @Override
        public void apply(Candidates candidates, History history) {
            double total = candidates.total();
            double shift = candidates.largest() + Math.log(total);
            double entropy = 0;
            for (int i = 0; i < candidates.count(); i++) {
                double logprob = candidates.logit(i) - shift;
                entropy -= logprob == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logprob) * logprob;
            }
            double expected = entropy;
            candidates.sortBy(logit -> Math.abs(shift - logit - expected));
            double sum = 0;
            for (int i = 0; i < candidates.count(); i++) {
                sum += candidates.weight(i);
                if (sum >= p * total) {
                    candidates.keep(i + 1);
                    return;
                }
            }
        }
    }
}
