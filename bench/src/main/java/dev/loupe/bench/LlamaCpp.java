package dev.loupe.bench;

import com.fasterxml.jackson.databind.JsonNode;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A build of llama.cpp: its programs. */
record LlamaCpp(Path bench, Path quantize, Path completion) {
    /**
     * Finds the programs in a directory or its {@code bin}.
     *
     * @throws IllegalArgumentException if one is missing
     */
    static LlamaCpp in(Path directory) {
        return new LlamaCpp(
                program(directory, "llama-bench"),
                program(directory, "llama-quantize"),
                program(directory, "llama-completion"));
    }

    private static Path program(Path directory, String name) {
        return List.of(directory.resolve("bin").resolve(name), directory.resolve(name)).stream()
                .filter(Files::isExecutable)
                .findFirst()
                .map(Path::toAbsolutePath)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                directory
                                        + ": no program "
                                        + name
                                        + " there or in bin/; build llama.cpp first (cmake"
                                        + " --build build)"));
    }

    /** Commit and number of the build, as llama-bench says them. */
    String build(Path model) throws ChildFailedException, InterruptedException {
        Child child =
                Child.run(
                        bench.toString(),
                        "-m",
                        model.toString(),
                        "-p",
                        "1",
                        "-n",
                        "0",
                        "-r",
                        "1",
                        "-o",
                        "json");
        JsonNode first = child.json().path(0);
        return "b%s, commit %s"
                .formatted(
                        first.path("build_number").asText(), first.path("build_commit").asText());
    }
}
