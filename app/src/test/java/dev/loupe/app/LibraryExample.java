package dev.loupe.app;

// README: begin
import dev.loupe.files.LocalModel;
import dev.loupe.generate.Generator;
import dev.loupe.generate.Request;

import java.nio.file.Path;

final class LibraryExample {
    public static void main(String[] args) {
        try (LocalModel model = LocalModel.load(Path.of(args[0]), 2)) {
            var tokenizer = model.tokenizer().orElseThrow();
            int[] ids = tokenizer.encode("The capital of France is");
            var generator =
                    new Generator(
                            model.gpt(), tokenizer, model.endOfGeneration(), model.processor());
            generator.generate(
                    Request.greedy(ids, 20),
                    token -> {
                        System.out.print(token.text());
                        System.err.println(token.distribution().top(3));
                    });
        }
    }
}
// README: end
