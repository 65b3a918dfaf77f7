package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.generate.Generator;
import dev.loupe.generate.Request;
import dev.loupe.generate.Sampling;

import java.nio.file.Path;

/** The README's example. */
final class LibraryExample {
    private LibraryExample() {}

    public static void main(String[] args) {
        Path path = Path.of(args[0]);
        // README: begin
        try (var model = LocalModel.load(path, 2)) {
            var tokenizer = model.tokenizer().orElseThrow();
            var end = model.endOfGeneration();
            var generator = new Generator(model.gpt(), tokenizer, end, model.processor());
            int[] prompt = tokenizer.encode("The capital of France is");
            var request = Request.greedy(prompt, 20).withSampling(Sampling.PLAIN, 2);
            generator.generate(
                    request,
                    token -> {
                        System.out.print(token.text());
                        System.err.println(token.distribution().top(3));
                    });
        }
        // README: end
    }
}
