package dev.loupe.generate;

import dev.loupe.generate.Generation.FinishReason;
import dev.loupe.kernels.KvType;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Predict, draw, append, repeat: continues one text, or many side by side as one ragged batch. What
 * a text becomes does not depend on its neighbours.
 *
 * <p>Not for two threads at once.
 */
public final class Generator {
    /** Tokens of prompts that are read at a time; between two such pieces others draw. */
    private static final int PIECE = 512;

    /** Sequences whose logits are there at a time; large vocabularies take some MB for these. */
    private static final int DRAWN_TOGETHER = 32;

    private final Gpt gpt;
    private final @Nullable Tokenizer tokenizer;
    private final Set<Integer> end;
    private final Processor processor;
    private final Inference ops;
    private final KvType kvType;
    private volatile boolean cancelled;

    /** One whose caches keep floats. */
    public Generator(
            Gpt gpt, @Nullable Tokenizer tokenizer, Set<Integer> end, Processor processor) {
        this(gpt, tokenizer, end, processor, KvType.F32);
    }

    /**
     * @param tokenizer for the text, or null for ids alone
     * @param end tokens after which a text is complete
     * @param processor what computes
     * @param kvType how keys and values are kept
     */
    public Generator(
            Gpt gpt,
            @Nullable Tokenizer tokenizer,
            Set<Integer> end,
            Processor processor,
            KvType kvType) {
        this.gpt = gpt;
        this.tokenizer = tokenizer;
        this.end = Set.copyOf(end);
        this.processor = processor;
        ops = new Inference(processor);
        this.kvType = kvType;
    }

    /**
     * Ends what runs after the token that is being drawn, and where nothing runs yet, what runs
     * next before its first token. May be called by any thread.
     */
    public void cancel() {
        cancelled = true;
    }

    /**
     * Continues one text.
     *
     * @param listener sees each token as it is drawn
     */
    public Generation generate(Request request, Consumer<Token> listener) {
        return generate(List.of(request), 1, listener).getFirst();
    }

    /**
     * Continues many texts.
     *
     * @param atOnce how many side by side; the next begins when one ends
     * @param listener sees each token as it is drawn
     * @return one for each request, in their order
     * @throws IllegalArgumentException if a prompt does not fit the model's context, or has an id
     *     that the model does not know, or {@code atOnce} is less than 1; nothing was computed then
     */
    public List<Generation> generate(List<Request> requests, int atOnce, Consumer<Token> listener) {
        requests.forEach(this::check);
        if (atOnce < 1) {
            throw new IllegalArgumentException("at once: found " + atOnce + ", expected 1 or more");
        }
        try {
            return List.of(run(requests, atOnce, listener));
        } finally {
            // it ended this run, and not the next
            cancelled = false;
        }
    }

    private Generation[] run(List<Request> requests, int atOnce, Consumer<Token> listener) {
        Generation[] done = new Generation[requests.size()];
        List<Sequence> running = new ArrayList<>();
        List<KvCache> free = new ArrayList<>();
        int next = 0;
        while (next < done.length || !running.isEmpty()) {
            while (next < done.length && running.size() < atOnce) {
                KvCache cache =
                        free.isEmpty() ? new KvCache(gpt.config(), kvType) : free.removeLast();
                running.add(begin(next, requests.get(next), cache));
                next++;
            }
            if (cancelled) {
                running.forEach(sequence -> sequence.finish(FinishReason.CANCELLED));
            } else {
                step(running.stream().filter(s -> !s.finished()).toList(), listener);
            }
            for (Sequence sequence : running) {
                if (sequence.finished()) {
                    done[sequence.number()] = sequence.result();
                    free.add(sequence.leaveCache());
                }
            }
            running.removeIf(Sequence::finished);
        }
        return done;
    }

    private Sequence begin(int number, Request request, KvCache cache) {
        int nCtx = gpt.config().nCtx();
        Sequence sequence = new Sequence(number, request, cache, nCtx, tokenizer, end);
        if (request.maxTokens() == 0) {
            sequence.finish(FinishReason.LENGTH);
        }
        return sequence;
    }

    private void check(Request request) {
        int nCtx = gpt.config().nCtx();
        if (request.prompt().length > nCtx) {
            throw new IllegalArgumentException(
                    "the prompt has %d tokens, and the model's context holds %d"
                            .formatted(request.prompt().length, nCtx));
        }
        for (int id : request.prompt()) {
            if (id < 0 || id >= gpt.config().vocabSize()) {
                throw new IllegalArgumentException(
                        "token id: found %d, expected 0 to %d"
                                .formatted(id, gpt.config().vocabSize() - 1));
            }
        }
    }

    /** One pass of the model: a token for each that draws, and a piece of the prompts. */
    private void step(List<Sequence> sequences, Consumer<Token> listener) {
        List<Sequence> order = new ArrayList<>();
        List<Batch.Part> parts = new ArrayList<>();
        for (Sequence sequence : sequences) {
            if (sequence.drawing()) {
                order.add(sequence);
                parts.add(sequence.next(1));
            }
        }
        int room = PIECE;
        for (Sequence sequence : sequences) {
            if (!sequence.drawing() && room > 0) {
                Batch.Part part = sequence.next(room);
                order.add(sequence);
                parts.add(part);
                room -= part.ids().length;
            }
        }
        if (parts.isEmpty()) {
            return;
        }
        // drawn tokens stand first already, so rows and sequences have the same order
        Batch batch = new Batch(parts);
        int[] last = batch.lastRows();
        Tensor hidden = gpt.hidden(ops, batch);
        List<Sequence> ready = new ArrayList<>();
        List<Integer> rows = new ArrayList<>();
        for (int i = 0; i < order.size(); i++) {
            if (order.get(i).drawing()) {
                ready.add(order.get(i));
                rows.add(last[i]);
            }
        }
        if (ready.isEmpty()) {
            return;
        }
        for (int from = 0; from < ready.size(); from += DRAWN_TOGETHER) {
            int to = Math.min(from + DRAWN_TOGETHER, ready.size());
            int[] some = rows.subList(from, to).stream().mapToInt(r -> r).toArray();
            Tensor logits = ops.inPassing(() -> gpt.unembed(ops, hidden, some));
            draw(ready.subList(from, to), logits).forEach(listener);
        }
    }

    /**
     * A token for each sequence. Each has its own random numbers, so it does not matter who draws.
     */
    private List<Token> draw(List<Sequence> sequences, Tensor logits) {
        Token[] tokens = new Token[sequences.size()];
        processor
                .threads()
                .each(
                        tokens.length,
                        1,
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                int row = logits.row(i);
                                tokens[i] =
                                        sequences.get(i).draw(logits.data(), row, logits.cols());
                            }
                        });
        return List.of(tokens);
    }
}
