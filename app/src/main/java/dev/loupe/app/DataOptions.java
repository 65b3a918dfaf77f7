package dev.loupe.app;

import dev.loupe.train.Corpus;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which text to learn from. */
final class DataOptions {
    @Parameters(
            arity = "1..*",
            paramLabel = "DATA",
            description =
                    "Files of UTF-8 text, .jsonl files with a {\"text\"} a line, or folders of"
                            + " .txt, .text, .md and .jsonl files.")
    private List<Path> data = new ArrayList<>();

    @Option(
            names = "--skip-bad",
            description = "Pass over lines of .jsonl files that cannot be read, and count them.")
    private boolean skipBad;

    Corpus corpus() {
        return Corpus.of(data, skipBad);
    }

    void warnOfSkipped(Corpus corpus) {
        if (corpus.skipped() > 0) {
            System.err.println("loupe: passed over " + corpus.skipped() + " lines");
        }
    }
}
