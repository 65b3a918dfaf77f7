package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What can be asked of a model, and what looking in does to the numbers: nothing. */
class GptTest {
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 35};

    private final Processor processor = Processor.of(2);
    private final Gpt gpt = TinyGpt.of(1, processor.threads());

    @AfterEach
    void close() {
        processor.close();
    }

    private static Batch.Part prompt(KvCache cache, int... ids) {
        return new Batch.Part(cache, false, ids);
    }

    private KvCache cache() {
        return new KvCache(gpt.config());
    }

    private float[] logits(Taps taps, Batch batch) {
        Tensor logits = gpt.logits(new Inference(processor, taps), batch, batch.allRows());
        return logits.copy().data();
    }

    private float[] plain(int... ids) {
        return logits(Taps.NONE, new Batch(prompt(cache(), ids)));
    }

    @Test
    void watchingEverythingChangesNoBitAndSeesEverySiteInEveryLayer() {
        List<String> seen = new ArrayList<>();
        Taps all =
                new Taps() {
                    @Override
                    public boolean wants(Site site, int layer) {
                        return true;
                    }

                    @Override
                    public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                        for (int r = 0; r < x.rows(); r++) {
                            for (int c = 0; c < x.cols(); c++) {
                                assertThat(x.at(r, c)).as("%s %d", site, layer).isNotNaN();
                            }
                        }
                        seen.add(site + " " + layer);
                        return x;
                    }
                };
        assertThat(logits(all, new Batch(prompt(cache(), IDS)))).isEqualTo(plain(IDS));
        assertThat(seen).doesNotHaveDuplicates();
        for (Site site : Site.values()) {
            boolean outside = site == Site.EMBED || site == Site.FINAL;
            // this model has no table of positions
            int times = site == Site.POS_EMBED ? 0 : outside ? 1 : 2;
            assertThat(seen.stream().filter(s -> s.startsWith(site + " "))).hasSize(times);
        }
    }

    /** A tap at one site of block 0 (or outside of the blocks). */
    private record At(Site site, Change change) implements Taps {
        interface Change {
            Tensor of(Tensor x);
        }

        @Override
        public boolean wants(Site site, int layer) {
            return site == this.site && layer == 0;
        }

        @Override
        public Tensor at(Site site, int layer, Tensor x, Ops ops) {
            return change.of(x);
        }
    }

    private static Tensor scaled(Tensor x, float by) {
        Tensor y = x.copy();
        for (int i = 0; i < y.data().length; i++) {
            y.data()[i] *= by;
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "POS_EMBED")
    void anotherTensorIsWhatGoesOn(Site site) {
        float[] changed = logits(new At(site, x -> scaled(x, 2)), new Batch(prompt(cache(), IDS)));
        assertThat(Arrays.mismatch(changed, plain(IDS))).isNotNegative();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "POS_EMBED")
    void aCopyThatIsTheSameChangesNoBit(Site site) {
        float[] found = logits(new At(site, Tensor::copy), new Batch(prompt(cache(), IDS)));
        assertThat(found).isEqualTo(plain(IDS));
    }

    private static final int HEADS = 4;
    private static final int HEAD_DIM = 8;

    /** Has head 2 of row 7 in block 0 look at position 0 and nowhere else. */
    private static At lookingAtTheFirst(Site site) {
        return new At(
                site,
                x -> {
                    Tensor y = x.copy();
                    int keys = y.cols() / HEADS;
                    int from = y.row(7) + 2 * keys;
                    boolean scores = site == Site.SCORES;
                    float nothing = scores ? Float.NEGATIVE_INFINITY : 0;
                    Arrays.fill(y.data(), from + 1, from + keys, nothing);
                    y.data()[from] = scores ? y.data()[from] : 1;
                    return y;
                });
    }

    /** What is at a site of block 0 behind a tap. */
    private Tensor seen(Site site, Taps first) {
        List<Tensor> seen = new ArrayList<>();
        Taps capture =
                new At(
                        site,
                        x -> {
                            seen.add(x.copy());
                            return x;
                        });
        logits(first.then(capture), new Batch(prompt(cache(), IDS)));
        return seen.getFirst();
    }

    private static float[] head(Tensor x, int row, int head) {
        int from = x.row(row) + head * HEAD_DIM;
        return Arrays.copyOfRange(x.data(), from, from + HEAD_DIM);
    }

    @ParameterizedTest
    @EnumSource(names = {"SCORES", "PATTERN"})
    void anEditedHeadIsMixedAnewAndLeavesTheBitsOfAllOthers(Site site) {
        Tensor z = seen(Site.Z, Taps.NONE);
        Tensor edited = seen(Site.Z, lookingAtTheFirst(site));
        for (int row = 0; row < IDS.length; row++) {
            for (int head = 0; head < HEADS; head++) {
                if (row != 7 || head != 2) {
                    assertThat(head(edited, row, head)).isEqualTo(head(z, row, head));
                }
            }
        }
        // heads 2 and 3 share the second head of values
        float[] value = head(seen(Site.V, Taps.NONE), 0, 1);
        assertThat(head(edited, 7, 2)).isEqualTo(value).isNotEqualTo(head(z, 7, 2));
    }

    @ParameterizedTest
    @EnumSource(names = {"SCORES", "PATTERN"})
    void anEditLeavesTheBitsOfEarlierTokensAndOfOtherSequences(Site site) {
        Batch batch = new Batch(prompt(cache(), IDS), prompt(cache(), 7, 8, 9));
        float[] found = logits(lookingAtTheFirst(site), batch);
        int edited = 7 * TinyGpt.VOCAB;
        int other = IDS.length * TinyGpt.VOCAB;
        float[] plain = plain(IDS);
        assertThat(Arrays.mismatch(found, plain)).isBetween(edited, edited + TinyGpt.VOCAB - 1);
        assertThat(Arrays.copyOfRange(found, other, found.length)).isEqualTo(plain(7, 8, 9));
    }

    @Test
    void aTensorOfAnotherShapeIsRefused() {
        Taps shorter = new At(Site.Z, x -> x.rows(0, 3));
        assertThatThrownBy(() -> logits(shorter, new Batch(prompt(cache(), IDS))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "tap at Z of block 0: found [3, 32] with 0 generated rows, expected [10,"
                                + " 32] with 0");
        // the role of a token decides its arithmetic, and must not be lost
        Taps promoted = new At(Site.Z, x -> Tensor.of(x.rows(), x.cols(), 1));
        assertThatThrownBy(() -> logits(promoted, new Batch(prompt(cache(), IDS))))
                .hasMessageContaining("with 1 generated rows, expected [10, 32] with 0");
    }

    @Test
    void doublingTheLastStreamDoublesLogits() {
        float[] expected = plain(IDS);
        float[] found =
                logits(new At(Site.FINAL, x -> scaled(x, 2)), new Batch(prompt(cache(), IDS)));
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isEqualTo(2 * expected[i]);
        }
    }

    @Test
    void chainedTapsSeeWhatTheFirstOneMade() {
        float[] expected = plain(IDS);
        Taps twice =
                new At(Site.FINAL, x -> scaled(x, 2)).then(new At(Site.FINAL, x -> scaled(x, 4)));
        float[] found = logits(twice, new Batch(prompt(cache(), IDS)));
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isEqualTo(8 * expected[i]);
        }
    }

    @Test
    void afterTruncationASequenceGoesOnLikeAFreshOne() {
        KvCache cache = cache();
        logits(Taps.NONE, new Batch(prompt(cache, IDS)));
        cache.truncate(4);
        assertThat(cache.length()).isEqualTo(4);
        float[] found = logits(Taps.NONE, new Batch(prompt(cache, 30, 31, 32)));
        float[] fresh = plain(3, 1, 4, 1, 30, 31, 32);
        assertThat(found)
                .isEqualTo(Arrays.copyOfRange(fresh, 4 * TinyGpt.VOCAB, 7 * TinyGpt.VOCAB));
        assertThatThrownBy(() -> cache.truncate(8)).hasMessage("length: found 8, expected 0 to 7");
        assertThatThrownBy(() -> cache.truncate(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void generatedPartsStandFirstAndOthersKeepTheirOrder() {
        Batch.Part a = prompt(cache(), 1, 2, 3);
        Batch.Part b = new Batch.Part(cache(), true, 4);
        Batch.Part c = prompt(cache(), 5, 6);
        Batch.Part d = new Batch.Part(cache(), true, 7);
        Batch batch = new Batch(a, b, c, d);
        assertThat(batch.parts()).containsExactly(b, d, a, c);
        assertThat(batch.ids()).containsExactly(4, 7, 1, 2, 3, 5, 6);
        assertThat(batch.positions()).containsExactly(0, 0, 0, 1, 2, 0, 1);
        assertThat(batch.generated()).isEqualTo(2);
        assertThat(batch.start(3)).isEqualTo(5);
        assertThat(batch.lastRows()).containsExactly(0, 1, 4, 6);
    }

    @Test
    void positionsGoOnWhereTheCacheEnds() {
        KvCache cache = cache();
        logits(Taps.NONE, new Batch(prompt(cache, 1, 2, 3)));
        assertThat(cache.length()).isEqualTo(3);
        assertThat(new Batch(prompt(cache, 7, 8)).positions()).containsExactly(3, 4);
    }

    @Test
    void oneSequenceHasOnePartOfABatch() {
        KvCache cache = cache();
        assertThatThrownBy(() -> new Batch(prompt(cache, 1), prompt(cache, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("twice");
    }

    @Test
    void idsAndPositionsThatTheModelHasNotAreRefused() {
        assertThatThrownBy(() -> plain(3, 40)).hasMessage("token id: found 40, expected 0 to 39");
        assertThatThrownBy(() -> plain(-1)).hasMessage("token id: found -1, expected 0 to 39");
        assertThat(plain(new int[48])).hasSize(48 * 40);
        assertThatThrownBy(() -> plain(new int[49]))
                .hasMessage("position: found 48, expected less than the context of 48");
        assertThatThrownBy(() -> prompt(cache())).hasMessage("a part has no tokens");
    }

    @Test
    void aRefusedBatchLeavesTheCacheAsItWas() {
        KvCache cache = cache();
        logits(Taps.NONE, new Batch(prompt(cache, 3, 1)));
        assertThatThrownBy(() -> logits(Taps.NONE, new Batch(prompt(cache, 4, 99))));
        assertThat(cache.length()).isEqualTo(2);
        float[] fresh = plain(3, 1, 4);
        assertThat(logits(Taps.NONE, new Batch(prompt(cache, 4))))
                .isEqualTo(Arrays.copyOfRange(fresh, 80, 120));
    }
}
