package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.ModelSummary;
import dev.loupe.files.ModelSummary.Kind;
import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;
import dev.loupe.model.GptConfig;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code loupe show}: what a model is. */
@Command(
        name = "show",
        description = "Shows what a model is: its configuration and where its parameters are.")
final class Show implements Runnable {
    @Parameters(
            paramLabel = "MODEL",
            description = "A .gguf file, a folder with config.json, or the name of a pulled model.")
    private String model = "";

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        ModelSummary summary = ModelSummary.of(ModelStore.ofEnvironment().require(model));
        if (json) {
            Json.print(asJson(summary));
        } else {
            print(summary);
        }
    }

    private static ObjectNode asJson(ModelSummary summary) {
        ObjectNode node = Json.object().put("model", summary.path().toString());
        node.set("config", Json.of(fields(summary.config())));
        ObjectNode tally = node.putObject("tally");
        summary.tally().forEach((kind, n) -> tally.put(kind.key(), n));
        node.put("total", summary.total());
        node.set("types", Json.of(summary.types()));
        var list = node.putArray("tensors");
        for (ModelSummary.Entry entry : summary.tensors()) {
            list.addObject()
                    .put("name", entry.name())
                    .put("type", entry.type().name())
                    .set("shape", Json.of(new int[] {entry.rows(), entry.cols()}));
        }
        return node;
    }

    private static Map<String, Object> fields(GptConfig c) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("family", c.family());
        fields.put("nLayer", c.nLayer());
        fields.put("nEmbd", c.nEmbd());
        fields.put("nHead", c.attention().nHead());
        fields.put("nKvHead", c.attention().nKvHead());
        fields.put("headDim", c.attention().headDim());
        fields.put("nInner", c.mlp().nInner());
        fields.put("vocabSize", c.vocabSize());
        fields.put("nCtx", c.nCtx());
        fields.put("activation", c.mlp().activation().name().toLowerCase(Locale.ROOT));
        fields.put("gated", c.mlp().gated());
        fields.put("norm", c.norm().kind().name().toLowerCase(Locale.ROOT));
        fields.put("tied", c.embedding().tied());
        return fields;
    }

    private void print(ModelSummary summary) {
        System.out.println(summary.path());
        fields(summary.config())
                .forEach((name, value) -> System.out.printf("  %-12s %s%n", name, value));
        System.out.println();
        for (Map.Entry<Kind, Long> kind : summary.tally().entrySet()) {
            System.out.printf(
                    "  %-28s %,16d  %5.1f %%%n",
                    kind.getKey().title(),
                    kind.getValue(),
                    100.0 * kind.getValue() / summary.total());
        }
        System.out.printf("  %-28s %,16d%n", "parameters in all", summary.total());
        System.out.println();
        summary.types()
                .forEach((type, bytes) ->
                        System.out.printf("  %-8s %10s%n", type, Bytes.text(bytes)));
        if (tensors) {
            System.out.println();
            for (ModelSummary.Entry entry : summary.tensors()) {
                System.out.printf(
                        "  %-32s %-8s [%d, %d]%n",
                        entry.name(), entry.type(), entry.rows(), entry.cols());
            }
        }
    }
}
