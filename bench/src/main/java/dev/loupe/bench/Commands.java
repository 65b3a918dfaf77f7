package dev.loupe.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The programs that are compared, as command lines.
 *
 * @param loupe the launcher at the root
 * @param python one that has PyTorch
 * @param java starts a class of this module with the flags that Loupe runs with
 * @param threads of all of them
 */
record Commands(Path loupe, LlamaCpp llama, Optional<Path> python, List<String> java, int threads) {
    List<String> loupeBench() {
        return List.of(loupe.toString(), "bench", "--json");
    }

    List<String> llamaBench() {
        return List.of(llama.bench().toString(), "-o", "json");
    }

    List<String> generate(Path model, String prompt) {
        return List.of(
                loupe.toString(),
                "generate",
                prompt,
                "-m",
                model.toString(),
                "-n",
                "1",
                "-t",
                String.valueOf(threads));
    }

    List<String> complete(Path model, String prompt) {
        return List.of(
                llama.completion().toString(),
                "-no-cnv",
                "-p",
                prompt,
                "-m",
                model.toString(),
                "-n",
                "1",
                "-t",
                String.valueOf(threads));
    }

    List<String> own(Class<?> main, String... arguments) {
        return Stream.of(java.stream(), Stream.of(main.getName()), Stream.of(arguments))
                .flatMap(part -> part)
                .toList();
    }
}
