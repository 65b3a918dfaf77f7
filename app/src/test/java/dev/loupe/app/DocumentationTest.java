package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the documentation says of the source and of itself is true. */
class DocumentationTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
    private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(files(ROOT.resolve("docs"), ".md"));
        for (String name : List.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md")) {
            pages.add(ROOT.resolve(name));
        }
        return pages;
    }

    private static String unindented(String code) {
        return code.lines().map(String::strip).collect(Collectors.joining("\n"));
    }

    @Test
    void everyLinkLeadsToAFile() throws IOException {
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                if (!link.group(1).contains("://")) {
                    assertThat(page.resolveSibling(link.group(1))).as("in %s", page).exists();
                }
            }
        }
    }

    @Test
    void everyPageIsInTheIndex() throws IOException {
        String index = Files.readString(ROOT.resolve("docs/README.md"));
        for (Path page : files(ROOT.resolve("docs"), ".md")) {
            String name = ROOT.resolve("docs").relativize(page).toString();
            if (!name.equals("README.md")) {
                assertThat(index).contains("(" + name + ")");
            }
        }
    }

    @Test
    void codeOnConceptPagesIsThatOfTheSource() throws IOException {
        StringBuilder source = new StringBuilder();
        for (Path file : files(ROOT.resolve("model/src/main"), ".java")) {
            source.append(unindented(Files.readString(file))).append('\n');
        }
        int quotes = 0;
        for (Path page : files(ROOT.resolve("docs/concepts"), ".md")) {
            Matcher block = JAVA.matcher(Files.readString(page));
            while (block.find()) {
                assertThat(source.toString())
                        .as("in %s", page)
                        .contains(unindented(block.group(1)));
                quotes++;
            }
        }
        assertThat(quotes).isPositive();
    }

    @Test
    void theReadmeIsShort() throws IOException {
        assertThat(Files.readAllLines(ROOT.resolve("README.md"))).hasSizeLessThanOrEqualTo(150);
    }
}
