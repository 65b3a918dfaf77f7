package dev.loupe.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;

class BpeTrainerTest {
    private static final List<String> END = List.of("<|endoftext|>");

    @Test
    void theMostFrequentNeighboursBecomeOneFirst() {
        BpeVocabulary vocabulary = train(261, "abab abc", "ab");
        // ab: 4 times; then Ġ with ab, where it stands in front of one piece
        assertThat(vocabulary.merges()).startsWith("a", "b");
        assertThat(vocabulary.tokens()).hasSizeLessThanOrEqualTo(261).contains("ab");
    }

    @Test
    void whatIsAsFrequentGoesByTheSmallerIds() {
        BpeVocabulary vocabulary = train(260, "zy", "zy", "bc", "bc", "ba", "ba");
        assertThat(vocabulary.merges()).containsExactly("b", "a", "b", "c", "z", "y");
    }

    @Test
    void aRunOfOneCharacterMergesFromTheLeft() {
        BpeVocabulary vocabulary = train(258, "aaa", "aaa");
        assertThat(vocabulary.merges()).containsExactly("a", "a");
        BpeTokenizer tokenizer = vocabulary.tokenizer();
        int aa = tokenizer.idOf("aa").orElseThrow();
        int a = tokenizer.idOf("a").orElseThrow();
        assertThat(tokenizer.encode("aaa")).containsExactly(aa, a);
    }

    @Test
    void theOrderOfTextsDoesNotMatter() {
        List<String> texts = new ArrayList<>();
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            texts.add("w" + random.nextInt(40) + " of " + random.nextInt(1000) + "\n");
        }
        BpeVocabulary one = train(400, texts.toArray(String[]::new));
        BpeVocabulary other = train(400, texts.reversed().toArray(String[]::new));
        assertThat(other).isEqualTo(one);
    }

    @Test
    void everyCountIsWhatAFullRecountGives() {
        Random random = new Random(3);
        for (int round = 0; round < 30; round++) {
            String[] texts = new String[20];
            for (int i = 0; i < texts.length; i++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(12); n >= 0; n--) {
                    text.append((char) ('a' + random.nextInt(3)));
                }
                texts[i] = text.toString();
            }
            assertThat(train(257 + 20, texts).merges())
                    .as(Arrays.toString(texts))
                    .isEqualTo(slowMerges(20, texts));
        }
    }

    /** Counts all pairs anew before each merge. */
    private static List<String> slowMerges(int most, String... texts) {
        List<List<String>> pieces = new ArrayList<>();
        for (String text : texts) {
            pieces.add(new ArrayList<>(List.of(text.split(""))));
        }
        List<String> ids = new ArrayList<>(train(257, "x").tokens());
        List<String> merges = new ArrayList<>();
        while (ids.size() < 257 + most) {
            String[] best = best(pieces, ids);
            if (best.length == 0) {
                return merges;
            }
            boolean known = false;
            for (int i = 0; i < merges.size(); i += 2) {
                known |= merges.get(i).equals(best[0]) && merges.get(i + 1).equals(best[1]);
            }
            if (!known) {
                merges.addAll(List.of(best));
            }
            if (!ids.contains(best[0] + best[1])) {
                ids.add(best[0] + best[1]);
            }
            for (List<String> piece : pieces) {
                for (int i = 0; i + 1 < piece.size(); i++) {
                    if (piece.get(i).equals(best[0]) && piece.get(i + 1).equals(best[1])) {
                        piece.set(i, best[0] + best[1]);
                        piece.remove(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    private static String[] best(List<List<String>> pieces, List<String> ids) {
        long most = 1;
        String[] best = {};
        for (String left : ids) {
            for (String right : ids) {
                if (left.length() + right.length() > 12) {
                    continue;
                }
                long count = 0;
                for (List<String> piece : pieces) {
                    for (int i = 0; i + 1 < piece.size(); i++) {
                        if (piece.get(i).equals(left) && piece.get(i + 1).equals(right)) {
                            count++;
                        }
                    }
                }
                if (count > most) {
                    most = count;
                    best = new String[] {left, right};
                }
            }
        }
        return best;
    }

    @Test
    void aVocabularyWithoutRoomForTheBytesIsRefused() {
        assertThatThrownBy(() -> train(200, "abc"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("200")
                .hasMessageContaining("257");
    }

    @Test
    void charactersAreTokensOfTheirOwn() {
        String text = "héllo 東京 🚀";
        BpeVocabulary vocabulary =
                BpeVocabulary.ofCharacters(
                        Set.copyOf(text.codePoints().boxed().toList()), List.of());
        BpeTokenizer tokenizer = vocabulary.tokenizer();
        assertThat(tokenizer.encode(text)).hasSize(text.codePointCount(0, text.length()));
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        assertThat(BpeVocabulary.ofCharacters(Set.of((int) 'b', (int) 'a', 10), END).tokens())
                .containsExactly("<|endoftext|>", "Ċ", "a", "b");
    }

    @Test
    void bytesAreAVocabularyForAnyText() {
        BpeTokenizer tokenizer = BpeVocabulary.ofBytes(END).tokenizer();
        assertThat(tokenizer.vocabSize()).isEqualTo(257);
        assertThat(tokenizer.decode(tokenizer.encode("tél 🚀"))).isEqualTo("tél 🚀");
        assertThat(tokenizer.endOfGeneration()).containsExactly(0);
    }

    private static BpeVocabulary train(int vocabSize, String... texts) {
        BpeTrainer trainer = new BpeTrainer();
        for (String text : texts) {
            trainer.count(text);
        }
        return trainer.train(vocabSize, END, 2, n -> {});
    }
}
