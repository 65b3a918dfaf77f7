package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class CorpusTest {
    @TempDir private Path folder;

    @Test
    void aFolderIsReadInTheOrderOfItsNames() throws IOException {
        write("b.txt", "second", UTF_8);
        write("a.md", "first", UTF_8);
        Files.createDirectory(folder.resolve("inner"));
        write("inner/c.jsonl", "{\"text\": \"third\"}\n\n{\"text\": \"fourth\"}\n", UTF_8);
        write("d.bin", "not text", UTF_8);
        assertThat(documents(Corpus.of(List.of(folder), false)))
                .containsExactly("first", "second", "third", "fourth");
    }

    @Test
    void aLongFileComesInPiecesThatEndBetweenWords() throws IOException {
        String text = "some wörds 🚀 ".repeat(300_000);
        write("long.txt", "\uFEFF" + text, UTF_8);
        List<String> pieces = new ArrayList<>();
        Corpus.of(List.of(folder.resolve("long.txt")), false)
                .read(
                        new Corpus.Reader() {
                            @Override
                            public void text(String piece) {
                                pieces.add(piece);
                            }

                            @Override
                            public void end() {}
                        },
                        bytes -> {});
        assertThat(pieces).hasSizeGreaterThan(3);
        assertThat(String.join("", pieces)).isEqualTo(text);
        assertThat(pieces.subList(1, pieces.size())).allMatch(p -> p.startsWith(" "));
    }

    @Test
    void aLineWithoutEndIsCutBetweenCharacters() throws IOException {
        String text = "🚀".repeat(700_000);
        write("line.txt", text, UTF_8);
        assertThat(documents(Corpus.of(List.of(folder.resolve("line.txt")), false)))
                .containsExactly(text);
    }

    @Test
    void anotherEncodingIsAnErrorThatSaysWhere() throws IOException {
        write("latin.txt", "caf\u00e9 au lait", ISO_8859_1);
        assertThatThrownBy(() -> documents(Corpus.of(List.of(folder), false)))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("latin.txt")
                .hasMessageContaining("byte 3 is 0xE9");
        Files.delete(folder.resolve("latin.txt"));
        write("wide.txt", "text", UTF_16);
        assertThatThrownBy(() -> documents(Corpus.of(List.of(folder), false)))
                .hasMessageContaining("UTF-16");
    }

    @Test
    void halfACharacterAtTheEndIsAnError() throws IOException {
        Files.write(folder.resolve("cut.txt"), new byte[] {'a', (byte) 0xE2, (byte) 0x82});
        assertThatThrownBy(() -> documents(Corpus.of(List.of(folder), false)))
                .hasMessageContaining("byte 1 is 0xE2");
    }

    @Test
    void aBrokenLineIsNamedOrPassedOver() throws IOException {
        write("l.jsonl", "{\"text\": \"a\"}\n{\"text\": \n{\"texts\": 1}\n{\"text\":\"b\"}", UTF_8);
        assertThatThrownBy(() -> documents(Corpus.of(List.of(folder), false)))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("l.jsonl")
                .hasMessageContaining("line 2")
                .hasMessageContaining("--skip-bad");
        Corpus corpus = Corpus.of(List.of(folder), true);
        assertThat(documents(corpus)).containsExactly("a", "b");
        assertThat(corpus.skipped()).isEqualTo(2);
    }

    @Test
    void whatIsNotThereIsAnError() {
        assertThatThrownBy(() -> Corpus.of(List.of(folder.resolve("no")), false))
                .hasMessageContaining("no such file");
        assertThatThrownBy(() -> Corpus.of(List.of(folder), false))
                .hasMessageContaining("has no file that ends in");
    }

    private void write(String name, String text, Charset charset) throws IOException {
        Files.writeString(folder.resolve(name), text, charset);
    }

    private static List<String> documents(Corpus corpus) {
        List<String> documents = new ArrayList<>();
        StringBuilder document = new StringBuilder();
        corpus.read(
                new Corpus.Reader() {
                    @Override
                    public void text(String piece) {
                        document.append(piece);
                    }

                    @Override
                    public void end() {
                        documents.add(document.toString());
                        document.setLength(0);
                    }
                },
                bytes -> {});
        return documents;
    }
}
