package dev.loupe.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

class PairMergerTest {
    @Test
    void longPiecesMergeAsTheDefinitionSays() {
        int ascending = 0;
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            Merges merges = randomMerges(random, seed % 2 == 0);
            ascending += merges.ascending() ? 1 : 0;
            PairMerger merger = new PairMerger(merges);
            for (int length : new int[] {1, 2, 39, 40, 41, 42, 300}) {
                List<Integer> symbols = new ArrayList<>();
                merger.clear(0);
                for (int i = 0; i < length; i++) {
                    int symbol = random.nextInt(4);
                    symbols.add(symbol);
                    merger.add(symbol, 1);
                }
                merger.merge();
                assertThat(java.util.Arrays.copyOf(merger.symbols, merger.count))
                        .as("seed %d, length %d", seed, length)
                        .isEqualTo(byDefinition(merges, symbols));
                int total = 0;
                for (int i = 0; i < merger.count; i++) {
                    total += merger.lengths[i];
                }
                assertThat(total).isEqualTo(length);
            }
        }
        assertThat(ascending).as("both ways for long pieces were taken").isBetween(1, 59);
    }

    @Test
    void longPiecesMayBeCutWhereNoMergeReachesOver() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            List<String> texts = new ArrayList<>();
            for (char c = 'a'; c <= 'l'; c++) {
                texts.add(String.valueOf(c));
            }
            Merges merges = randomMerges(random, seed % 2 == 0, texts);
            Vocabulary vocabulary = vocabulary(texts);
            StringBuilder text = new StringBuilder();
            List<Integer> symbols = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                symbols.add(random.nextInt(12));
                text.append(texts.get(symbols.getLast()));
            }
            int[] expected = byDefinition(merges, symbols);
            for (Alphabet alphabet : Alphabet.values()) {
                Encoding found =
                        new BpeTokenizerBuilder(vocabulary, merges, alphabet)
                                .build()
                                .encode(text.toString(), EncodeOptions.PLAIN);
                assertThat(found.ids()).as("seed %d, %s", seed, alphabet).isEqualTo(expected);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(text.substring(found.starts()[i], found.ends()[i]))
                            .isEqualTo(texts.get(expected[i]));
                }
            }
        }
    }

    @Test
    void costGrowsWithTheLengthOnly() {
        for (boolean ascending : new boolean[] {true, false}) {
            Merges merges = lettersOnly(ascending);
            assertThat(merges.ascending()).isEqualTo(ascending);
            PairMerger merger = new PairMerger(merges);
            for (int i = 0; i < 1 << 20; i++) {
                merger.add(0, 1);
            }
            merger.merge();
            assertThat(merger.lookups).isLessThan(12L << 20);
        }
    }

    @Test
    void equalScoresMergeFromTheLeft() {
        Vocabulary vocabulary = vocabulary(List.of("a", "aa", "aaa"));
        Merges merges = Merges.byScore(vocabulary, new float[] {0, -1, -1});
        PairMerger merger = new PairMerger(merges);
        for (int i = 0; i < 5; i++) {
            merger.add(0, 1);
        }
        merger.merge();
        assertThat(java.util.Arrays.copyOf(merger.symbols, merger.count)).containsExactly(2, 1);
    }

    /** Runs of 1 to 16 spaces, as in Llama's vocabulary, and some others with scores to share. */
    @Test
    void longPiecesOfEqualScoresMergeAsTheDefinitionSays() {
        List<String> texts = new ArrayList<>(List.of("a", "b"));
        for (int n = 2; n <= 16; n++) {
            texts.add("a".repeat(n));
        }
        texts.addAll(List.of("ab", "ba", "bab", "abab", "bb", "baa"));
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            float[] scores = new float[texts.size()];
            for (int id = 0; id < scores.length; id++) {
                scores[id] = seed == 0 ? 1 : random.nextInt(3);
            }
            Merges merges = Merges.byScore(vocabulary(texts), scores);
            PairMerger merger = new PairMerger(merges);
            List<Integer> symbols = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                int symbol = random.nextInt(5) / 4;
                symbols.add(symbol);
                merger.add(symbol, 1);
            }
            merger.merge();
            assertThat(java.util.Arrays.copyOf(merger.symbols, merger.count))
                    .as("seed %d", seed)
                    .isEqualTo(byDefinition(merges, symbols));
        }
    }

    @Test
    void aMillionSpacesOfEqualScoresCostNoMoreThanOthers() {
        List<String> texts = new ArrayList<>();
        for (int n = 1; n <= 16; n++) {
            texts.add("a".repeat(n));
        }
        Merges merges = Merges.byScore(vocabulary(texts), new float[16]);
        PairMerger merger = new PairMerger(merges);
        for (int i = 0; i < 1 << 20; i++) {
            merger.add(0, 1);
        }
        merger.merge();
        assertThat(merger.count).isEqualTo(1 << 16);
        assertThat(merger.lookups).isLessThan(4L << 20);
    }

    @Test
    void wrongMergesAndScoresAreRefused() {
        Vocabulary vocabulary = vocabulary(List.of("a", "b", "ab"));
        assertThatThrownBy(() -> Merges.ofPairs(vocabulary, List.of("a", "c")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("merge 0")
                .hasMessageContaining("'c'");
        assertThatThrownBy(() -> Merges.ofPairs(vocabulary, List.of("b", "a")))
                .hasMessageContaining("'ba'");
        assertThatThrownBy(() -> Merges.byScore(vocabulary, new float[] {0, Float.NaN, 0}))
                .hasMessageContaining("token 1");
        assertThatThrownBy(() -> Merges.byScore(vocabulary, new float[2]))
                .hasMessageContaining("2 scores for 3 tokens");
        assertThatThrownBy(() -> vocabulary(List.of("a", "a")))
                .hasMessageContaining("tokens 0 and 1 are both 'a'");
    }

    private static Merges lettersOnly(boolean ascending) {
        List<String> texts = new ArrayList<>();
        List<String> pairs = new ArrayList<>();
        for (int power = 0; power < 8; power++) {
            texts.add("a".repeat(1 << power));
            if (power > 0) {
                String half = "a".repeat(1 << (power - 1));
                pairs.addAll(ascending ? pairs.size() : 0, List.of(half, half));
            }
        }
        return Merges.ofPairs(vocabulary(texts), pairs);
    }

    private static Merges randomMerges(Random random, boolean inOrder) {
        return randomMerges(random, inOrder, new ArrayList<>(List.of("a", "b", "c", "d")));
    }

    /** Adds to the texts what the merges make. */
    private static Merges randomMerges(Random random, boolean inOrder, List<String> texts) {
        List<String[]> pairs = new ArrayList<>();
        while (pairs.size() < 30) {
            String left = texts.get(random.nextInt(texts.size()));
            String right = texts.get(random.nextInt(texts.size()));
            if (!texts.contains(left + right)) {
                texts.add(left + right);
                pairs.add(new String[] {left, right});
            }
        }
        if (!inOrder) {
            Collections.shuffle(pairs, random);
        }
        return Merges.ofPairs(
                vocabulary(texts), pairs.stream().flatMap(java.util.Arrays::stream).toList());
    }

    private static Vocabulary vocabulary(List<String> texts) {
        return new Vocabulary(texts, Collections.nCopies(texts.size(), TokenKind.NORMAL));
    }

    private static int[] byDefinition(Merges merges, List<Integer> symbols) {
        while (true) {
            int best = -1;
            int bestPair = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                int pair = merges.find(symbols.get(i), symbols.get(i + 1));
                if (pair >= 0 && (best < 0 || merges.rank(pair) < merges.rank(bestPair))) {
                    best = i;
                    bestPair = pair;
                }
            }
            if (best < 0) {
                return symbols.stream().mapToInt(Integer::intValue).toArray();
            }
            symbols.set(best, merges.result(bestPair));
            symbols.subList(best + 1, best + 2).clear();
        }
    }
}
