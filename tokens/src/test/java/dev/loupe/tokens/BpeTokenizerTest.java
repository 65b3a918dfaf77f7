package dev.loupe.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

class BpeTokenizerTest {
    private static final EncodeOptions PARSED = EncodeOptions.TEMPLATE;

    @Test
    void textOfAUserNeverBecomesAControlToken() {
        BpeTokenizer tokenizer = bytes(List.of("<|end|>", "<|", "end", "|>"), "<|end|>").build();
        int control = tokenizer.idOf("<|end|>").orElseThrow();
        assertThat(tokenizer.encode("a<|end|>")).doesNotContain(control);
        assertThat(tokenizer.encode("a<|end|>", PARSED).ids()).endsWith(control);
        assertThat(tokenizer.bytes(control)).isEmpty();
        assertThat(tokenizer.text(control)).isEqualTo("<|end|>");
        assertThat(tokenizer.control(control)).isTrue();
    }

    @Test
    void noMergeMakesAControlToken() {
        Vocabulary vocabulary =
                new Vocabulary(
                        List.of("a", "b", "ab"),
                        List.of(TokenKind.NORMAL, TokenKind.NORMAL, TokenKind.CONTROL));
        Merges merges = Merges.ofPairs(vocabulary, List.of("a", "b"));
        BpeTokenizer tokenizer =
                new BpeTokenizerBuilder(vocabulary, merges, Alphabet.BYTES)
                        .whole(WholePieces.ALWAYS)
                        .build();
        assertThat(tokenizer.encode("ab")).containsExactly(0, 1);
    }

    @Test
    void decodingGivesWholeCharactersOnly() {
        BpeTokenizer tokenizer = bytes(List.of()).build();
        Decoder decoder = tokenizer.decoder();
        StringBuilder text = new StringBuilder();
        for (int id : tokenizer.encode("a\u00e9\u6771\ud83d\udc69")) {
            String piece = decoder.push(id);
            assertThat(piece).doesNotContain("\uFFFD");
            text.append(piece);
        }
        assertThat(decoder.finish()).isEmpty();
        assertThat(text.toString()).isEqualTo("a\u00e9\u6771\ud83d\udc69");
        int[] ids = tokenizer.encode("\u6771");
        assertThat(tokenizer.decode(ids[0], ids[1])).isEqualTo("\uFFFD");
        assertThat(tokenizer.decode(ids[0], 'a' - 33)).isEqualTo("\uFFFDa");
    }

    @Test
    void halfASurrogatePairIsEncodedAsTheReplacementCharacter() {
        BpeTokenizer tokenizer = bytes(List.of()).build();
        assertThat(tokenizer.encode("a\ud83db\udc69"))
                .isEqualTo(tokenizer.encode("a\uFFFDb\uFFFD"));
    }

    @Test
    void aTokenInsideOfACharacterHasThePlaceOfTheCharacter() {
        Encoding e = bytes(List.of()).build().encode("a\ud83d\udc69b", EncodeOptions.PLAIN);
        assertThat(e.starts()).containsExactly(0, 1, 1, 1, 1, 3);
        assertThat(e.ends()).containsExactly(1, 3, 3, 3, 3, 4);
    }

    @Test
    void placesSurviveComposition() {
        BpeTokenizer tokenizer = bytes(List.of()).normalizers(List.of(new Rewriting.Nfc())).build();
        Encoding e = tokenizer.encode("xe\u0301y", EncodeOptions.PLAIN);
        assertThat(tokenizer.decode(e.ids())).isEqualTo("x\u00e9y");
        assertThat(e.starts()).containsExactly(0, 1, 1, 3);
        assertThat(e.ends()).containsExactly(1, 3, 3, 4);
    }

    @Test
    void compositionIsThatOfTheJdkHoweverManyMarksThereAre() {
        Random random = new Random(3);
        int[] points =
                "ae\u0301\u0323\u0345\u0334\u05b0\u0344\u1100\u1161\u11a8\u0958\u00c5\u09c7\u09be\u3099か\u0f73"
                        .codePoints()
                        .toArray();
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(i % 10 == 0 ? 120 : 8) + 1; n > 0; n--) {
                text.appendCodePoint(
                        points[random.nextInt(i % 20 == 0 ? points.length : i % 3 + 6)]);
            }
            AlignedText in = new AlignedText(text.toString().toCharArray(), 0, text.length());
            AlignedText out = new Rewriting.Nfc().apply(in);
            assertThat(new String(out.chars(), out.from(), out.to() - out.from()))
                    .isEqualTo(Normalizer.normalize(text, Normalizer.Form.NFC));
        }
    }

    @Test
    void idsOutsideOfTheVocabularyAreRefused() {
        BpeTokenizer tokenizer = bytes(List.of()).build();
        for (int id : new int[] {-1, tokenizer.vocabSize(), Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> tokenizer.decode(id))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("token id " + id)
                    .hasMessageContaining("0 to 255");
        }
        assertThatThrownBy(() -> bytes(List.of()).bos(256)).hasMessageContaining("BOS has id 256");
    }

    /** All bytes, then some tokens; those named as control are such. */
    private static BpeTokenizerBuilder bytes(List<String> more, String... control) {
        List<String> texts = new ArrayList<>();
        for (int b = '!'; b <= '~'; b++) {
            texts.add(String.valueOf(VisibleBytes.of(b)));
        }
        for (int b = 0; b < 256; b++) {
            if (b < '!' || b > '~') {
                texts.add(String.valueOf(VisibleBytes.of(b)));
            }
        }
        texts.addAll(more);
        List<TokenKind> kinds =
                new ArrayList<>(Collections.nCopies(texts.size(), TokenKind.NORMAL));
        List<AddedToken> added = new ArrayList<>();
        for (String text : control) {
            kinds.set(texts.indexOf(text), TokenKind.CONTROL);
            added.add(new AddedToken(texts.indexOf(text), text, true));
        }
        Vocabulary vocabulary = new Vocabulary(texts, kinds);
        return new BpeTokenizerBuilder(
                        vocabulary, Merges.ofPairs(vocabulary, List.of()), Alphabet.BYTES)
                .splitters(List.of(new Splitter.Gpt2Words()))
                .added(added);
    }
}
