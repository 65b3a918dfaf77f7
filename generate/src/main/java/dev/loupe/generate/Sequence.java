package dev.loupe.generate;

import dev.loupe.generate.Generation.FinishReason;
import dev.loupe.model.Batch;
import dev.loupe.model.KvCache;
import dev.loupe.tokens.Decoder;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** One text on its way: what was read of its prompt, and what was drawn. */
final class Sequence {
    private final int number;
    private final Request request;
    private final KvCache cache;
    private final Set<Integer> end;
    private final int nCtx;
    private final @Nullable Decoder decoder;
    private final StopText stop;
    private final RandomGenerator random;
    private final History history;
    private final Sampling sampling;
    private final StringBuilder text = new StringBuilder();
    private final List<Integer> drawn = new ArrayList<>();
    private final List<Double> logprobs = new ArrayList<>();
    private @Nullable FinishReason reason;
    private final long start = System.nanoTime();
    private long promptEnd;
    private int predicted;

    Sequence(
            int number,
            Request request,
            KvCache cache,
            int nCtx,
            @Nullable Tokenizer tokenizer,
            Set<Integer> end) {
        this.number = number;
        this.request = request;
        this.cache = cache;
        this.nCtx = nCtx;
        this.end = end;
        decoder = tokenizer == null ? null : tokenizer.continuation();
        stop = new StopText(request.stop());
        random = new SplittableRandom(request.seed());
        history = new History(request.prompt());
        sampling = request.ignoreEnd() ? forbidding(request.sampling(), end) : request.sampling();
    }

    private static Sampling forbidding(Sampling s, Set<Integer> ids) {
        Map<Integer, Float> bias = new HashMap<>(s.logitBias());
        ids.forEach(id -> bias.put(id, Float.NEGATIVE_INFINITY));
        return new Sampling(
                bias,
                s.repetitionPenalty(),
                s.frequencyPenalty(),
                s.presencePenalty(),
                s.temperature(),
                s.topK(),
                s.topP(),
                s.minP(),
                s.typicalP());
    }

    int number() {
        return number;
    }

    boolean finished() {
        return reason != null;
    }

    /** Whether all of the prompt was read. */
    boolean drawing() {
        return cache.length() >= request.prompt().length;
    }

    /** What the model has to read next: some of the prompt, or the token that was drawn last. */
    Batch.Part next(int most) {
        int read = cache.length();
        if (!drawing()) {
            int to = Math.min(request.prompt().length, read + most);
            return new Batch.Part(cache, false, Arrays.copyOfRange(request.prompt(), read, to));
        }
        return new Batch.Part(cache, true, drawn.getLast());
    }

    /** Draws the next token from logits, and says what it adds. */
    Token draw(float[] logits, int offset, int vocabSize) {
        if (promptEnd == 0) {
            promptEnd = System.nanoTime();
        }
        Distribution distribution = new Distribution(logits, offset, vocabSize, sampling, history);
        Distribution.Candidate candidate = distribution.draw(random);
        predicted++;
        String more = "";
        if (end.contains(candidate.id())) {
            reason = FinishReason.STOP;
        } else {
            drawn.add(candidate.id());
            logprobs.add(candidate.logprob());
            history.add(candidate.id());
            more = decoder == null ? "" : stop.push(decoder.push(candidate.id()));
            if (stop.stopped()) {
                reason = FinishReason.STOP;
            } else if (drawn.size() >= request.maxTokens() || cache.length() >= nCtx) {
                reason = FinishReason.LENGTH;
            }
        }
        if (finished()) {
            more += rest();
        }
        text.append(more);
        return new Token(number, candidate.id(), more, candidate.logprob(), distribution);
    }

    /** Ends it before a token was drawn, or between two. */
    void finish(FinishReason why) {
        if (!finished()) {
            reason = why;
            text.append(rest());
        }
    }

    private String rest() {
        return decoder == null ? "" : stop.push(decoder.finish()) + stop.finish();
    }

    /** Its cache, empty, for a sequence that begins; this one has no more use for it. */
    KvCache leaveCache() {
        cache.truncate(0);
        return cache;
    }

    Generation result() {
        long now = System.nanoTime();
        long read = promptEnd == 0 ? now : promptEnd;
        Generation.Timings timings =
                new Generation.Timings(
                        request.prompt().length,
                        (read - start) / 1e6,
                        predicted,
                        (now - read) / 1e6);
        return new Generation(
                request.prompt(),
                drawn.stream().mapToInt(Integer::intValue).toArray(),
                text.toString(),
                List.copyOf(logprobs),
                reason == null ? FinishReason.CANCELLED : reason,
                timings);
    }
}
