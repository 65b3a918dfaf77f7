package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Test data that is not part of the repository; a test that lacks it says so and is skipped. */
final class Outside {
    private Outside() {}

    /** A file or folder of the shared fixtures. */
    static Path fixture(String name) {
        Path shared = Path.of(System.getProperty("loupe.shared", "../../shared"));
        return present(shared.resolve("fixtures").resolve(name), "-Dloupe.shared=DIR");
    }

    /** SmolLM2-135M-Instruct in Q4_1. */
    static Path realModel() {
        Map<String, String> env = System.getenv();
        Path cached =
                Path.of(
                        System.getProperty("user.home"),
                        ".cache/loupe-test/SmolLM2-135M-Instruct.Q4_1.gguf");
        String model = env.getOrDefault("LOUPE_TEST_MODEL", cached.toString());
        return present(Path.of(model), "LOUPE_TEST_MODEL=FILE");
    }

    private static Path present(Path path, String how) {
        if (Files.notExists(path)) {
            String message = "SKIPPED: no " + path.toAbsolutePath() + " (" + how + ")";
            System.err.println(message);
            assertThat(System.getenv("CI")).as(message).isNotEqualTo("true");
            abort(message);
        }
        return path;
    }
}
