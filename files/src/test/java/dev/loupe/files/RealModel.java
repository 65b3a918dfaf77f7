package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** SmolLM2-135M-Instruct as Q4_1, which is too large for the repository. */
final class RealModel {
    private static final String NAME = "SmolLM2-135M-Instruct.Q4_1.gguf";

    private RealModel() {}

    static Path path() {
        String named = System.getenv("LOUPE_TEST_MODEL");
        Path path =
                named != null
                        ? Path.of(named)
                        : Path.of(System.getProperty("user.home"), ".cache/loupe-test", NAME);
        boolean there = Files.isRegularFile(path);
        if (!there) {
            String message = "SKIPPED: no model at " + path + "; set LOUPE_TEST_MODEL to " + NAME;
            System.err.println(message);
            assertThat(System.getenv("CI")).as(message).isNotEqualTo("true");
        }
        assumeTrue(there);
        return path;
    }
}
