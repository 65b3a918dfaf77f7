package dev.loupe.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

class TextsTest {
    private static final List<String> SOME = List.of("", "a", "ß", "▁the", "😀", " x y", "\uFFFD");

    @Test
    void givesTheTextsBack() {
        Texts texts = Texts.of(SOME);
        assertThat(texts).isEqualTo(SOME);
        assertThat(Texts.of(texts)).isSameAs(texts);
        assertThat(texts.length(3)).isEqualTo(6);
        assertThat(texts.indexOf(5, ' ', 1)).isEqualTo(2);
        assertThat(texts.indexOf(5, 'z', 0)).isEqualTo(-1);
    }

    @Test
    void cutsEachInTwo() {
        Texts halves = Texts.of(List.of("a bc", "  d", "ä  ")).halves(new int[] {1, 1, 2});
        assertThat(halves).containsExactly("a", "bc", " ", "d", "ä", " ");
    }

    @Test
    void findsWholeTextsAndTwoPartsOfOne() {
        List<String> words = new ArrayList<>();
        Random random = new Random(1);
        for (int i = 0; i < 5000; i++) {
            words.add(Integer.toString(i, 7) + "é".repeat(random.nextInt(3)));
        }
        Vocabulary vocabulary =
                new Vocabulary(words, Collections.nCopies(words.size(), TokenKind.NORMAL));
        for (int id = 0; id < words.size(); id++) {
            byte[] of = ("<" + words.get(id) + ">").getBytes(StandardCharsets.UTF_8);
            int to = of.length - 1;
            assertThat(vocabulary.ids().find(of, 1, to)).isEqualTo(id);
            for (int cut = 1; cut <= to; cut++) {
                assertThat(vocabulary.ids().find(of, 1, cut, cut, to)).isEqualTo(id);
            }
            assertThat(vocabulary.ids().find(of, 0, to)).isEqualTo(-1);
        }
    }

    @Test
    void halfASurrogatePairIsNoToken() {
        Vocabulary vocabulary =
                new Vocabulary(List.of("?", "😀"), Collections.nCopies(2, TokenKind.NORMAL));
        assertThat(vocabulary.find("?")).isEqualTo(0);
        assertThat(vocabulary.find("😀")).isEqualTo(1);
        assertThat(vocabulary.find("\uD83D")).isEqualTo(-1);
        assertThat(Merges.byScore(vocabulary, new float[2]).results()).isEmpty();
    }

    @Test
    void readsCharacters() {
        String text = "aß▁😀z";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int at = 0;
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            assertThat(Utf8.at(bytes, at, bytes.length)).isEqualTo(text.codePointAt(i));
            at = Utf8.after(bytes, at, bytes.length);
            assertThat(Utf8.before(bytes, 0, at)).isEqualTo(text.codePointAt(i));
        }
        assertThat(at).isEqualTo(bytes.length);
    }

    @Test
    void takesBytesThatAreNoUtf8OneByOne() {
        Random random = new Random(2);
        for (int n = 0; n < 20_000; n++) {
            byte[] bytes = new byte[1 + random.nextInt(6)];
            random.nextBytes(bytes);
            int at = 0;
            while (at < bytes.length) {
                int after = Utf8.after(bytes, at, bytes.length);
                assertThat(after).isGreaterThan(at).isLessThanOrEqualTo(bytes.length);
                assertThat(Utf8.at(bytes, at, bytes.length)).isBetween(0, 0x1FFFFF);
                at = after;
            }
            assertThat(Utf8.startOfLast(bytes, 0, bytes.length)).isBetween(0, bytes.length - 1);
        }
    }
}
