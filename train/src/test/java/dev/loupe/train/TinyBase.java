package dev.loupe.train;

import dev.loupe.files.BpeFiles;
import dev.loupe.files.Converter;
import dev.loupe.files.Mix;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.tokens.BpeVocabulary;
import dev.loupe.train.Architecture.Style;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A tiny model with random weights and a token for each byte, to be fine-tuned. */
final class TinyBase {
    static final int CONTEXT = 128;

    private TinyBase() {}

    /** A folder; width 256 is enough for every type. */
    static Path folder(Path folder, Style style, int width) throws IOException {
        Files.createDirectories(folder);
        BpeVocabulary vocabulary =
                BpeVocabulary.ofBytes(List.of("<|im_end|>", "<|im_start|>", "<|endoftext|>"));
        BpeFiles.write(vocabulary, CONTEXT, folder);
        int kvHeads = style == Style.GPT2 ? 2 : 1;
        GptConfig config =
                new Architecture(style, 2, 2, kvHeads, width, width, CONTEXT)
                        .config(vocabulary.tokens().size());
        try (Processor processor = Processor.of(1)) {
            Gpt gpt = GptLoader.load(config, new Initialization(config, 3), processor.threads());
            Converter.save(gpt, folder, TensorType.F32, OptionalInt.of(0));
        }
        return folder;
    }

    /** A GGUF file of a type. */
    static Path gguf(Path folder, Style style, Mix mix) throws IOException {
        Path from = folder(folder.resolve("from-" + mix), style, 256);
        Path file = folder.resolve(mix + ".gguf");
        Converter.toGguf(from, file, Optional.of(mix), 1, (index, count, tensor) -> {});
        return file;
    }
}
