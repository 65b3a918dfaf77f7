package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.generate.Distribution;
import dev.loupe.generate.Distribution.Candidate;
import dev.loupe.generate.Sampling;
import dev.loupe.tokens.Tokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.List;
import java.util.Optional;

/** {@code loupe next}: what the next token is drawn from. */
@Command(
        name = "next",
        description = "Shows the distribution that the next token is drawn from.",
        footer = {
            "",
            "Logits are the model's; probabilities are those of the draw, after all sampling"
                    + " options. Entropy is in bits."
        })
final class Next implements Runnable {
    private static final int BAR = 30;

    @Mixin private PromptOptions prompt = new PromptOptions();
    @Mixin private SamplingOptions sampling = new SamplingOptions();
    @Mixin private ModelOptions model = new ModelOptions();

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "Show the N most likely tokens. Default: ${DEFAULT-VALUE}.")
    private int top = 10;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        if (top < 1) {
            throw new WrongUsage("--top: found " + top + ", expected at least 1");
        }
        Sampling chosen = sampling.sampling(1);
        prompt.check();
        try (LocalModel loaded = model.load()) {
            sampling.check(loaded);
            int[] ids = prompt.ids(loaded);
            Distribution distribution =
                    Distribution.of(new Reading(loaded, model.kvType(), ids).last(), chosen, ids);
            if (json) {
                Json.print(asJson(loaded, ids, distribution, chosen.temperature()));
            } else {
                print(loaded, distribution);
            }
        }
    }

    private ObjectNode asJson(
            LocalModel loaded, int[] ids, Distribution distribution, double temperature) {
        ObjectNode node = Json.object().put("model", loaded.path().toString());
        node.set("ids", Json.of(ids));
        node.put("temperature", temperature).put("entropy", distribution.entropy());
        ArrayNode candidates = node.putArray("candidates");
        for (Candidate candidate : distribution.top(top)) {
            candidates
                    .addObject()
                    .put("id", candidate.id())
                    .put("text", text(loaded, candidate.id()).orElse(null))
                    .put("logit", candidate.logit())
                    .put("logprob", candidate.probability() > 0 ? candidate.logprob() : null)
                    .put("probability", candidate.probability());
        }
        return node;
    }

    private static Optional<String> text(LocalModel loaded, int id) {
        Optional<Tokenizer> tokenizer = loaded.tokenizer();
        return tokenizer.filter(t -> id < t.vocabSize()).map(t -> t.text(id));
    }

    private void print(LocalModel loaded, Distribution distribution) {
        List<Candidate> shown = distribution.top(top);
        double best = shown.getFirst().probability();
        double rest = 1;
        for (Candidate candidate : shown) {
            rest -= candidate.probability();
            String bar = "#".repeat((int) Math.round(BAR * candidate.probability() / best));
            System.out.printf(
                    "%8.3f %%  %-" + BAR + "s  %7d  %9.4f  %s%n",
                    100 * candidate.probability(),
                    bar,
                    candidate.id(),
                    candidate.logit(),
                    Quoted.text(text(loaded, candidate.id()).orElse("")));
        }
        int others = distribution.size() - shown.size();
        if (others > 0) {
            System.out.printf("%8.3f %%  the other %,d tokens%n", 100 * Math.max(rest, 0), others);
        }
        double entropy = distribution.entropy();
        System.out.printf("entropy %.3f bits, 1 in %.1f%n", entropy, Math.pow(2, entropy));
    }
}
