package dev.loupe.bench;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.WarmUp;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Decodes several sequences together, as {@code generate --batch} does, and prints the tokens a
 * second of them all as JSON.
 */
final class ManySequences {
    private ManySequences() {}

    /** Arguments: model, threads, sequences, tokens of each. */
    public static void main(String[] args) {
        int threads = Integer.parseInt(args[1]);
        int sequences = Integer.parseInt(args[2]);
        int tokens = Integer.parseInt(args[3]);
        try (LocalModel model = LocalModel.load(Path.of(args[0]), threads)) {
            Inference ops = new Inference(model.processor());
            WarmUp.untilSteady(
                    model.processor().kernels(), () -> once(model, ops, sequences, tokens));
            double rate = once(model, ops, sequences, tokens);
            System.out.printf(Locale.ROOT, "{\"tokens_per_second\":%.3f}%n", rate);
        }
    }

    private static double once(LocalModel model, Inference ops, int sequences, int tokens) {
        Gpt gpt = model.gpt();
        List<KvCache> caches =
                IntStream.range(0, sequences).mapToObj(i -> new KvCache(gpt.config())).toList();
        SplittableRandom random = new SplittableRandom(1);
        long start = System.nanoTime();
        for (int i = 0; i < tokens; i++) {
            List<Batch.Part> parts = new ArrayList<>();
            for (KvCache cache : caches) {
                parts.add(new Batch.Part(cache, true, random.nextInt(gpt.config().vocabSize())));
            }
            Batch batch = new Batch(parts);
            Tensor logits = gpt.logits(ops, batch, batch.lastRows());
            if (!Float.isFinite(logits.at(0, 0))) {
                throw new IllegalStateException("a logit is " + logits.at(0, 0));
            }
        }
        return sequences * tokens / ((System.nanoTime() - start) / 1e9);
    }
}
