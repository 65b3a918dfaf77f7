package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.files.Npy;
import dev.loupe.kernels.Tensor;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;

/** {@code loupe logits}: the numbers before the softmax. */
@Command(
        name = "logits",
        description = "Writes the logits of every position as a NumPy array [position, vocab].")
final class Logits implements Runnable {
    @Mixin private PromptOptions prompt = new PromptOptions();
    @Mixin private ModelOptions model = new ModelOptions();

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE.npy",
            description = "The file to write, float32.")
    private Path output = Path.of("");

    @Option(names = "--json", description = "One JSON object with the shape.")
    private boolean json;

    @Override
    public void run() {
        prompt.check();
        try (LocalModel loaded = model.load()) {
            int[] ids = prompt.ids(loaded);
            int vocabSize = loaded.gpt().config().vocabSize();
            Reading reading = new Reading(loaded, model.kvType(), ids);
            Npy.write(
                    output,
                    ids.length,
                    vocabSize,
                    (position, out) -> {
                        Tensor logits = reading.at(position);
                        System.arraycopy(logits.data(), logits.row(0), out, 0, vocabSize);
                        Progress.show("position", position + 1, ids.length);
                    });
            Progress.end();
            if (json) {
                ObjectNode node = Json.object().put("model", loaded.path().toString());
                node.set("ids", Json.of(ids));
                node.set("shape", Json.of(new int[] {ids.length, vocabSize}));
                Json.print(node.put("file", output.toString()));
            }
        }
    }
}
