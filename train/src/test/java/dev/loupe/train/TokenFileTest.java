package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.tokens.BpeVocabulary;
import dev.loupe.tokens.Tokenizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

class TokenFileTest {
    private static final Tokenizer BYTES = BpeVocabulary.ofBytes(List.of("<|end|>")).tokenizer();

    @TempDir private Path folder;

    @Test
    void whatIsReadIsWhatTheTokenizerGives() throws IOException {
        Files.writeString(folder.resolve("a.txt"), "abc");
        Files.writeString(folder.resolve("b.txt"), "de");
        try (TokenFile tokens = write()) {
            assertThat(tokens.size()).isEqualTo(7);
            assertThat(tokens.key()).isEqualTo(99);
            int[] ids = new int[8];
            tokens.read(0, ids, 1, 7);
            assertThat(BYTES.decode(ids[1], ids[2], ids[3])).isEqualTo("abc");
            assertThat(ids[4]).isZero();
            assertThat(BYTES.decode(ids[5], ids[6])).isEqualTo("de");
            assertThat(ids[7]).isZero();
        }
    }

    @Test
    void aDamagedFileIsRefused() throws IOException {
        Files.writeString(folder.resolve("a.txt"), "abc");
        write().close();
        Path file = folder.resolve("tokens.bin");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> TokenFile.open(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("damaged");
        Files.writeString(file, "something else altogether, of more than a header");
        assertThatThrownBy(() -> TokenFile.open(file)).hasMessageContaining("no file of tokens");
    }

    @Test
    void nothingIsLeftOfAFileThatCouldNotBeMade() throws IOException {
        Files.write(folder.resolve("a.txt"), new byte[] {'a', (byte) 0xFF});
        assertThatThrownBy(this::write).isInstanceOf(DataException.class);
        assertThat(folder.resolve("tokens.bin")).doesNotExist();
        assertThat(folder.resolve("tokens.bin.part")).doesNotExist();
    }

    private TokenFile write() {
        Corpus corpus = Corpus.of(List.of(folder), false);
        Path file = folder.resolve("tokens.bin");
        return TokenFile.write(file, corpus, BYTES, OptionalInt.of(0), 99, bytes -> {});
    }
}
