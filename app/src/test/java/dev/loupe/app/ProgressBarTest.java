package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

class ProgressBarTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private ProgressBar bar(boolean watched) {
        return new ProgressBar(new PrintStream(out, true, UTF_8), watched);
    }

    @Test
    void drawsHowFarAFileIs() {
        try (ProgressBar bar = bar(true)) {
            bar.at("model.gguf", 0, 4_000_000);
            bar.at("model.gguf", 4_000_000, 4_000_000);
        }
        assertThat(out.toString(UTF_8))
                .startsWith("\rmodel.gguf  [                    ]  0 B of 4.00 MB")
                .contains("[####################]  4.00 MB of 4.00 MB")
                .endsWith(System.lineSeparator());
    }

    @Test
    void drawsNoBarWithoutATotal() {
        bar(true).at("model.gguf", 1_500, -1);
        assertThat(out.toString(UTF_8)).startsWith("\rmodel.gguf  1.50 kB");
    }

    @Test
    void drawsNothingWhereNobodyWatches() {
        try (ProgressBar bar = bar(false)) {
            bar.at("model.gguf", 1, 2);
        }
        assertThat(out.size()).isZero();
    }
}
